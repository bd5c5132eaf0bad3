package engine

import (
	"io"
	"time"

	"github.com/charmbracelet/log"
	"github.com/moby/buildkit/client"
)

// Option changes how Connect works.
type Option func(*config)

type config struct {
	address         string
	progress        func(*client.SolveStatus)
	servicePatience time.Duration
	log             *log.Logger

	terminal    Terminal
	interactive bool
	volumes     CacheVolumes
	layers      LayerCache
}

func newConfig(opts []Option) config {
	cfg := config{log: log.New(io.Discard)}
	for _, opt := range opts {
		opt(&cfg)
	}
	return cfg
}

// WithAddress chooses the engine: "embedded", "docker", "dagger", or the address of a
// BuildKit daemon (tcp://, unix://, docker-container://, kube-pod:// or ssh://) or of
// a Docker daemon (docker+unix://, docker+tcp:// or docker+ssh://).
// Default "": see Connect.
func WithAddress(address string) Option { return func(c *config) { c.address = address } }

// WithProgress hands every status update of the session to sink: in order, from
// one goroutine, the last one before the client's Close returns. A Dagger
// engine reports its progress itself.
func WithProgress(sink func(*client.SolveStatus)) Option {
	return func(c *config) { c.progress = sink }
}

// WithServicePatience bounds how long a service may take, once its command runs,
// until its ports answer or its health check succeeds; a health check's start
// period comes on top. Default 60 s. A Dagger engine has its own.
func WithServicePatience(d time.Duration) Option {
	return func(c *config) { c.servicePatience = d }
}

// WithLogger says where the engine tells what it does: which one was chosen and
// what is being set up. Default: nowhere.
func WithLogger(logger *log.Logger) Option { return func(c *config) { c.log = logger } }
