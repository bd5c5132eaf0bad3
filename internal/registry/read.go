package registry

import (
	"context"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/distribution/reference"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Manifest reads a manifest or an index as the registry has it. Mirrors are asked
// first. An error is a *PullError.
func (c *Client) Manifest(ctx context.Context, ref reference.Canonical) (desc ocispecs.Descriptor, data []byte, err error) {
	err = c.reading(ctx, ref, func(r remotes.Resolver, f remotes.Fetcher) error {
		if _, desc, err = r.Resolve(ctx, ref.String()); err != nil {
			return err
		}
		data, err = content.ReadBlob(ctx, verifying{f}, desc)
		return err
	})
	return desc, data, err
}

// Blob reads a small blob, such as a configuration, of an image. An error is a
// *PullError.
func (c *Client) Blob(ctx context.Context, ref reference.Canonical, desc ocispecs.Descriptor) (data []byte, err error) {
	err = c.reading(ctx, ref, func(_ remotes.Resolver, f remotes.Fetcher) error {
		data, err = content.ReadBlob(ctx, verifying{f}, desc)
		return err
	})
	return data, err
}

// reading tries read again where that may help, and explains what it returns.
func (c *Client) reading(ctx context.Context, ref reference.Canonical, read func(remotes.Resolver, remotes.Fetcher) error) error {
	d, err := c.dialogue(ctx, ref)
	if err == nil {
		err = retry(ctx, func() error {
			r := d.resolver()
			f, err := r.Fetcher(ctx, ref.String())
			if err != nil {
				return err
			}
			return read(r, f)
		})
		err = d.explain(ctx, err)
	}
	if err != nil {
		return &PullError{Ref: ref.String(), Err: err}
	}
	return nil
}
