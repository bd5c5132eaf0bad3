package engine

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Names of engines that have no address.
const (
	Embedded = "embedded"
	Dagger   = "dagger"
)

// schemes are the kinds of addresses that BuildKit daemons have.
var schemes = []string{"tcp", "unix", "docker-container", "kube-pod", "ssh"}

// choice is the engine to connect to and why.
type choice struct {
	engine string // Embedded, Dagger or an address
	why    string
}

// AddressError is an engine that cannot be understood.
type AddressError struct{ Address string }

func (e *AddressError) Error() string {
	return fmt.Sprintf("unknown engine %q: use %s, %s, or the address of a BuildKit daemon (%s://…)",
		e.Address, Embedded, Dagger, strings.Join(schemes, "://…, "))
}

// choose picks an engine from what was asked for and from the environment.
func choose(asked string, env func(string) string) (choice, error) {
	why := "asked for"
	if asked == "" && env("DAGGER_SESSION_PORT") != "" {
		return choice{Dagger, "DAGGER_SESSION_PORT is set"}, nil
	}
	if asked == "" {
		asked, why = env("BUILDKIT_HOST"), "BUILDKIT_HOST is set"
	}
	if asked == "" {
		return choice{Embedded, "no other engine is set"}, nil
	}
	return checkEngine(asked, why)
}

func checkEngine(asked, why string) (choice, error) {
	if asked == Embedded || asked == Dagger {
		return choice{asked, why}, nil
	}
	scheme, rest, ok := strings.Cut(asked, "://")
	if !ok || rest == "" || !slices.Contains(schemes, scheme) {
		return choice{}, &AddressError{asked}
	}
	return choice{asked, why}, nil
}

// Check says whether address is one that WithAddress understands.
func Check(address string) error {
	_, err := choose(address, os.Getenv)
	return err
}
