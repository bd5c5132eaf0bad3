package api

import (
	"context"
	"fmt"
	"sync"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// Secret is a value that only execs see.
type Secret struct {
	node
	id    string // at the daemon: part of cache keys, so it never depends on the value
	name  string
	uri   string
	value func(context.Context) ([]byte, error)
}

func (q *Query) newSecret(field string, args any, id, uri string, value func(context.Context) ([]byte, error)) *Secret {
	ask := value
	value = func(ctx context.Context) ([]byte, error) {
		plain, err := ask(ctx)
		q.srv.session.Secrets.Know(plain)
		return plain, err
	}
	s := &Secret{node: q.derive("Secret", field, args), id: "secret:" + id, uri: uri, value: value}
	q.srv.session.Secrets.Set(s.id, func(ctx context.Context) ([]byte, error) {
		plain, err := value(ctx)
		if err == nil && len(plain) > buildkit.MaxSecretSize {
			return nil, fmt.Errorf("secret %s has %d bytes: BuildKit takes at most %d", id, len(plain), buildkit.MaxSecretSize)
		}
		return plain, err
	})
	return s
}

// ID makes the object loadable.
func (s *Secret) ID() graphql.ID { return s.register(s) }

// Name is the name that setSecret was called with.
func (s *Secret) Name() string { return s.name }

// URI is what secret was called with.
func (s *Secret) URI() string { return s.uri }

// Plaintext is the value.
func (s *Secret) Plaintext(ctx context.Context) (string, error) {
	plain, err := s.value(ctx)
	return string(plain), err
}

// secretNames tells secrets of the same name and different values apart: cache
// keys hold the name only.
type secretNames struct {
	mu     sync.Mutex
	values map[string][]string
}

func (n *secretNames) id(name, value string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.values == nil {
		n.values = map[string][]string{}
	}
	for i, known := range n.values[name] {
		if known == value {
			return numbered(name, i)
		}
	}
	n.values[name] = append(n.values[name], value)
	return numbered(name, len(n.values[name])-1)
}

func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s#%d", name, i+1)
}
