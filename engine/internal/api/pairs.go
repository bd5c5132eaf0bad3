package api

import (
	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

type pair struct {
	node
	name, value string
}

// Name is the left side.
func (p *pair) Name() string { return p.name }

// Value is the right side.
func (p *pair) Value() string { return p.value }

// EnvVariable is an environment variable.
type EnvVariable struct{ pair }

// ID makes the object loadable.
func (e *EnvVariable) ID() graphql.ID { return e.register(e) }

// Label is a label.
type Label struct{ pair }

// ID makes the object loadable.
func (l *Label) ID() graphql.ID { return l.register(l) }

// Port is an exposed port.
type Port struct {
	node
	v core.Port
}

// ID makes the object loadable.
func (p *Port) ID() graphql.ID { return p.register(p) }

// Port is the number.
func (p *Port) Port() int32 { return int32(p.v.Number) } //nolint:gosec // 16 bits

// Protocol is TCP or UDP.
func (p *Port) Protocol() string { return p.v.Protocol }

// Description is what the pipeline calls it.
func (p *Port) Description() *string { return &p.v.Description }

// ExperimentalSkipHealthcheck says that nobody waits for the port to answer.
func (p *Port) ExperimentalSkipHealthcheck() bool { return p.v.SkipHealthcheck }
