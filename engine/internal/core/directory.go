package core

import (
	"os"
	"path"
	"time"

	"github.com/moby/buildkit/client/llb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Directory is a folder within a state.
type Directory struct {
	State    llb.State
	Path     string // absolute
	Platform ocispecs.Platform
	HostPath string // where it was loaded from, if from the host
}

// NewDirectory returns an empty directory.
func NewDirectory(platform ocispecs.Platform) Directory {
	return Directory{State: llb.Scratch(), Path: "/", Platform: platform}
}

// in returns the absolute path within the directory's state. Paths cannot
// leave the directory by "..".
func (d Directory) in(p string) string {
	joined := path.Join(d.Path, path.Join("/", p))
	if len(p) > 1 && p[len(p)-1] == '/' && joined != "/" {
		return joined + "/"
	}
	return joined
}

func (d Directory) edit(st llb.State) Directory {
	d.State, d.HostPath = treeOf(st), ""
	return d
}

// Directory returns a directory within d.
func (d Directory) Directory(p string) Directory {
	d.Path = path.Clean(d.in(p))
	return d
}

// File returns a file within d.
func (d Directory) File(p string) File {
	return File{State: d.State, Path: path.Clean(d.in(p)), Platform: d.Platform}
}

// Name is the last element of the directory's path, or of the host folder it
// was loaded from; "/" for a root.
func (d Directory) Name() string {
	if d.isHost() {
		return path.Base(d.HostPath)
	}
	return path.Base(d.Path)
}

// isHost reports whether d is all that was loaded of a folder of the host.
func (d Directory) isHost() bool { return d.HostPath != "" && d.Path == "/"+hostFolder }

// WithDirectory copies a directory's contents to p.
func (d Directory) WithDirectory(p string, src Directory, o CopyOptions) Directory {
	return d.edit(copyTree(d.State, d.in(p), src, o))
}

// WithFile copies a file to p.
func (d Directory) WithFile(p string, src File, o CopyOptions) Directory {
	return d.edit(copyFile(d.State, d.in(p), src.State, src.Path, o))
}

// WithFiles copies files into the folder p under their own names.
func (d Directory) WithFiles(p string, srcs []File, o CopyOptions) Directory {
	for _, src := range srcs {
		d = d.WithFile(path.Join(p, src.Name()), src, o)
	}
	return d
}

// WithNewFile writes a file.
func (d Directory) WithNewFile(p, contents string, mode os.FileMode) Directory {
	return d.edit(writeFile(d.State, d.in(p), []byte(contents), mode, ""))
}

// WithNewDirectory makes a folder.
func (d Directory) WithNewDirectory(p string, mode os.FileMode) Directory {
	return d.edit(makeFolder(d.State, d.in(p), mode))
}

// WithSymlink makes a symbolic link to target.
func (d Directory) WithSymlink(target, link string) Directory {
	return d.edit(makeSymlink(d.State, target, d.in(link)))
}

// Without removes files or folders; the paths may be patterns.
func (d Directory) Without(paths ...string) Directory {
	in := make([]string, len(paths))
	for i, p := range paths {
		in[i] = path.Clean(d.in(p))
	}
	return d.edit(removeAll(d.State, in...))
}

// WithoutExactly removes files or folders by their names, which are no patterns.
func (d Directory) WithoutExactly(paths ...string) Directory {
	in := make([]string, len(paths))
	for i, p := range paths {
		in[i] = path.Clean(d.in(p))
	}
	return d.edit(removeExactly(d.State, in...))
}

// WithTimestamps sets the modification time of everything in d.
func (d Directory) WithTimestamps(t time.Time) Directory {
	st := withTimes(d.State, d.Path, true, "/", t)
	return Directory{State: st, Path: "/", Platform: d.Platform}
}

// Filter returns a copy of d with only what the patterns let through.
func (d Directory) Filter(o CopyOptions) Directory {
	return NewDirectory(d.Platform).WithDirectory("/", d, o)
}

// Chown gives what is at p, and everything below it, to owner.
func (d Directory) Chown(p, owner string) Directory {
	at := path.Clean(d.in(p))
	if at == "/" {
		st := chown(llb.Scratch(), d.State, at, true, "/owned", owner)
		return Directory{State: treeOf(st), Path: "/owned", Platform: d.Platform}
	}
	// A copy leaves a folder that is there already as it is, so it has to go.
	return d.edit(chown(removeExactly(d.State, at), d.State, at, false, at, owner))
}

// Diff returns what other has and d has not, or has differently.
func (d Directory) Diff(other Directory) Directory {
	lower, upper := d.atRoot(), other.atRoot()
	st := llb.Diff(lower.State, upper.State, llb.WithCustomName("diff"))
	return Directory{State: treeOf(st), Path: "/", Platform: d.Platform}
}

// atRoot returns the same directory as the root of a state of its own.
func (d Directory) atRoot() Directory {
	if d.Path == "/" {
		return d
	}
	return NewDirectory(d.Platform).WithDirectory("/", d, CopyOptions{})
}
