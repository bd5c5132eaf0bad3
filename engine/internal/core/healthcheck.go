package core

import (
	"errors"
	"fmt"
	"slices"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// The first words of an image configuration's health check.
const (
	checkExec  = "CMD"
	checkShell = "CMD-SHELL"
)

// Values that a health check has where the container gives none: Docker's, but
// for the pauses while a service starts.
const (
	defaultCheckInterval = 30 * time.Second
	defaultCheckTimeout  = 30 * time.Second
	defaultCheckRetries  = 3
	defaultCheckPause    = time.Second
)

// Healthcheck is a container's health check as its image has it. Zero values
// stand for defaults.
type Healthcheck struct {
	Args  []string
	Shell bool // one argument, for the image's shell

	Interval, Timeout, StartPeriod, StartInterval time.Duration

	Retries int
}

// Healthcheck returns the container's health check, or nil.
func (c Container) Healthcheck() *Healthcheck {
	config := c.Config.Healthcheck
	if config == nil || len(config.Test) < 2 || config.Test[0] != checkExec && config.Test[0] != checkShell {
		return nil
	}
	return &Healthcheck{
		Args: slices.Clone(config.Test[1:]), Shell: config.Test[0] == checkShell,
		Interval: config.Interval, Timeout: config.Timeout,
		StartPeriod: config.StartPeriod, StartInterval: config.StartInterval, Retries: config.Retries,
	}
}

// WithHealthcheck sets the health check, also in the image; nil removes it.
func (c Container) WithHealthcheck(h *Healthcheck) (Container, error) {
	c = c.clone()
	c.Config.Healthcheck = nil
	if h == nil {
		return c, nil
	}
	if err := h.validate(); err != nil {
		return c, err
	}
	kind := checkExec
	if h.Shell {
		kind = checkShell
	}
	c.Config.Healthcheck = &dockerspec.HealthcheckConfig{
		Test: append([]string{kind}, h.Args...), Interval: h.Interval, Timeout: h.Timeout,
		StartPeriod: h.StartPeriod, StartInterval: h.StartInterval, Retries: h.Retries,
	}
	return c, nil
}

func (h *Healthcheck) validate() error {
	switch {
	case len(h.Args) == 0:
		return errors.New("a health check needs a command: give arguments")
	case h.Shell && len(h.Args) != 1:
		return fmt.Errorf("a health check for the shell is one argument, not %d", len(h.Args))
	case h.Retries < 0:
		return fmt.Errorf("invalid retries %d of a health check: 1 or more, or 0 for the default", h.Retries)
	}
	return nil
}

// command is the check as the shim runs it.
func (h *Healthcheck) command(shell []string) *protocol.Check {
	args := h.Args
	if h.Shell {
		if len(shell) == 0 {
			shell = []string{"/bin/sh", "-c"}
		}
		args = append(slices.Clone(shell), args...)
	}
	return &protocol.Check{
		Command: args, StartPeriod: h.StartPeriod,
		Timeout: or(h.Timeout, defaultCheckTimeout), Interval: or(h.Interval, defaultCheckInterval),
		Retries: or(h.Retries, defaultCheckRetries), MaxPause: or(h.StartInterval, defaultCheckPause),
	}
}

func or[T int | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}
