package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	graphql "github.com/graph-gophers/graphql-go"
)

// node is what every object has: a digest of the calls that made it, which is
// its ID within the session.
type node struct {
	srv    *Server
	typ    string
	digest string
}

// derive returns the identity of what a call on n returns.
func (n node) derive(typ, field string, args any) node {
	encoded, err := json.Marshal(args)
	if err != nil {
		panic(err) // arguments are strings, numbers and lists of them
	}
	mac := hmac.New(sha256.New, n.srv.salt)
	fmt.Fprintf(mac, "%s\x00%s\x00%s\x00", n.digest, typ, field)
	mac.Write(encoded)
	return node{srv: n.srv, typ: typ, digest: hex.EncodeToString(mac.Sum(nil))}
}

// register makes obj, whose node n is, loadable by its ID.
func (n node) register(obj any) graphql.ID {
	id := n.typ + "@" + n.digest
	n.srv.objects.LoadOrStore(id, obj)
	return graphql.ID(id)
}

// load returns the object with an ID that this session has handed out.
func load[T any](s *Server, id graphql.ID) (T, error) {
	var zero T
	obj, ok := s.objects.Load(string(id))
	if !ok {
		return zero, fmt.Errorf("unknown ID %q: IDs are valid within the session that handed them out", shorten(string(id)))
	}
	typed, ok := obj.(T)
	if !ok {
		typ, _, _ := strings.Cut(string(id), "@")
		return zero, fmt.Errorf("ID %q is that of a %s, not of a %s", shorten(string(id)), typ, typeName(zero))
	}
	return typed, nil
}

func loadAll[T any](s *Server, ids []graphql.ID) ([]T, error) {
	out := make([]T, len(ids))
	for i, id := range ids {
		var err error
		if out[i], err = load[T](s, id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func shorten(id string) string {
	if len(id) > 40 {
		return id[:40] + "…"
	}
	return id
}

func typeName(v any) string {
	name := fmt.Sprintf("%T", v)
	return name[strings.LastIndexByte(name, '.')+1:]
}

// Node is any object, for queries by ID.
type Node struct{ obj any }

// ID implements the interface's only field.
func (n *Node) ID(ctx context.Context) graphql.ID {
	if root, ok := n.obj.(*Query); ok {
		return root.ID(ctx)
	}
	return n.obj.(interface{ ID() graphql.ID }).ID()
}

func to[T any](n *Node) (T, bool) {
	obj, ok := n.obj.(T)
	return obj, ok
}

// The conversions that GraphQL's inline fragments ask for.

func (n *Node) ToQuery() (*Query, bool)                         { return to[*Query](n) }
func (n *Node) ToContainer() (*Container, bool)                 { return to[*Container](n) }
func (n *Node) ToDirectory() (*Directory, bool)                 { return to[*Directory](n) }
func (n *Node) ToFile() (*File, bool)                           { return to[*File](n) }
func (n *Node) ToHost() (*Host, bool)                           { return to[*Host](n) }
func (n *Node) ToCacheVolume() (*CacheVolume, bool)             { return to[*CacheVolume](n) }
func (n *Node) ToSecret() (*Secret, bool)                       { return to[*Secret](n) }
func (n *Node) ToEnvVariable() (*EnvVariable, bool)             { return to[*EnvVariable](n) }
func (n *Node) ToLabel() (*Label, bool)                         { return to[*Label](n) }
func (n *Node) ToPort() (*Port, bool)                           { return to[*Port](n) }
func (n *Node) ToService() (*Service, bool)                     { return to[*Service](n) }
func (n *Node) ToHealthcheckConfig() (*HealthcheckConfig, bool) { return to[*HealthcheckConfig](n) }
func (n *Node) ToStat() (*Stat, bool)                           { return to[*Stat](n) }
