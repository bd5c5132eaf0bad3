package api

import (
	"context"
	"fmt"
	"path"

	graphql "github.com/graph-gophers/graphql-go"
	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// Query is the root of the API.
type Query struct{ node }

// ID makes the object loadable.
func (q *Query) ID() graphql.ID { return q.register(q) }

// Version is the version of the API.
func (q *Query) Version() string { return Version }

// DefaultPlatform is where steps run unless told otherwise.
func (q *Query) DefaultPlatform() Platform { return formatPlatform(q.srv.session.Platform()) }

// Container returns an empty container.
func (q *Query) Container(args struct{ Platform Platform }) (*Container, error) {
	platform, err := args.Platform.parse(q.srv.session.Platform())
	if err != nil {
		return nil, err
	}
	return &Container{q.derive("Container", "container", args), core.NewContainer(platform)}, nil
}

// Directory returns an empty directory.
func (q *Query) Directory() *Directory {
	return &Directory{q.derive("Directory", "directory", nil), core.NewDirectory(q.srv.session.Platform())}
}

// File returns a new file.
func (q *Query) File(args struct {
	Name, Contents string
	Permissions    int32
}) (*File, error) {
	if args.Name == "" || path.Base(args.Name) != args.Name {
		return nil, fmt.Errorf("invalid file name %q: a name without slashes is needed", args.Name)
	}
	v := core.NewFile(q.srv.session.Platform(), args.Name, args.Contents, int(args.Permissions))
	return &File{q.derive("File", "file", args), v}, nil
}

// Host returns the machine that the pipeline runs on.
func (q *Query) Host() *Host { return &Host{q.derive("Host", "host", nil)} }

// HTTP returns what a URL answers with.
func (q *Query) HTTP(args struct {
	URL, Name, Checksum     string
	Permissions             int32
	AuthHeader              graphql.ID
	ExperimentalServiceHost graphql.ID
}) (*File, error) {
	if args.ExperimentalServiceHost != "" {
		return nil, notServed("Option experimentalServiceHost of Query.http")
	}
	name := args.Name
	if name == "" {
		name = core.URLName(args.URL)
	}
	opts := []llb.HTTPOption{llb.Filename(name), llb.WithCustomName("download " + args.URL)}
	if args.Permissions != 0 {
		opts = append(opts, llb.Chmod(mode(args.Permissions)))
	}
	if args.Checksum != "" {
		sum, err := digest.Parse(args.Checksum)
		if err != nil {
			return nil, fmt.Errorf("invalid checksum %q (expected sha256:…): %w", args.Checksum, err)
		}
		opts = append(opts, llb.Checksum(sum))
	}
	if args.AuthHeader != "" {
		secret, err := load[*Secret](q.srv, args.AuthHeader)
		if err != nil {
			return nil, err
		}
		opts = append(opts, llb.AuthHeaderSecret(secret.id))
	}
	v := core.File{State: llb.HTTP(args.URL, opts...), Path: "/" + name, Platform: q.srv.session.Platform()}
	return &File{q.derive("File", "http", args), v}, nil
}

// Node loads any object by its ID.
func (q *Query) Node(args struct{ ID graphql.ID }) (*Node, error) {
	obj, err := load[any](q.srv, args.ID)
	if err != nil {
		return nil, err
	}
	return &Node{obj}, nil
}

type idArgs struct{ ID graphql.ID }

// The loaders by type.

func (q *Query) LoadCacheVolumeFromID(a idArgs) (*CacheVolume, error) {
	return load[*CacheVolume](q.srv, a.ID)
}
func (q *Query) LoadContainerFromID(a idArgs) (*Container, error) {
	return load[*Container](q.srv, a.ID)
}
func (q *Query) LoadDirectoryFromID(a idArgs) (*Directory, error) {
	return load[*Directory](q.srv, a.ID)
}
func (q *Query) LoadEnvVariableFromID(a idArgs) (*EnvVariable, error) {
	return load[*EnvVariable](q.srv, a.ID)
}
func (q *Query) LoadFileFromID(a idArgs) (*File, error)     { return load[*File](q.srv, a.ID) }
func (q *Query) LoadHostFromID(a idArgs) (*Host, error)     { return load[*Host](q.srv, a.ID) }
func (q *Query) LoadLabelFromID(a idArgs) (*Label, error)   { return load[*Label](q.srv, a.ID) }
func (q *Query) LoadPortFromID(a idArgs) (*Port, error)     { return load[*Port](q.srv, a.ID) }
func (q *Query) LoadSecretFromID(a idArgs) (*Secret, error) { return load[*Secret](q.srv, a.ID) }
func (q *Query) LoadStatFromID(a idArgs) (*Stat, error)     { return load[*Stat](q.srv, a.ID) }

// CacheVolume returns the cache volume with a key.
func (q *Query) CacheVolume(args struct {
	Key, Sharing, Owner string
	Source              graphql.ID
}) (*CacheVolume, error) {
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
func (q *Query) Secret(args struct{ URI, CacheKey string }) (*Secret, error) {
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
func (q *Query) SetSecret(args struct{ Name, Plaintext string }) *Secret {
	id := q.srv.secrets.id(args.Name, args.Plaintext)
	s := q.newSecret("setSecret", args, id, "", func(context.Context) ([]byte, error) { return []byte(args.Plaintext), nil })
	s.name = args.Name
	return s
}
