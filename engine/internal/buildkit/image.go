package buildkit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/grpcerrors"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc/codes"

	"github.com/bodkin-ci/bodkin/internal/registry"
)

// resolveTimeout bounds how long a registry may take to tell an image's digest.
const resolveTimeout = 60 * time.Second

// RegistryImage is an image that a registry has.
type RegistryImage struct {
	Ref     string              // with digest
	Pinned  reference.Canonical // the same without tag
	State   llb.State
	Config  dockerspec.DockerOCIImageConfig
	DiffIDs []digest.Digest // of the layers, unpacked
	History []ocispecs.History
}

// ReferenceError is an image reference that cannot be parsed.
type ReferenceError struct {
	Ref string
	Err error
}

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("invalid image reference %q: %s (expected something like alpine:3.22 or registry.example.com/team/app:1.0)", e.Ref, e.Err)
}

func (e *ReferenceError) Unwrap() error { return e.Err }

// ParseReference completes an image reference: docker.io and :latest are understood.
func ParseReference(ref string) (reference.Named, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return nil, &ReferenceError{Ref: ref, Err: err}
	}
	return reference.TagNameOnly(named), nil
}

// ResolveImage asks the registry for an image's digest and configuration. Its
// layers are pulled when something that depends on them is evaluated.
func (s *Session) ResolveImage(ctx context.Context, ref string, platform ocispecs.Platform) (*RegistryImage, error) {
	named, err := ParseReference(ref)
	if err != nil {
		return nil, err
	}
	var img *RegistryImage
	err = resolving(ctx, s.Logins, named, platform, func(ctx context.Context) error {
		return s.Gateway(ctx, func(ctx context.Context, gw gateway.Client) (err error) {
			img, err = resolveImage(ctx, gw, named, platform)
			return err
		})
	})
	return img, err
}

// resolving bounds the time of resolve, tries it again where the registry may get
// better, and says which image could not be resolved.
func resolving(ctx context.Context, logins *registry.Logins, named reference.Named, platform ocispecs.Platform, resolve func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, resolveTimeout,
		fmt.Errorf("no answer from registry %s within %s", reference.Domain(named), resolveTimeout))
	defer cancel()
	err := registry.Retry(ctx, registry.TransientAtDaemon, func() error { return resolve(ctx) })
	if err == nil {
		return nil
	}
	if grpcerrors.Code(err) == codes.DeadlineExceeded { // the daemon may notice first
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	err = logins.ExplainAtDaemon(context.WithoutCancel(ctx), reference.Domain(named), err)
	return clean(fmt.Errorf("resolving image %s for %s: %w", named, platforms.Format(platform), err))
}

// WithImages runs fn with a gateway client that resolves images as ResolveImage
// does, and returns fn's error.
func (s *Session) WithImages(ctx context.Context, fn func(context.Context, gateway.Client) error) error {
	return s.direct(ctx, func(ctx context.Context, gw gateway.Client) error { return fn(ctx, imageClient{gw, s.Logins}) })
}

type imageClient struct {
	gateway.Client
	logins *registry.Logins
}

// ResolveImageConfig implements gateway.Client.
func (c imageClient) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (resolved string, dgst digest.Digest, config []byte, err error) {
	named, err := ParseReference(ref)
	if err != nil {
		return "", "", nil, err
	}
	var platform ocispecs.Platform
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		platform = *opt.ImageOpt.Platform
	}
	err = resolving(ctx, c.logins, named, platform, func(ctx context.Context) error {
		resolved, dgst, config, err = c.Client.ResolveImageConfig(ctx, ref, opt)
		return err
	})
	return resolved, dgst, config, err
}

func resolveImage(ctx context.Context, gw gateway.Client, named reference.Named, platform ocispecs.Platform) (*RegistryImage, error) {
	_, dgst, raw, err := gw.ResolveImageConfig(ctx, named.String(), sourceresolver.Opt{
		LogName:  "resolve image " + named.String(),
		ImageOpt: &sourceresolver.ResolveImageOpt{Platform: &platform, ResolveMode: pb.AttrImageResolveModeDefault},
	})
	if err != nil {
		return nil, err
	}
	var config dockerspec.DockerOCIImage
	if err := json.Unmarshal(raw, &config); err != nil {
		return nil, fmt.Errorf("reading the image's configuration: %w", err)
	}
	pinned, err := reference.WithDigest(reference.TrimNamed(named), dgst)
	if err != nil {
		return nil, err
	}
	full := named.String()
	if _, ok := named.(reference.Digested); !ok {
		full += "@" + dgst.String()
	}
	return &RegistryImage{
		Ref:     full,
		Pinned:  pinned,
		State:   llb.Image(pinned.String(), llb.Platform(platform), llb.WithCustomName("pull "+full)),
		Config:  config.Config,
		DiffIDs: config.RootFS.DiffIDs,
		History: config.History,
	}, nil
}
