package engine

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/dial"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
)

// Names of engines that have no address.
const (
	Embedded = "embedded"
	Dagger   = "dagger"
	// Docker is the BuildKit within the Docker daemon that DOCKER_HOST names, else that
	// of the Docker context in use, else the one at Docker's default socket.
	Docker = "docker"
)

// schemes are the kinds of addresses that BuildKit daemons have, and with docker+
// those of Docker daemons.
var schemes = []string{"tcp", "unix", "docker-container", "kube-pod", "ssh", "docker+unix", "docker+tcp", "docker+ssh"}

// choice is the engine to connect to and why.
type choice struct {
	engine string // Embedded, Dagger, Docker or an address
	why    string
}

// AddressError is an engine that cannot be understood.
type AddressError struct{ Address string }

func (e *AddressError) Error() string {
	return fmt.Sprintf("unknown engine %q: use %s, %s, %s, or the address of a BuildKit daemon (%s://…)",
		e.Address, Embedded, Docker, Dagger, strings.Join(schemes, "://…, "))
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
	for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT"} {
		if asked == "" && env(name) != "" {
			return choice{Docker, name + " is set"}, nil
		}
	}
	if asked == "" {
		return unnamed(embedded.Supported(), foundDocker()), nil
	}
	return checkEngine(asked, why)
}

// foundDocker says what leads to a Docker daemon although no variable names one, ""
// where nothing does.
func foundDocker() string {
	if name := dial.DockerContext(); name != "" {
		return "Docker context " + name
	}
	return dial.DefaultDockerSocket()
}

// unnamed picks the engine where nothing names one: the embedded one, and Docker's
// where something leads there and the embedded one cannot run.
func unnamed(cannotEmbed error, found string) choice {
	if cannotEmbed != nil && found != "" {
		return choice{Docker, fmt.Sprintf("there is %s, and %s", found, cannotEmbed)}
	}
	return choice{Embedded, "no other engine is set"}
}

func checkEngine(asked, why string) (choice, error) {
	if asked == Docker+"://" {
		asked = Docker
	}
	if asked == Embedded || asked == Dagger || asked == Docker {
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
