// Package core holds the values behind the Dagger API: immutable descriptions
// of containers, directories and files that become LLB. Making one costs
// nothing; a buildkit.Session evaluates it. Start with NewContainer and
// NewDirectory.
package core

import (
	"fmt"
	"os"
	"path"
	"time"

	"github.com/moby/buildkit/client/llb"
)

// Default permissions of files and folders that the API creates.
const (
	defaultFileMode = 0o644
	defaultDirMode  = 0o755
)

// treeOf drops everything but the file system from a state: what an exec's
// state remembers of its environment belongs to the Container.
func treeOf(st llb.State) llb.State {
	if st.Output() == nil {
		return llb.Scratch()
	}
	return llb.NewState(st.Output())
}

// CopyOptions say what is copied and how it looks at its destination.
type CopyOptions struct {
	Include     []string
	Exclude     []string
	Owner       string      // "uid:gid"; "" keeps
	Permissions os.FileMode // 0 keeps
}

func (o CopyOptions) info() *llb.CopyInfo {
	info := &llb.CopyInfo{
		CreateDestPath:  true,
		IncludePatterns: o.Include,
		ExcludePatterns: o.Exclude,
		// A file replaces what is in its way, as the API's users expect of with… calls.
		AlwaysReplaceExistingDestPaths: true,
	}
	if o.Permissions != 0 {
		info.Mode = &llb.ChmodOpt{Mode: o.Permissions}
	}
	return info
}

func copyOptions(info *llb.CopyInfo, owner string) []llb.CopyOption {
	opts := []llb.CopyOption{info}
	if owner != "" {
		opts = append(opts, llb.WithUser(owner))
	}
	return opts
}

// copyTree copies the contents of src into the folder dst of st.
func copyTree(st llb.State, dst string, src Directory, o CopyOptions) llb.State {
	info := o.info()
	info.CopyDirContentsOnly = true
	return copyTo(st, dst, path.Dir(path.Clean(dst)), src.State, src.Path, info, o)
}

// copyFile copies the file src to the path dst of st, or into the folder dst.
func copyFile(st llb.State, dst string, src llb.State, srcPath string, o CopyOptions) llb.State {
	parent := path.Dir(dst) // dst itself where it ends in a slash
	return copyTo(st, dst, parent, src, srcPath, o.info(), o)
}

func copyTo(st llb.State, dst, parent string, src llb.State, srcPath string, info *llb.CopyInfo, o CopyOptions) llb.State {
	info.FollowSymlinks = true // the source is what its path leads to
	opts := copyOptions(info, o.Owner)
	action := llb.Copy(src, srcPath, dst, opts...)
	if parent != "/" && (o.Owner != "" || o.Permissions != 0) {
		// Else BuildKit would give the folders above the same owner and permissions.
		action = llb.Mkdir(parent, defaultDirMode, llb.WithParents(true)).Copy(src, srcPath, dst, opts...)
	}
	return st.File(action, llb.WithCustomName("copy "+dst))
}

// writeFile makes a file, and the folders above it that are missing.
func writeFile(st llb.State, dst string, contents []byte, mode os.FileMode, owner string) llb.State {
	dst = path.Clean(dst)
	if mode == 0 {
		mode = defaultFileMode
	}
	var opts []llb.MkfileOption
	if owner != "" {
		opts = append(opts, llb.WithUser(owner))
	}
	action := llb.Mkfile(dst, mode, contents, opts...)
	if parent := path.Dir(dst); parent != "/" {
		action = llb.Mkdir(parent, defaultDirMode, llb.WithParents(true)).Mkfile(dst, mode, contents, opts...)
	}
	return st.File(action, llb.WithCustomName("write "+dst))
}

// makeFolder makes a folder, and those above it that are missing.
func makeFolder(st llb.State, dst string, mode os.FileMode) llb.State {
	if mode == 0 {
		mode = defaultDirMode
	}
	return st.File(llb.Mkdir(dst, mode, llb.WithParents(true)), llb.WithCustomName("make folder "+dst))
}

// removeAll removes paths, which may be patterns. What is not there is no error.
func removeAll(st llb.State, paths ...string) llb.State {
	return remove(st, paths, llb.WithAllowNotFound(true), llb.WithAllowWildcard(true))
}

// removeExactly removes paths, whatever characters are in them: BuildKit does not
// find what a pattern without wildcards escapes.
func removeExactly(st llb.State, paths ...string) llb.State {
	return remove(st, paths, llb.WithAllowNotFound(true))
}

func remove(st llb.State, paths []string, opts ...llb.RmOption) llb.State {
	var action *llb.FileAction
	for _, p := range paths {
		if action == nil {
			action = llb.Rm(p, opts...)
		} else {
			action = action.Rm(p, opts...)
		}
	}
	if action == nil {
		return st
	}
	return st.File(action, llb.WithCustomName(fmt.Sprintf("remove %q", paths)))
}

func makeSymlink(st llb.State, target, link string) llb.State {
	action := llb.Symlink(target, link)
	if parent := path.Dir(link); parent != "/" {
		action = llb.Mkdir(parent, defaultDirMode, llb.WithParents(true)).Symlink(target, link)
	}
	return st.File(action, llb.WithCustomName("link "+link))
}

// withTimes returns a copy of the tree at src in which everything was last
// modified at t.
func withTimes(src llb.State, srcPath string, contentsOnly bool, dst string, t time.Time) llb.State {
	info := &llb.CopyInfo{CopyDirContentsOnly: contentsOnly, CreateDestPath: true, FollowSymlinks: true, CreatedTime: &t}
	return llb.Scratch().File(llb.Copy(src, srcPath, dst, info), llb.WithCustomName("set times"))
}

// chown returns base with a copy of the tree at src that belongs to owner.
func chown(base, src llb.State, srcPath string, contentsOnly bool, dst, owner string) llb.State {
	info := &llb.CopyInfo{CopyDirContentsOnly: contentsOnly, CreateDestPath: true, FollowSymlinks: true}
	return base.File(llb.Copy(src, srcPath, dst, info, llb.WithUser(owner)), llb.WithCustomName("chown "+dst))
}
