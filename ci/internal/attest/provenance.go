package attest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// PredicateProvenance is the type of a statement that says where an image comes from.
const PredicateProvenance = "https://slsa.dev/provenance/v1"

const (
	builderID = "https://github.com/bodkin-ci/bodkin"
	buildType = builderID + "/blob/main/docs/registries.md#attestations"
)

// Build is how an image came about. Nothing in it may be secret, or tell of the
// machine that it happened on.
type Build struct {
	Command  string // the pipeline's command
	App      string // what was built
	Platform string
	Source   string // URL of the repository, without credentials; "" where it is not known
	Commit   string // "" where the tree was not as committed
	Branch   string
	Tag      string
	Run      string            // URL of the CI's job; "" elsewhere
	Version  string            // of Bodkin
	Locks    map[string]string // SHA-256 of each lock file, in hex, by name
}

// Provenance says of an image how it came about, as SLSA has it. Times are left out:
// the same build gives the same statement.
func Provenance(img Image, b Build) (Statement, error) {
	parameters, err := structpb.NewStruct(withoutEmpty(map[string]any{
		"command": b.Command, "application": b.App, "platform": b.Platform,
		"source": b.Source, "commit": b.Commit, "branch": b.Branch, "tag": b.Tag,
	}))
	if err != nil {
		return Statement{}, fmt.Errorf("describing the build: %w", err)
	}
	p := &provenance.Provenance{
		BuildDefinition: &provenance.BuildDefinition{BuildType: buildType, ExternalParameters: parameters, ResolvedDependencies: b.dependencies()},
		RunDetails:      &provenance.RunDetails{Builder: &provenance.Builder{Id: builderID}},
	}
	if b.Version != "" {
		p.RunDetails.Builder.Version = map[string]string{"bodkin": b.Version}
	}
	if b.Run != "" {
		p.RunDetails.Metadata = &provenance.BuildMetadata{InvocationId: b.Run}
	}
	if err := p.Validate(); err != nil {
		return Statement{}, fmt.Errorf("describing the build: %w", err)
	}
	raw, err := protojson.Marshal(p)
	if err != nil {
		return Statement{}, fmt.Errorf("describing the build: %w", err)
	}
	return NewStatement(img, PredicateProvenance, json.RawMessage(raw))
}

// dependencies are the source, and the files that pin what else went into it.
func (b Build) dependencies() []*intoto.ResourceDescriptor {
	var all []*intoto.ResourceDescriptor
	if b.Source != "" && b.Commit != "" {
		all = append(all, &intoto.ResourceDescriptor{Uri: "git+" + b.Source, Digest: map[string]string{"gitCommit": b.Commit}})
	}
	for _, name := range slices.Sorted(maps.Keys(b.Locks)) {
		all = append(all, &intoto.ResourceDescriptor{Name: name, Digest: map[string]string{"sha256": b.Locks[name]}})
	}
	return all
}

func withoutEmpty(values map[string]any) map[string]any {
	for name, value := range values {
		if value == "" {
			delete(values, name)
		}
	}
	return values
}
