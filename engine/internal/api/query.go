package api

import (
	"context"
	"fmt"
	"path"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// Query is the root of the API. One serves all sessions of the process: each
// call finds its session's by queryOf.
type Query struct{ node }

type queryKey struct{}

// withQuery makes q the root of what is resolved under the returned context.
func withQuery(ctx context.Context, q *Query) context.Context {
	return context.WithValue(ctx, queryKey{}, q)
}

func queryOf(ctx context.Context) *Query { return ctx.Value(queryKey{}).(*Query) }

// ID makes the object loadable.
func (*Query) ID(ctx context.Context) graphql.ID {
	q := queryOf(ctx)
	return q.register(q)
}

// Version is the version of the API.
func (*Query) Version() string { return Version }

// DefaultPlatform is where steps run unless told otherwise.
func (*Query) DefaultPlatform(ctx context.Context) Platform {
	return formatPlatform(queryOf(ctx).srv.session.Platform())
}

// Container returns an empty container.
func (*Query) Container(ctx context.Context, args struct{ Platform Platform }) (*Container, error) {
	q := queryOf(ctx)
	platform, err := args.Platform.parse(q.srv.session.Platform())
	if err != nil {
		return nil, err
	}
	return &Container{q.derive("Container", "container", args), core.NewContainer(platform)}, nil
}

// Directory returns an empty directory.
func (*Query) Directory(ctx context.Context) *Directory {
	q := queryOf(ctx)
	return &Directory{q.derive("Directory", "directory", nil), core.NewDirectory(q.srv.session.Platform())}
}

// File returns a new file.
func (*Query) File(ctx context.Context, args struct {
	Name, Contents string
	Permissions    int32
}) (*File, error) {
	q := queryOf(ctx)
	if args.Name == "" || path.Base(args.Name) != args.Name {
		return nil, fmt.Errorf("invalid file name %q: a name without slashes is needed", args.Name)
	}
	v := core.NewFile(q.srv.session.Platform(), args.Name, args.Contents, int(args.Permissions))
	return &File{q.derive("File", "file", args), v}, nil
}

// Host returns the machine that the pipeline runs on.
func (*Query) Host(ctx context.Context) *Host { return &Host{queryOf(ctx).derive("Host", "host", nil)} }

// Node loads any object by its ID.
func (*Query) Node(ctx context.Context, args struct{ ID graphql.ID }) (*Node, error) {
	q := queryOf(ctx)
	obj, err := load[any](q.srv, args.ID)
	if err != nil {
		return nil, err
	}
	return &Node{obj}, nil
}

type idArgs struct{ ID graphql.ID }

// The loaders by type.

func (*Query) LoadCacheVolumeFromID(ctx context.Context, a idArgs) (*CacheVolume, error) {
	return load[*CacheVolume](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadContainerFromID(ctx context.Context, a idArgs) (*Container, error) {
	return load[*Container](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadDirectoryFromID(ctx context.Context, a idArgs) (*Directory, error) {
	return load[*Directory](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadEnvVariableFromID(ctx context.Context, a idArgs) (*EnvVariable, error) {
	return load[*EnvVariable](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadFileFromID(ctx context.Context, a idArgs) (*File, error) {
	return load[*File](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadHealthcheckConfigFromID(ctx context.Context, a idArgs) (*HealthcheckConfig, error) {
	return load[*HealthcheckConfig](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadHostFromID(ctx context.Context, a idArgs) (*Host, error) {
	return load[*Host](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadLabelFromID(ctx context.Context, a idArgs) (*Label, error) {
	return load[*Label](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadPortFromID(ctx context.Context, a idArgs) (*Port, error) {
	return load[*Port](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadSecretFromID(ctx context.Context, a idArgs) (*Secret, error) {
	return load[*Secret](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadServiceFromID(ctx context.Context, a idArgs) (*Service, error) {
	return load[*Service](queryOf(ctx).srv, a.ID)
}

func (*Query) LoadStatFromID(ctx context.Context, a idArgs) (*Stat, error) {
	return load[*Stat](queryOf(ctx).srv, a.ID)
}

// CacheVolume returns the cache volume with a key.
func (*Query) CacheVolume(ctx context.Context, args struct {
	Key, Sharing, Owner string
	Source              graphql.ID
}) (*CacheVolume, error) {
	q := queryOf(ctx)
	if args.Key == "" {
		return nil, fmt.Errorf("a cache volume needs a key")
	}
	v := &CacheVolume{node: q.derive("CacheVolume", "cacheVolume", args), key: args.Key, sharing: args.Sharing, owner: args.Owner}
	if args.Source != "" {
		var err error
		if v.source, err = load[*Directory](q.srv, args.Source); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// CacheVolume is a folder that outlives runs.
type CacheVolume struct {
	node
	key, sharing, owner string
	source              *Directory
}

// ID makes the object loadable.
func (c *CacheVolume) ID() graphql.ID { return c.register(c) }

// Secret returns the secret that a provider's URI names.
func (*Query) Secret(ctx context.Context, args struct{ URI, CacheKey string }) (*Secret, error) {
	q := queryOf(ctx)
	value, err := core.SecretProvider(args.URI)
	if err != nil {
		return nil, err
	}
	id := args.CacheKey
	if id == "" {
		id = args.URI
	}
	return q.newSecret("secret", args, id, args.URI, value), nil
}

// SetSecret makes a secret of a plain text.
func (*Query) SetSecret(ctx context.Context, args struct{ Name, Plaintext string }) *Secret {
	q := queryOf(ctx)
	id := q.srv.secrets.id(args.Name, args.Plaintext)
	q.srv.session.Secrets.Know([]byte(args.Plaintext))
	s := q.newSecret("setSecret", args, id, "", func(context.Context) ([]byte, error) { return []byte(args.Plaintext), nil })
	s.name = args.Name
	return s
}
