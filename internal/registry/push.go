package registry

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/pkg/labels"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// maxPushes is how many blobs are pushed side by side.
const maxPushes = 4

// Blob is something that a registry keeps by its digest.
type Blob struct {
	Descriptor ocispecs.Descriptor
	// Open opens the content from its beginning, once or more.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// From is another repository that has the blob, nil if none is known. In the
	// same registry it is taken from there, without sending it.
	From reference.Named
}

// Image is what Push publishes.
type Image struct {
	// Blobs are the layers and configurations.
	Blobs []Blob
	// Manifests are those of single platforms where there are several, then what
	// the tag names: a manifest, or an index of the others.
	Manifests []Blob
}

// Push publishes an image under a reference with a tag, and returns the
// reference with tag and digest. Blobs that the repository has already are not
// sent. What may succeed later is tried again, within bounds. An error is a
// *PushError; one about a login holds a *LoginError.
func (c *Client) Push(ctx context.Context, ref reference.NamedTagged, img Image) (string, error) {
	root := img.Manifests[len(img.Manifests)-1].Descriptor
	pinned, err := reference.WithDigest(ref, root.Digest)
	if err != nil {
		return "", err
	}
	d, err := c.dialogue(ctx, ref)
	if err != nil {
		return "", &PushError{Ref: ref.String(), Err: err}
	}
	if err := d.push(ctx, pinned, img); err != nil {
		return "", &PushError{Ref: ref.String(), Err: d.explain(ctx, err)}
	}
	return pinned.String(), nil
}

func (d *dialogue) push(ctx context.Context, pinned reference.Canonical, img Image) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(maxPushes)
	sent := map[string]bool{}
	for _, b := range img.Blobs {
		if key := b.Descriptor.Digest.String(); !sent[key] {
			sent[key] = true
			group.Go(func() error { return d.pushBlob(groupCtx, pinned, b) })
		}
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	for _, m := range img.Manifests {
		if err := d.pushBlob(ctx, pinned, m); err != nil {
			return err
		}
	}
	return nil
}

// pushBlob sends one blob or manifest, unless the repository has it.
func (d *dialogue) pushBlob(ctx context.Context, pinned reference.Canonical, b Blob) error {
	desc := b.Descriptor
	desc.Annotations = mountable(b, d.ref)
	err := retry(ctx, func() error {
		pusher, err := d.resolver().Pusher(ctx, pinned.String())
		if err != nil {
			return err
		}
		w, err := pusher.Push(ctx, desc)
		if errdefs.IsAlreadyExists(err) {
			return nil
		}
		if err != nil {
			return err
		}
		defer w.Close()
		r := &reopening{ctx: ctx, open: b.Open}
		defer r.Close()
		return content.Copy(ctx, w, r, desc.Size, desc.Digest)
	})
	if err != nil {
		return fmt.Errorf("sending %s (%d bytes): %w", desc.Digest, desc.Size, err)
	}
	return nil
}

// mountable says in containerd's terms where in the registry the blob is already.
func mountable(b Blob, target reference.Named) map[string]string {
	if b.From == nil || reference.Domain(b.From) != reference.Domain(target) || reference.Path(b.From) == reference.Path(target) {
		return nil
	}
	host, _, _ := strings.Cut(reference.Domain(b.From), ":") // as containerd reads it
	return map[string]string{labels.LabelDistributionSource + "." + host: reference.Path(b.From)}
}

// reopening reads a blob; to start again it is opened again.
type reopening struct {
	ctx  context.Context //nolint:containedctx // that of the copy that reads it
	open func(ctx context.Context) (io.ReadCloser, error)
	r    io.ReadCloser
}

func (r *reopening) Read(p []byte) (int, error) {
	if r.r == nil {
		var err error
		if r.r, err = r.open(r.ctx); err != nil {
			return 0, err
		}
	}
	return r.r.Read(p)
}

// Seek goes back to the beginning, the only place anybody asks for.
func (r *reopening) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, fmt.Errorf("a blob can be read from its beginning alone, not from %d", offset)
	}
	return 0, r.Close()
}

func (r *reopening) Close() error {
	if r.r == nil {
		return nil
	}
	defer func() { r.r = nil }()
	return r.r.Close()
}
