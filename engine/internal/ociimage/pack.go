package ociimage

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Members of an archive.
const (
	layoutFile         = ocispecs.ImageLayoutFile
	indexFile          = ocispecs.ImageIndexFile
	dockerManifestFile = "manifest.json"
	blobsDir           = ocispecs.ImageBlobsDir
)

// dockerImage is one entry of Docker's manifest.json.
type dockerImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// blobMember is where an archive keeps a blob.
func blobMember(d digest.Digest) string {
	return blobsDir + "/" + d.Algorithm().String() + "/" + d.Encoded()
}

// writeTo writes the archive: the files that say what it is first, then the
// blobs in the order of their digests.
func (a *assembly) writeTo(ctx context.Context, w io.Writer) error {
	p := &packer{ctx: ctx, tw: tar.NewWriter(w)}
	index := ocispecs.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispecs.MediaTypeImageIndex,
		Manifests: named(a.root.desc, a.names),
	}
	p.json(layoutFile, ocispecs.ImageLayout{Version: ocispecs.ImageLayoutVersion})
	p.json(indexFile, index)
	p.json(dockerManifestFile, []dockerImage{a.dockerImage()})
	p.dir(blobsDir)
	p.dir(blobsDir + "/" + digest.SHA256.String())
	for _, b := range a.blobs() {
		p.file(blobMember(b.desc.Digest), b.desc.Size, func(w io.Writer) error { return b.copyTo(ctx, w) })
	}
	if p.err == nil {
		p.err = p.tw.Close()
	}
	if p.err != nil {
		return fmt.Errorf("writing the image archive: %w", p.err)
	}
	return nil
}

// blobs lists every blob once, in the order of their digests.
func (a *assembly) blobs() []blob {
	all := []blob{a.root}
	for _, img := range a.images {
		all = append(all, img.manifest, img.config)
		all = append(all, img.layers...)
	}
	slices.SortStableFunc(all, func(a, b blob) int {
		return strings.Compare(a.desc.Digest.String(), b.desc.Digest.String())
	})
	return slices.CompactFunc(all, func(a, b blob) bool { return a.desc.Digest == b.desc.Digest })
}

// dockerImage is what readers of Docker's own format see. That format knows
// nothing of platforms, and its readers take one image only: linux/amd64 where
// there is one, else the first.
func (a *assembly) dockerImage() dockerImage {
	img := a.images[0]
	for _, candidate := range a.images {
		if p := candidate.platform; p.OS == "linux" && p.Architecture == "amd64" {
			img = candidate
			break
		}
	}
	out := dockerImage{Config: blobMember(img.config.desc.Digest), Layers: []string{}}
	for _, name := range a.names {
		out.RepoTags = append(out.RepoTags, familiar(name))
	}
	for _, l := range img.layers {
		out.Layers = append(out.Layers, blobMember(l.desc.Digest))
	}
	return out
}

// packer writes members until one fails.
type packer struct {
	ctx context.Context
	tw  *tar.Writer
	err error
}

func (p *packer) json(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("encoding %s: %w", name, err)
	}
	p.file(name, int64(len(data)), func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(data))
		return err
	})
}

func (p *packer) dir(name string) {
	p.header(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755})
}

func (p *packer) file(name string, size int64, content func(io.Writer) error) {
	p.header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size})
	if p.err == nil {
		p.err = content(p.tw)
	}
}

// header writes a member's header. Members have no time of their own: the
// archive is a function of its blobs alone.
func (p *packer) header(hdr *tar.Header) {
	if p.err == nil {
		p.err = context.Cause(p.ctx)
	}
	if p.err == nil {
		hdr.ModTime = time.Unix(0, 0)
		hdr.Format = tar.FormatPAX
		p.err = p.tw.WriteHeader(hdr)
	}
}
