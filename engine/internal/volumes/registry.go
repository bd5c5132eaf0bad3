package volumes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/internal/registry"
)

// Registry is a Store in a repository of a registry: each volume is a tag. The
// registry checks digests when it is given something, and removes what no tag
// leads to any more by its own rules, so Tidy does nothing.
type Registry struct {
	repo name.Repository
	opts []remote.Option
}

// OpenRegistry returns the store in a repository, HOST/REPOSITORY. Logins and
// [registry] tables are those of the client; mirrors are left out, as what is stored
// must be found at once. Nothing is asked of the registry yet.
func OpenRegistry(ref string, client *registry.Client) (*Registry, error) {
	repo, err := repository(ref)
	if err != nil {
		return nil, err
	}
	transport, plain, err := client.Transport(repo.RegistryStr())
	if err != nil {
		return nil, err
	}
	if plain {
		if repo, err = repository(ref, name.Insecure); err != nil {
			return nil, err
		}
	}
	return &Registry{repo: repo, opts: []remote.Option{
		remote.WithTransport(transport), remote.WithAuthFromKeychain(keychain{client}),
	}}, nil
}

func repository(ref string, opts ...name.Option) (name.Repository, error) {
	repo, err := name.NewRepository(ref, append(opts, name.StrictValidation)...)
	if err != nil {
		return repo, fmt.Errorf("%q names no repository: %w", ref, err)
	}
	return repo, nil
}

// keychain hands out the logins of a client.
type keychain struct{ client *registry.Client }

// Resolve implements authn.Keychain.
func (k keychain) Resolve(r authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), r)
}

// ResolveContext implements authn.ContextKeychain.
func (k keychain) ResolveContext(ctx context.Context, r authn.Resource) (authn.Authenticator, error) {
	login, err := k.client.Login(ctx, r.RegistryStr())
	if err != nil || login.Source == "" {
		return authn.Anonymous, err
	}
	return authn.FromConfig(authn.AuthConfig{Username: login.Username, Password: login.Password, IdentityToken: login.IdentityToken}), nil
}

// String implements Store.
func (r *Registry) String() string { return r.repo.String() }

func (r *Registry) with(ctx context.Context) []remote.Option {
	return append([]remote.Option{remote.WithContext(ctx)}, r.opts...)
}

// Find implements Store.
func (r *Registry) Find(ctx context.Context, volume string) (*Snapshot, error) {
	desc, err := remote.Get(r.repo.Tag(volume), r.with(ctx)...)
	var failed *transport.Error
	if errors.As(err, &failed) && failed.StatusCode == http.StatusNotFound {
		return nil, ErrNotStored
	}
	if err != nil {
		return nil, err
	}
	return snapshotOf(desc.Manifest)
}

// Blob implements Store. What breaks off is read again, a few times.
func (r *Registry) Blob(ctx context.Context, desc ocispecs.Descriptor) (data []byte, err error) {
	brokeOff := func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) } // for the rest, the client tries again
	err = registry.Retry(ctx, brokeOff, func() error {
		data, err = r.blob(ctx, desc)
		return err
	})
	if err != nil && brokeOff(err) {
		return nil, &BrokenError{desc.Digest, err.Error()}
	}
	return data, err
}

func (r *Registry) blob(ctx context.Context, desc ocispecs.Descriptor) ([]byte, error) {
	layer, err := remote.Layer(r.repo.Digest(desc.Digest.String()), r.with(ctx)...)
	if err != nil {
		return nil, err
	}
	content, err := layer.Compressed()
	var failed *transport.Error
	if errors.As(err, &failed) && failed.StatusCode == http.StatusNotFound {
		return nil, &BrokenError{desc.Digest, "it is missing"}
	}
	if err != nil {
		return nil, err
	}
	defer content.Close()
	data, err := io.ReadAll(io.LimitReader(content, desc.Size+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", desc.Digest, err)
	}
	return data, verify(desc, data)
}

// Put implements Store.
func (r *Registry) Put(ctx context.Context, desc ocispecs.Descriptor, data []byte) (moved bool, err error) {
	if r.has(ctx, desc) {
		return false, nil
	}
	return true, remote.WriteLayer(r.repo, static.NewLayer(data, types.MediaType(desc.MediaType)), r.with(ctx)...)
}

func (r *Registry) has(ctx context.Context, desc ocispecs.Descriptor) bool {
	layer, err := remote.Layer(r.repo.Digest(desc.Digest.String()), r.with(ctx)...)
	if err != nil {
		return false
	}
	there, err := partial.Exists(layer)
	return err == nil && there
}

// Publish implements Store. A registry refuses a manifest whose blobs it does not
// have.
func (r *Registry) Publish(ctx context.Context, volume string, s *Snapshot) error {
	desc, data, err := manifest(s)
	if err != nil {
		return err
	}
	err = remote.Put(r.repo.Tag(volume), rawManifest{types.MediaType(desc.MediaType), data}, r.with(ctx)...)
	var failed *transport.Error
	if errors.As(err, &failed) {
		for _, d := range failed.Errors {
			if d.Code == transport.ManifestBlobUnknownErrorCode || d.Code == transport.BlobUnknownErrorCode {
				return fmt.Errorf("%w: %w", ErrOutdated, err)
			}
		}
	}
	return err
}

// rawManifest is a manifest as go-containerregistry takes it.
type rawManifest struct {
	mediaType types.MediaType
	data      []byte
}

func (m rawManifest) RawManifest() ([]byte, error)        { return m.data, nil }
func (m rawManifest) MediaType() (types.MediaType, error) { return m.mediaType, nil }

// Used implements Store: registries note themselves what is pulled.
func (r *Registry) Used(context.Context, []string) error { return nil }

// Tidy implements Store.
func (r *Registry) Tidy(context.Context) ([]string, error) { return nil, nil }
