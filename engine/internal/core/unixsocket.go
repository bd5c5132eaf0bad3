package core

import (
	"path"
	"slices"

	"github.com/moby/buildkit/client/llb"
)

// UnixSocket is a socket of the host at a path of the container, which commands
// can connect to.
type UnixSocket struct {
	Target   string // absolute
	ID       string // at the daemon
	UID, GID int    // who may connect, beside root
}

// WithUnixSocket adds a socket, in place of one at the same path.
func (c Container) WithUnixSocket(u UnixSocket) Container {
	c = c.WithoutUnixSocket(u.Target)
	u.Target = path.Clean(c.Abs(u.Target))
	c.Sockets = append(c.Sockets, u)
	return c
}

// WithoutUnixSocket removes the socket at p.
func (c Container) WithoutUnixSocket(p string) Container {
	c = c.clone()
	target := path.Clean(c.Abs(p))
	c.Sockets = slices.DeleteFunc(c.Sockets, func(u UnixSocket) bool { return u.Target == target })
	return c
}

// runOption is the socket in BuildKit's terms.
func (u UnixSocket) runOption() llb.RunOption {
	const mode = 0o600
	return llb.AddSSHSocket(llb.SSHID(u.ID), llb.SSHSocketOpt(u.Target, u.UID, u.GID, mode))
}
