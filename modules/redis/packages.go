package redis

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/debian"
)

// The packages, pinned.
//
//go:generate go run ./lockgen
//go:embed locks
var locks embed.FS

// Programs are the names of the servers that Debian has.
var Programs = []string{"redis", "valkey"}

// Packages returns the Debian packages for a program, and those to leave out
// although others depend on them.
func Packages(program string) (packages, without []string) {
	return []string{"coreutils", "dash", "sed", program + "-server", program + "-tools"},
		// What only maintainer scripts need, which do not run.
		[]string{"adduser", "debconf", "init-system-helpers", "netbase", "passwd", "sysvinit-utils"}
}

// The account that Debian's packages would have made.
const (
	owner  = "999:999"
	passwd = "root:x:0:0:root:/root:/bin/sh\nredis:x:999:999:Redis:/var/lib/redis:/bin/sh\n"
	group  = "root:x:0:\nredis:x:999:\n"
)

// base is the container that the server is in.
func (r *Redis) base(ctx context.Context) (*dagger.Container, error) {
	if err := r.opts.check(); err != nil {
		return nil, err
	}
	switch {
	case r.opts.Image != "":
		return r.dag.Container().From(r.opts.Image), nil
	case r.opts.Base != nil:
		return r.opts.Base, nil
	}
	program := Programs[0]
	if r.opts.Valkey {
		program = Programs[1]
	}
	own, err := fs.Sub(locks, "locks/"+program)
	if err != nil {
		return nil, err
	}
	packages, without := Packages(program)
	unpacked, err := debian.New(r.dag, debian.Options{Packages: packages, Without: without, Locks: own}).Unpacked(ctx)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	return unpacked.
		WithNewFile("/etc/passwd", passwd).
		WithNewFile("/etc/group", group).
		WithEnvVariable("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").
		WithUser(owner), nil
}
