// Package attest says of published images where they come from and what is in them,
// as in-toto statements, and attaches those in the registry the way BuildKit and
// Docker do. Start with Attach.
package attest

import (
	"bytes"
	"encoding/json"
	"fmt"

	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// PredicateSPDX is the type of a statement that holds an SPDX document.
const PredicateSPDX = "https://spdx.dev/Document"

// Image is what statements are about: one platform's image.
type Image struct {
	Name     string // repository with its registry
	Digest   digest.Digest
	Platform ocispecs.Platform
}

// Statement is something that is said of an image.
type Statement struct {
	PredicateType string
	JSON          []byte
}

// NewStatement makes an in-toto statement out of what is said, anything that JSON can
// hold. The same gives the same bytes.
func NewStatement(img Image, predicateType string, predicate any) (Statement, error) {
	if err := img.Digest.Validate(); err != nil {
		return Statement{}, fmt.Errorf("making a statement about %s: %w", img.Name, err)
	}
	raw, err := json.Marshal(predicate)
	if err != nil {
		return Statement{}, fmt.Errorf("encoding a statement of type %s: %w", predicateType, err)
	}
	said := &structpb.Struct{}
	if err := protojson.Unmarshal(raw, said); err != nil {
		return Statement{}, fmt.Errorf("encoding a statement of type %s: %w", predicateType, err)
	}
	s := &intoto.Statement{
		Type:          intoto.StatementTypeUri,
		Subject:       []*intoto.ResourceDescriptor{{Name: img.Name, Digest: map[string]string{img.Digest.Algorithm().String(): img.Digest.Encoded()}}},
		PredicateType: predicateType,
		Predicate:     said,
	}
	if err := s.Validate(); err != nil {
		return Statement{}, fmt.Errorf("making a statement of type %s: %w", predicateType, err)
	}
	data, err := stable(s)
	return Statement{predicateType, data}, err
}

// stable encodes a message; protojson's own spaces differ from build to build.
func stable(m *intoto.Statement) ([]byte, error) {
	data, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Compact(&out, data)
	return out.Bytes(), err
}
