package buildkit

import (
	"context"
	"maps"
	"sync"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/session"
	sessioncontent "github.com/moby/buildkit/session/content"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// archiveStore is the name of the one store that offers every archive's blobs.
const archiveStore = "bodkin"

// BlobSource has some of the blobs that a session offers. It answers
// errdefs.ErrNotFound for the others.
type BlobSource interface {
	content.InfoProvider
	content.Provider
}

// Stores offers the blobs of image archives on the client to the daemon, which
// pulls those it does not have. Blobs are told apart by digest, so that one
// store serves all archives of a session.
type Stores struct {
	content.Store // nil: writing methods are never called on an offered store

	mu      sync.Mutex
	sources []BlobSource
	others  map[string]content.Store // by the names that the daemon asks for
}

func newStores() *Stores { return &Stores{} }

// attachable is what a session needs to offer the stores.
func (s *Stores) attachable() session.Attachable {
	all := map[string]content.Store{"oci:" + archiveStore: s}
	maps.Copy(all, s.others)
	return sessioncontent.NewAttachable(all)
}

// offer adds a store of another name. It must come before the session starts.
func (s *Stores) offer(name string, store content.Store) {
	if s.others == nil {
		s.others = map[string]content.Store{}
	}
	s.others[name] = store
}

// Add offers the blobs of source from now on.
func (s *Stores) Add(source BlobSource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources = append(s.sources, source)
}

// Info implements content.InfoProvider.
func (s *Stores) Info(ctx context.Context, dgst digest.Digest) (content.Info, error) {
	source, err := s.find(ctx, dgst)
	if err != nil {
		return content.Info{}, err
	}
	return source.Info(ctx, dgst)
}

// ReaderAt implements content.Provider.
func (s *Stores) ReaderAt(ctx context.Context, desc ocispecs.Descriptor) (content.ReaderAt, error) {
	source, err := s.find(ctx, desc.Digest)
	if err != nil {
		return nil, err
	}
	return source.ReaderAt(ctx, desc)
}

func (s *Stores) find(ctx context.Context, dgst digest.Digest) (BlobSource, error) {
	s.mu.Lock()
	sources := s.sources
	s.mu.Unlock()
	for _, source := range sources {
		if _, err := source.Info(ctx, dgst); err == nil {
			return source, nil
		}
	}
	return nil, errdefs.ErrNotFound.WithMessage("no archive of this session holds blob " + dgst.String())
}

// ArchiveImage returns the root file system of an image in one of the added
// sources, named by its manifest's digest. The definition does not depend on
// the session, so that its cache outlives it.
func ArchiveImage(manifest digest.Digest, opts ...llb.OCILayoutOption) llb.State {
	opts = append(opts, llb.OCIStore("", archiveStore))
	return llb.OCILayout("bodkin/archive@"+manifest.String(), opts...)
}
