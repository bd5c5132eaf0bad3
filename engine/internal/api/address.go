package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/gitrepo"
)

// Address is where something is; what it is, the field decides that is asked for.
type Address struct {
	node
	value string
}

// ID makes the object loadable.
func (a *Address) ID() graphql.ID { return a.register(a) }

// Address returns an address.
func (*Query) Address(ctx context.Context, args struct{ Value string }) (*Address, error) {
	if args.Value == "" {
		return nil, errors.New("the address is empty")
	}
	return &Address{queryOf(ctx).derive("Address", "address", args), args.Value}, nil
}

// Value is the address itself.
func (a *Address) Value() string { return a.value }

func (a *Address) query() *Query { return a.srv.root }

// remote reads the address as that of a repository that a network reaches; false:
// it is a path of this machine.
func (a *Address) remote() (gitrepo.URL, bool) {
	u, err := gitrepo.ParseURL(a.value)
	return u, err == nil && u.Scheme != gitrepo.File
}

// path is the address as a path of this machine.
func (a *Address) path() string { return strings.TrimPrefix(a.value, "file://") }

// Container loads an image.
func (a *Address) Container(ctx context.Context) (*Container, error) {
	ctr, err := a.query().Container(ctx, struct{ Platform Platform }{})
	if err != nil {
		return nil, err
	}
	return ctr.From(ctx, fromArgs{Address: a.value})
}

type addressArgs struct {
	Exclude, Include   []string
	Gitignore, NoCache bool
}

// Directory loads a folder of this machine, or of a repository (…#ref:path).
func (a *Address) Directory(ctx context.Context, args addressArgs) (*Directory, error) {
	u, ok := a.remote()
	if !ok {
		return a.query().Host(ctx).Directory(struct {
			Path             string
			Exclude, Include []string
			NoCache          bool
			Gitignore        bool
		}{a.path(), args.Exclude, args.Include, args.NoCache, args.Gitignore})
	}
	dir, err := a.tree(ctx, u)
	if err != nil {
		return nil, err
	}
	if u.Subdir != "" {
		dir = dir.Directory(pathOnly{u.Subdir})
	}
	if len(args.Exclude)+len(args.Include) == 0 && !args.Gitignore {
		return dir, nil
	}
	return dir.Filter(ctx, struct {
		Exclude, Include []string
		Gitignore        bool
	}{args.Exclude, args.Include, args.Gitignore})
}

// File loads a file of this machine, or of a repository (…#ref:path).
func (a *Address) File(ctx context.Context, args addressArgs) (*File, error) {
	u, ok := a.remote()
	if !ok {
		return a.query().Host(ctx).File(struct {
			Path    string
			NoCache bool
		}{a.path(), args.NoCache})
	}
	if u.Subdir == "" {
		return nil, fmt.Errorf("address %s names no file of the git repository: append #REF:PATH", u.Public())
	}
	dir, err := a.tree(ctx, u)
	if err != nil {
		return nil, err
	}
	return dir.File(pathOnly{u.Subdir}), nil
}

type pathOnly = struct{ Path string }

func (a *Address) tree(ctx context.Context, u gitrepo.URL) (*Directory, error) {
	ref, err := a.refOf(ctx, u)
	if err != nil {
		return nil, err
	}
	return ref.Tree(ctx, treeArgs{Depth: 1})
}

func (a *Address) refOf(ctx context.Context, u gitrepo.URL) (*GitRef, error) {
	repo, err := a.query().Git(ctx, gitArgs{URL: u.String(), KeepGitDir: true})
	if err != nil {
		return nil, err
	}
	return repo.or(ctx, u.Ref)
}

// or is a ref, or HEAD where none is named.
func (r *GitRepository) or(ctx context.Context, name string) (*GitRef, error) {
	if name == "" {
		return r.Head(ctx)
	}
	return r.Ref(ctx, nameArgs{name})
}

