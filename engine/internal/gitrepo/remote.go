package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage"
)

// Access says how to log in at a repository.
type Access struct {
	// Authorization returns the value of the HTTP header of that name; nil: what the
	// URL says, or else what this machine's credential helpers know. It is sent to the
	// repository's own host only.
	Authorization func(ctx context.Context) (string, error)
	// Agent is the path of an SSH agent's socket.
	Agent string
	// KnownHosts are the lines of a known_hosts file with the hosts to trust; empty:
	// those that this machine knows, and any that it does not know.
	KnownHosts string
	// Dial connects to an address; nil: as this machine does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// remote is a repository that is reached by a network.
type remote struct {
	url    URL
	access Access
	login  atomic.Pointer[string] // that this machine knows, once it was wanted
}

// Remote returns the repository at a URL. Nothing is asked yet.
func Remote(u URL, access Access) Repository {
	if u.Scheme == File {
		return &local{path: u.Path, find: true}
	}
	return &remote{url: u, access: access}
}

func (r *remote) Name() string { return r.url.Public() }

func (r *remote) Origin() URL { return r.url }

// Submodule implements Repository. What logs in here is sent to no other host.
func (r *remote) Submodule(address string) (Repository, error) {
	u, err := r.url.relative(address)
	if err != nil {
		return nil, err
	}
	if u.Scheme == File {
		return nil, fmt.Errorf("submodule %s is a folder of a machine", address)
	}
	access := r.access
	if !r.url.sameHost(u) {
		access.Authorization = nil
	}
	return &remote{url: u, access: access}, nil
}

// List implements Repository.
func (r *remote) List(ctx context.Context) (*Listing, error) {
	var listing *Listing
	err := r.talk(ctx, func(_ transport.UploadPackSession, adv *packp.AdvRefs) error {
		listing = listingOf(adv)
		return nil
	})
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return &Listing{}, nil
	}
	return listing, err
}

func listingOf(adv *packp.AdvRefs) *Listing {
	l := &Listing{Refs: map[string]string{}, Peeled: map[string]string{}, Symbolic: map[string]string{}}
	for name, id := range adv.References {
		l.Refs[name] = id.String()
	}
	for name, id := range adv.Peeled {
		l.Peeled[name] = id.String()
	}
	if adv.Head != nil {
		l.Refs[plumbing.HEAD.String()] = adv.Head.String()
	}
	if all, err := adv.AllReferences(); err == nil {
		for name, ref := range all {
			if ref.Type() == plumbing.SymbolicReference {
				l.Symbolic[name.String()] = ref.Target().String()
			}
		}
	}
	return l
}

// Fetch implements Repository. A server that does not give commits by their IDs is
// asked for all that it has.
func (r *remote) Fetch(ctx context.Context, ids []string, depth int, use func(storage.Storer) error) error {
	dir, err := os.MkdirTemp("", "bodkin-git-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	store := openStore(dir)
	if err := store.Init(); err != nil {
		return err
	}
	wants := make([]plumbing.Hash, len(ids))
	for i, id := range ids {
		wants[i] = plumbing.NewHash(id)
	}
	err = r.talk(ctx, func(s transport.UploadPackSession, adv *packp.AdvRefs) error {
		return fetch(ctx, store, s, adv, wants, depth)
	})
	var access *AccessError
	if err != nil && ctx.Err() == nil && !(errors.As(err, &access) && access.Denied) {
		err = r.talk(ctx, func(s transport.UploadPackSession, adv *packp.AdvRefs) error {
			return fetch(ctx, store, s, adv, tips(adv), 0)
		})
	}
	if err != nil {
		return err
	}
	for i, want := range wants {
		if store.HasEncodedObject(want) != nil {
			return &CommitError{r.Name(), ids[i]}
		}
	}
	return use(store)
}

// tips are all objects that a server advertises.
func tips(adv *packp.AdvRefs) []plumbing.Hash {
	seen := map[plumbing.Hash]bool{}
	var out []plumbing.Hash
	for _, id := range adv.References {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// fetch stores objects, so many commits deep.
func fetch(ctx context.Context, store storage.Storer, s transport.UploadPackSession, adv *packp.AdvRefs, wants []plumbing.Hash, depth int) error {
	req := packp.NewUploadPackRequestFromCapabilities(adv.Capabilities)
	req.Wants = wants
	if depth > 0 && adv.Capabilities.Supports(capability.Shallow) {
		req.Depth = packp.DepthCommits(depth)
		if err := req.Capabilities.Set(capability.Shallow); err != nil {
			return err
		}
	}
	if adv.Capabilities.Supports(capability.NoProgress) {
		if err := req.Capabilities.Set(capability.NoProgress); err != nil {
			return err
		}
	}
	response, err := s.UploadPack(ctx, req)
	if err != nil {
		return err
	}
	defer response.Close()
	switch {
	case req.Capabilities.Supports(capability.Sideband64k):
		err = packfile.UpdateObjectStorage(store, sideband.NewDemuxer(sideband.Sideband64k, response))
	case req.Capabilities.Supports(capability.Sideband):
		err = packfile.UpdateObjectStorage(store, sideband.NewDemuxer(sideband.Sideband, response))
	default:
		err = packfile.UpdateObjectStorage(store, response)
	}
	return err
}
