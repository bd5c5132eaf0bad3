package buildkit

import (
	"context"
	"fmt"
	"regexp"
	"sync"

	"github.com/moby/buildkit/session/secrets"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
)

// MaxSecretSize is BuildKit's limit for one secret, in bytes.
const MaxSecretSize = secretsprovider.MaxSecretSize

// Secrets holds what execs may mount as secrets: those of the pipeline, and
// what belongs to the host and must stay out of cache keys. Only IDs ever
// reach a definition.
type Secrets struct {
	running func(ctx context.Context, exec string) // called before a named exec runs

	known known

	mu   sync.Mutex
	byID map[string]func(context.Context) ([]byte, error)
}

func newSecrets() *Secrets {
	return &Secrets{
		running: func(context.Context, string) {}, byID: map[string]func(context.Context) ([]byte, error){},
		known: known{values: map[string]bool{}},
	}
}

// Set makes a secret available under id. Its value is asked for when an exec
// needs it.
func (s *Secrets) Set(id string, value func(context.Context) ([]byte, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[id] = value
}

// notGiven precedes the names of secrets that no Set gives.
const notGiven = "not-given:"

// NotGiven is the ID under which an exec asks for a secret that the pipeline has
// not given.
func NotGiven(name string) string { return notGiven + name }

var asksForNotGiven = regexp.MustCompile("secret " + notGiven + `(\S+): not found`)

// explainNotGiven puts what the daemon says of such a secret into the user's terms.
func explainNotGiven(msg string) string {
	return asksForNotGiven.ReplaceAllString(msg, `secret "$1" was not given: pass one of this name in the option secrets`)
}

// system sets a secret of the engine's own; a nil value means that there is none.
func (s *Secrets) system(id string, value []byte) {
	if value != nil {
		s.Set(id, func(context.Context) ([]byte, error) { return value, nil })
	}
}

// GetSecret implements secrets.SecretStore.
func (s *Secrets) GetSecret(ctx context.Context, id string) ([]byte, error) {
	id, exec := splitHostSecret(id)
	if exec != "" {
		s.running(ctx, exec)
	}
	s.mu.Lock()
	value, ok := s.byID[id]
	s.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("secret %q: %w", id, secrets.ErrNotFound)
	}
	return value(ctx)
}
