package registry

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxManifest bounds a manifest's size, in bytes.
const maxManifest = 8 << 20

// PullError says what of an image could not be read from its registry, and why.
type PullError struct {
	Ref string
	Err error
}

func (e *PullError) Error() string { return fmt.Sprintf("reading image %s: %s", e.Ref, e.Err) }

func (e *PullError) Unwrap() error { return e.Err }

// Pulled is an image of one platform in a registry.
type Pulled struct {
	Ref      reference.Canonical
	Manifest ocispecs.Manifest

	dialogue *dialogue
	fetcher  remotes.Fetcher
}

// Pull reads the manifest of an image for a platform. Its layers are read when
// they are opened. Mirrors are asked first. An error is a *PullError.
func (c *Client) Pull(ctx context.Context, ref reference.Canonical, platform ocispecs.Platform) (*Pulled, error) {
	d, err := c.dialogue(ctx, ref)
	if err != nil {
		return nil, &PullError{Ref: ref.String(), Err: err}
	}
	p := &Pulled{Ref: ref, dialogue: d}
	err = retry(ctx, func() error {
		r := d.resolver()
		_, desc, err := r.Resolve(ctx, ref.String())
		if err != nil {
			return err
		}
		if p.fetcher, err = r.Fetcher(ctx, ref.String()); err != nil {
			return err
		}
		p.Manifest, err = images.Manifest(ctx, verifying{p.fetcher}, desc, platforms.Only(platform))
		return err
	})
	if err != nil {
		return nil, &PullError{Ref: ref.String(), Err: d.explain(ctx, err)}
	}
	return p, nil
}

// Open opens a layer. Whoever reads it checks its digest.
func (p *Pulled) Open(ctx context.Context, layer ocispecs.Descriptor) (r io.ReadCloser, err error) {
	err = retry(ctx, func() error {
		r, err = p.fetcher.Fetch(ctx, layer)
		return err
	})
	if err != nil {
		return nil, &PullError{Ref: p.Ref.String(), Err: p.dialogue.explain(ctx, err)}
	}
	return r, nil
}

// verifying reads manifests whole, and refuses those that are not what their
// digest says.
type verifying struct{ fetcher remotes.Fetcher }

// ReaderAt implements content.Provider.
func (v verifying) ReaderAt(ctx context.Context, desc ocispecs.Descriptor) (content.ReaderAt, error) {
	r, err := v.fetcher.Fetch(ctx, desc)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err != nil {
		return nil, fmt.Errorf("reading manifest %s: %w", desc.Digest, err)
	}
	if len(data) > maxManifest {
		return nil, fmt.Errorf("manifest %s has more than %d bytes", desc.Digest, maxManifest)
	}
	if got := desc.Digest.Algorithm().FromBytes(data); got != desc.Digest {
		return nil, fmt.Errorf("the registry sent other content than asked for: %s instead of %s", got, desc.Digest)
	}
	return inMemory{bytes.NewReader(data)}, nil
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }
