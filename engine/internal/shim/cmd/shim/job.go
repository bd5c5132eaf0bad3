//go:build linux

package main

import (
	"os"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/scrub"
)

// job is a command that can be started.
type job struct {
	spec        protocol.Spec
	environment []string // the command's
	secrets     *scrub.Set
}

// prepare reads what the engine wants and sets up what a command needs. Without
// a job the shim ends with the returned status.
func prepare(arg string) (*job, int) {
	spec, err := protocol.Decode(arg)
	if err != nil {
		return nil, refuse(err)
	}
	host, err := readHost()
	if err != nil {
		return nil, refuse(err)
	}
	err = becomeWanted(host.Shim)
	if err == nil {
		err = checkCABundle(host.CABundle)
	}
	if err != nil {
		say(protocol.MarkerOutdated, err)
		return nil, protocol.StatusOutdated
	}
	own := withoutHost(withoutTracing(os.Environ()), spec.Services)
	j := &job{spec: spec, environment: withCABundle(own, host.CABundle)}
	if j.secrets, err = secretsOf(spec, j.environment); err != nil {
		return nil, refuse(err)
	}
	if err := bind(spec.Services, host.SharedNetwork); err != nil {
		return nil, refuse(err)
	}
	return j, 0
}
