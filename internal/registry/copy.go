package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Copy reads an image for a platform into a store, and returns its reference with
// digest and the descriptor of the platform's manifest. An error is a *PullError.
func (c *Client) Copy(ctx context.Context, ref reference.Named, platform ocispecs.Platform, store content.Store) (reference.Canonical, ocispecs.Descriptor, error) {
	var manifest ocispecs.Descriptor
	d, err := c.dialogue(ctx, ref)
	if err != nil {
		return nil, manifest, &PullError{Ref: ref.String(), Err: err}
	}
	var root ocispecs.Descriptor
	err = retry(ctx, func() error {
		r := d.resolver()
		if _, root, err = r.Resolve(ctx, ref.String()); err != nil {
			return err
		}
		fetcher, err := r.Fetcher(ctx, ref.String())
		if err != nil {
			return err
		}
		wanted := platforms.Only(platform)
		children := images.LimitManifests(images.FilterPlatforms(images.ChildrenHandler(store), wanted), wanted, 1)
		return images.Dispatch(ctx, images.Handlers(remotes.FetchHandler(store, fetcher), children), nil, root)
	})
	if err == nil {
		manifest, err = manifestOf(ctx, store, root, platform)
	}
	if err != nil {
		return nil, manifest, &PullError{Ref: ref.String(), Err: d.explain(ctx, err)}
	}
	pinned, err := reference.WithDigest(reference.TrimNamed(ref), root.Digest)
	if tagged, ok := ref.(reference.Tagged); ok && err == nil {
		withTag, tagErr := reference.WithTag(reference.TrimNamed(ref), tagged.Tag())
		if tagErr == nil {
			pinned, err = reference.WithDigest(withTag, root.Digest)
		}
	}
	return pinned, manifest, err
}

// manifestOf finds the manifest for a platform among those that an image has.
func manifestOf(ctx context.Context, store content.Provider, root ocispecs.Descriptor, platform ocispecs.Platform) (ocispecs.Descriptor, error) {
	if !images.IsIndexType(root.MediaType) {
		return root, nil
	}
	data, err := content.ReadBlob(ctx, store, root)
	if err != nil {
		return root, err
	}
	var index ocispecs.Index
	if err := json.Unmarshal(data, &index); err != nil {
		return root, fmt.Errorf("reading index %s: %w", root.Digest, err)
	}
	wanted := platforms.Only(platform)
	var best *ocispecs.Descriptor
	for i, desc := range index.Manifests {
		if desc.Platform == nil || !wanted.Match(*desc.Platform) {
			continue
		}
		if best == nil || wanted.Less(*desc.Platform, *best.Platform) {
			best = &index.Manifests[i]
		}
	}
	if best == nil {
		return root, fmt.Errorf("the image is not there for platform %s", platforms.Format(platform))
	}
	return *best, nil
}
