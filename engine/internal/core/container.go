package core

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Container is a root file system, what is mounted into it, and how commands
// run there. Its methods return changed copies.
type Container struct {
	Platform ocispecs.Platform
	FS       llb.State
	Config   dockerspec.DockerOCIImageConfig
	ImageRef string     // of the image it came from, with digest; "" if none
	Base     *BaseImage // whose layers its images keep; nil if none

	Mounts      []Mount
	SecretEnv   []SecretEnv
	Ports       []Port
	Bindings    []Binding
	Sockets     []UnixSocket
	Annotations []KeyValue
	Last        *Exec // the last command, or nil

	DefaultTerminal TerminalOptions
}

// KeyValue is an entry of an ordered map.
type KeyValue struct{ Key, Value string }

// SecretEnv is an environment variable whose value only execs see.
type SecretEnv struct {
	Name string
	ID   string // of the secret in the session
	// Volatile marks a plain value that merely stays out of the cache key: it is
	// not scrubbed from output.
	Volatile bool
}

// NewContainer returns an empty container.
func NewContainer(platform ocispecs.Platform) Container {
	return Container{Platform: platform, FS: llb.Scratch()}
}

// clone makes the slices of a copy its own.
func (c Container) clone() Container {
	c.Config.Env = slices.Clone(c.Config.Env)
	c.Mounts = slices.Clip(c.Mounts) // many, and large: who changes one copies them
	c.SecretEnv = slices.Clone(c.SecretEnv)
	c.Ports = slices.Clone(c.Ports)
	c.Bindings = slices.Clone(c.Bindings)
	c.Sockets = slices.Clone(c.Sockets)
	c.Annotations = slices.Clone(c.Annotations)
	labels := make(map[string]string, len(c.Config.Labels))
	for k, v := range c.Config.Labels {
		labels[k] = v
	}
	c.Config.Labels = labels
	return c
}

// Abs returns p as an absolute path: relative ones start at the working folder.
// A trailing slash is kept.
func (c Container) Abs(p string) string {
	abs := p
	if !path.IsAbs(p) {
		abs = path.Join("/", c.Config.WorkingDir, p)
	}
	clean := path.Clean(abs)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// Expand replaces ${VAR} and $VAR in s by the container's environment. What
// only execs see has no value here: an error.
func (c Container) Expand(s string) (string, error) {
	var hidden error
	expanded := os.Expand(s, func(name string) string {
		if slices.ContainsFunc(c.SecretEnv, func(e SecretEnv) bool { return e.Name == name }) {
			hidden = fmt.Errorf("expanding %q: %s is a secret or volatile variable, whose value only commands see", s, name)
		}
		value, _ := c.EnvVariable(name)
		return value
	})
	return expanded, hidden
}

// WithRootfs replaces the root file system.
func (c Container) WithRootfs(d Directory) Container {
	c = c.clone()
	c.FS, c.Base = d.atRoot().State, nil
	return c
}

// Rootfs is the root file system without mounts.
func (c Container) Rootfs() Directory {
	return Directory{State: c.FS, Path: "/", Platform: c.Platform}
}

// edit changes the tree that holds p: the root file system, or what is mounted
// there. change gets the state and the path within it.
func (c Container) edit(p string, change func(st llb.State, at string) llb.State) (Container, error) {
	i, err := c.mountAt(p)
	if err != nil {
		return c, err
	}
	c = c.clone()
	if i < 0 {
		c.FS = treeOf(change(c.FS, p))
		return c, nil
	}
	c.Mounts = slices.Clone(c.Mounts)
	m := &c.Mounts[i]
	m.State = treeOf(change(m.State, m.in(p)))
	return c, nil
}

// Directory returns a folder of the container; mounts are included.
func (c Container) Directory(p string) (Directory, error) {
	st, at, err := c.lookup(p)
	return Directory{State: st, Path: path.Clean(at), Platform: c.Platform}, err
}

// File returns a file of the container; mounts are included.
func (c Container) File(p string) (File, error) {
	st, at, err := c.lookup(p)
	return File{State: st, Path: path.Clean(at), Platform: c.Platform}, err
}

func (c Container) lookup(p string) (llb.State, string, error) {
	abs := c.Abs(p)
	i, err := c.mountAt(abs)
	if err != nil {
		return llb.State{}, "", err
	}
	if i < 0 {
		return c.FS, abs, nil
	}
	return c.Mounts[i].State, c.Mounts[i].in(abs), nil
}

// WithDirectory copies a directory's contents to p.
func (c Container) WithDirectory(p string, src Directory, o CopyOptions) (Container, error) {
	return c.edit(c.Abs(p), func(st llb.State, at string) llb.State { return copyTree(st, at, src, o) })
}

// WithFile copies a file to p.
func (c Container) WithFile(p string, src File, o CopyOptions) (Container, error) {
	return c.edit(c.Abs(p), func(st llb.State, at string) llb.State { return copyFile(st, at, src.State, src.Path, o) })
}

// WithFiles copies files into the folder p under their own names.
func (c Container) WithFiles(p string, srcs []File, o CopyOptions) (Container, error) {
	var err error
	for _, src := range srcs {
		if c, err = c.WithFile(path.Join(p, src.Name()), src, o); err != nil {
			return c, err
		}
	}
	return c, nil
}

// WithNewFile writes a file.
func (c Container) WithNewFile(p, contents string, mode os.FileMode, owner string) (Container, error) {
	return c.edit(c.Abs(p), func(st llb.State, at string) llb.State { return writeFile(st, at, []byte(contents), mode, owner) })
}

// WithSymlink makes a symbolic link to target.
func (c Container) WithSymlink(target, link string) (Container, error) {
	return c.edit(c.Abs(link), func(st llb.State, at string) llb.State { return makeSymlink(st, target, at) })
}

// Without removes files or folders; the paths may be patterns.
func (c Container) Without(paths ...string) (Container, error) {
	var err error
	for _, p := range paths {
		abs := path.Clean(c.Abs(p))
		if c, err = c.edit(abs, func(st llb.State, at string) llb.State { return removeAll(st, at) }); err != nil {
			return c, err
		}
	}
	return c, nil
}

func fileMode(mode int) os.FileMode { return os.FileMode(mode) } //nolint:gosec // permission bits
