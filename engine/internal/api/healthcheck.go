package api

import (
	"fmt"
	"time"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// HealthcheckConfig is a container's health check.
type HealthcheckConfig struct {
	node
	v core.Healthcheck
}

// ID makes the object loadable.
func (h *HealthcheckConfig) ID() graphql.ID { return h.register(h) }

// Args is the check's command.
func (h *HealthcheckConfig) Args() []string { return h.v.Args }

// Shell says that the command is for the image's shell.
func (h *HealthcheckConfig) Shell() bool { return h.v.Shell }

// Interval is the time between checks, "" for the default.
func (h *HealthcheckConfig) Interval() string { return formatDuration(h.v.Interval) }

// Timeout is how long one check may take, "" for the default.
func (h *HealthcheckConfig) Timeout() string { return formatDuration(h.v.Timeout) }

// StartPeriod is how long failures do not count, "" for the default.
func (h *HealthcheckConfig) StartPeriod() string { return formatDuration(h.v.StartPeriod) }

// StartInterval is the time between checks at the start, "" for the default.
func (h *HealthcheckConfig) StartInterval() string { return formatDuration(h.v.StartInterval) }

// Retries is how many failures in a row make a container unhealthy, 0 for the
// default.
func (h *HealthcheckConfig) Retries() int32 { return int32(h.v.Retries) } //nolint:gosec // came as such

func formatDuration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// DockerHealthcheck is the container's health check, or nothing.
func (c *Container) DockerHealthcheck() *HealthcheckConfig {
	check := c.v.Healthcheck()
	if check == nil {
		return nil
	}
	return &HealthcheckConfig{c.derive("HealthcheckConfig", "dockerHealthcheck", nil), *check}
}

// WithDockerHealthcheck sets the container's health check.
func (c *Container) WithDockerHealthcheck(args struct {
	Args                                          []string
	Shell                                         bool
	Interval, Timeout, StartPeriod, StartInterval string
	Retries                                       int32
}) (*Container, error) {
	check := &core.Healthcheck{Args: args.Args, Shell: args.Shell, Retries: int(args.Retries)}
	for _, d := range []struct {
		name, text string
		to         *time.Duration
	}{
		{"interval", args.Interval, &check.Interval},
		{"timeout", args.Timeout, &check.Timeout},
		{"startPeriod", args.StartPeriod, &check.StartPeriod},
		{"startInterval", args.StartInterval, &check.StartInterval},
	} {
		if d.text == "" {
			continue
		}
		value, err := time.ParseDuration(d.text)
		if err != nil || value < 0 {
			return nil, fmt.Errorf("invalid %s %q of a health check: expected something like 30s or 500ms", d.name, d.text)
		}
		*d.to = value
	}
	v, err := c.v.WithHealthcheck(check)
	return c.try("withDockerHealthcheck", args, v, err)
}

// WithoutDockerHealthcheck removes the container's health check.
func (c *Container) WithoutDockerHealthcheck() (*Container, error) {
	v, err := c.v.WithHealthcheck(nil)
	return c.try("withoutDockerHealthcheck", nil, v, err)
}
