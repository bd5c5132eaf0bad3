package ociimage

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"

	api "github.com/containerd/containerd/api/services/content/v1"
	containerd "github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/plugins/services/content/contentserver"
	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/session"
	sessioncontent "github.com/moby/buildkit/session/content"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// storePrefix begins the IDs under which BuildKit asks for OCI layouts.
const storePrefix = "oci:"

// Provider holds the stores that one BuildKit session offers, by the names that
// llb.OCIStore gives them. Stores come and go while the session runs. A session
// takes one content service, so either the Provider is attached to it, or
// Stores is given to client.SolveOpt, not both.
type Provider struct {
	mu     sync.RWMutex
	stores map[string]containerd.Store
}

// NewProvider returns a provider without stores.
func NewProvider() *Provider { return &Provider{stores: map[string]containerd.Store{}} }

// Add offers store as name. A name that is taken is refused.
func (p *Provider) Add(name string, store containerd.Store) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.stores[name]; ok {
		return fmt.Errorf("image store %q: %w", name, errdefs.ErrAlreadyExists)
	}
	p.stores[name] = store
	return nil
}

// Remove no longer offers name. Reads that have begun go on.
func (p *Provider) Remove(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.stores, name)
}

// Stores is a copy of what is offered now, for client.SolveOpt.OCIStores.
func (p *Provider) Stores() map[string]containerd.Store {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return maps.Clone(p.stores)
}

// Register makes the provider a session.Attachable.
func (p *Provider) Register(server *grpc.Server) {
	api.RegisterContentServer(server, contentserver.New(chosenStore{provider: p}))
}

var _ session.Attachable = (*Provider)(nil)

// chosenStore is the store that the metadata of each request names.
type chosenStore struct {
	readOnly
	provider *Provider
}

func (s chosenStore) choose(ctx context.Context) (containerd.Store, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	ids := md.Get(sessioncontent.GRPCHeaderID)
	if len(ids) == 0 {
		return nil, fmt.Errorf("request names no image store: %w", errdefs.ErrInvalidArgument)
	}
	s.provider.mu.RLock()
	defer s.provider.mu.RUnlock()
	store, ok := s.provider.stores[strings.TrimPrefix(ids[0], storePrefix)]
	if !ok {
		return nil, fmt.Errorf("image store %q: %w", ids[0], errdefs.ErrNotFound)
	}
	return store, nil
}

func (s chosenStore) Info(ctx context.Context, d digest.Digest) (containerd.Info, error) {
	store, err := s.choose(ctx)
	if err != nil {
		return containerd.Info{}, err
	}
	return store.Info(ctx, d)
}

func (s chosenStore) Walk(ctx context.Context, fn containerd.WalkFunc, filters ...string) error {
	store, err := s.choose(ctx)
	if err != nil {
		return err
	}
	return store.Walk(ctx, fn, filters...)
}

func (s chosenStore) ReaderAt(ctx context.Context, desc ocispecs.Descriptor) (containerd.ReaderAt, error) {
	store, err := s.choose(ctx)
	if err != nil {
		return nil, err
	}
	return store.ReaderAt(ctx, desc)
}