// GitRepository loads a repository; a path of this machine is a folder with one.
func (a *Address) GitRepository(ctx context.Context) (*GitRepository, error) {
	u, ok := a.remote()
	if !ok {
		return a.localRepository(ctx, a.path())
	}
	if u.Ref != "" || u.Subdir != "" {
		return nil, fmt.Errorf("address %s of a git repository has a ref or a path behind #: ask for gitRef, directory or file", u.Public())
	}
	return a.query().Git(ctx, gitArgs{URL: a.value, KeepGitDir: true})
}

func (a *Address) localRepository(ctx context.Context, path string) (*GitRepository, error) {
	dir, err := a.query().Host(ctx).Directory(struct {
		Path             string
		Exclude, Include []string
		NoCache          bool
		Gitignore        bool
	}{Path: path})
	if err != nil {
		return nil, err
	}
	return dir.AsGit(), nil
}

// GitRef loads a branch, tag or commit (…#ref), or HEAD.
func (a *Address) GitRef(ctx context.Context) (*GitRef, error) {
	if u, ok := a.remote(); ok {
		if u.Subdir != "" {
			return nil, fmt.Errorf("address %s of a git ref has a path behind it: ask for directory or file", u.Public())
		}
		return a.refOf(ctx, u)
	}
	path, ref, _ := strings.Cut(a.path(), "#")
	repo, err := a.localRepository(ctx, path)
	if err != nil {
		return nil, err
	}
	return repo.or(ctx, ref)
}

// Secret loads a secret: a provider's URI, or the name of an environment variable.
func (a *Address) Secret(ctx context.Context) (*Secret, error) {
	uri := a.value
	provider, rest, ok := strings.Cut(uri, ":")
	switch {
	case !ok:
		uri = "env://" + uri
	case !strings.HasPrefix(rest, "//"):
		uri = provider + "://" + rest
	}
	uri, cacheKey, err := cutCacheKey(uri)
	if err != nil {
		return nil, err
	}
	return a.query().Secret(ctx, struct{ URI, CacheKey string }{uri, cacheKey})
}

// cutCacheKey takes the parameter cacheKey from a URI.
func cutCacheKey(uri string) (rest, cacheKey string, err error) {
	base, query, ok := strings.Cut(uri, "?")
	if !ok || !strings.Contains(query, "cacheKey=") {
		return uri, "", nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", "", fmt.Errorf("reading the parameters of a secret's address: %w", err)
	}
	cacheKey = values.Get("cacheKey")
	values.Del("cacheKey")
	if len(values) == 0 {
		return base, cacheKey, nil
	}
	return base + "?" + values.Encode(), cacheKey, nil
}

// Service loads a port that this machine reaches: tcp://host:port.
func (a *Address) Service(ctx context.Context) (*Service, error) {
	expected := fmt.Errorf("invalid address %q of a service: expected tcp://host:port", a.value)
	u, err := url.Parse(a.value)
	if err != nil || u.Scheme != "tcp" && u.Scheme != "udp" {
		return nil, expected
	}
	host, number, err := net.SplitHostPort(u.Host)
	if err != nil {
		return nil, expected
	}
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || port == 0 {
		return nil, expected
	}
	frontend := int32(port) //nolint:gosec // 16 bits
	return a.query().Host(ctx).Service(ctx, struct {
		Host  string
		Ports []portForward
	}{host, []portForward{{Backend: frontend, Frontend: &frontend, Protocol: strings.ToUpper(u.Scheme)}}})
}

// Socket loads a Unix socket of this machine.
func (a *Address) Socket(ctx context.Context) (*Socket, error) {
	return a.query().Host(ctx).UnixSocket(pathOnly{strings.TrimPrefix(a.value, "unix://")})
}

// LoadAddressFromID loads an address.
func (*Query) LoadAddressFromID(ctx context.Context, a idArgs) (*Address, error) {
	return load[*Address](queryOf(ctx).srv, a.ID)
}

// ToAddress is for GraphQL's inline fragments.
func (n *Node) ToAddress() (*Address, bool) { return to[*Address](n) }
