package core

import (
	"fmt"
	"path"
	"strings"

	"github.com/moby/buildkit/client/llb"
)

// MountKind says what is mounted.
type MountKind int

// The kinds of mounts.
const (
	MountDirectory MountKind = iota
	MountFile
	MountCache
	MountTemp
	MountSecret
)

var kindNames = map[MountKind]string{
	MountDirectory: "directory", MountFile: "file", MountCache: "cache volume", MountTemp: "temporary folder", MountSecret: "secret",
}

func (k MountKind) String() string { return kindNames[k] }

// Mount is something mounted into a container. It is seen by commands and by
// File and Directory, and is no part of the container's image.
type Mount struct {
	Kind     MountKind
	Target   string // absolute
	State    llb.State
	Path     string // within State
	ReadOnly bool

	CacheID string
	Sharing llb.CacheMountSharingMode

	Size int64 // of a temporary folder, in bytes; 0 is half the memory

	SecretID string
	UID, GID int
	Mode     int
}

// in translates a path of the container into one of the mounted state.
func (m Mount) in(p string) string {
	rel := strings.TrimPrefix(p, m.Target)
	if rel == "" {
		return m.Path
	}
	return path.Join(m.Path, rel)
}

func (m Mount) covers(p string) bool {
	p = path.Clean(p)
	return p == m.Target || strings.HasPrefix(p, strings.TrimSuffix(m.Target, "/")+"/")
}

// mountAt returns the index of the mount that holds p, or -1. What is in a
// cache volume, a temporary folder or a secret cannot be described: an error.
func (c Container) mountAt(p string) (int, error) {
	found := -1
	for i, m := range c.Mounts {
		if m.covers(p) && (found < 0 || len(m.Target) >= len(c.Mounts[found].Target)) {
			found = i
		}
	}
	if found < 0 {
		return -1, nil
	}
	switch kind := c.Mounts[found].Kind; kind {
	case MountCache, MountTemp, MountSecret:
		return -1, fmt.Errorf("%s lies in a %s, whose content only commands can reach: copy it out with withExec", p, kind)
	default:
		return found, nil
	}
}

// WithMount adds a mount, in place of one at the same target.
func (c Container) WithMount(m Mount) Container {
	m.Target = path.Clean(c.Abs(m.Target))
	if !m.ReadOnly && isHostState(m.State) {
		m = m.copied()
	}
	c = c.WithoutMount(m.Target)
	c.Mounts = append(c.Mounts, m)
	return c
}

// copied mounts a copy. A load of a folder of the host must not be mounted
// writable: BuildKit would then send all of it again in the next session, and
// not name what commands do with it by its content.
func (m Mount) copied() Mount {
	switch m.Kind {
	case MountDirectory:
		m.State, m.Path = treeOf(copyTree(llb.Scratch(), "/mount", Directory{State: m.State, Path: m.Path}, CopyOptions{})), "/mount"
	case MountFile:
		at := path.Join("/mount", path.Base(m.Path))
		m.State, m.Path = treeOf(copyFile(llb.Scratch(), at, m.State, m.Path, CopyOptions{})), at
	}
	return m
}

// WithoutMount removes the mount at p.
func (c Container) WithoutMount(p string) Container {
	c = c.clone()
	target := path.Clean(c.Abs(p))
	kept := make([]Mount, 0, len(c.Mounts)+1)
	for _, m := range c.Mounts {
		if m.Target != target {
			kept = append(kept, m)
		}
	}
	c.Mounts = kept
	return c
}

// Targets lists where something is mounted, in the order of the calls.
func (c Container) Targets() []string {
	targets := []string{}
	for _, m := range c.Mounts {
		targets = append(targets, m.Target)
	}
	return targets
}

// Owned returns a tree or file that belongs to owner, "uid:gid" or "".
func Owned(st llb.State, p string, isFile bool, owner string) (llb.State, string) {
	if owner == "" {
		return st, p
	}
	dst := "/owned"
	if isFile {
		dst = path.Join(dst, path.Base(p))
	}
	return treeOf(chown(llb.Scratch(), st, p, !isFile, dst, owner)), dst
}

// OwnedFolder is Owned for the first content of a cache volume, which may be
// empty. It depends on nothing but its arguments: a cache volume with another
// first content is another volume.
func OwnedFolder(st llb.State, p, owner string) (llb.State, string) {
	if owner == "" || st.Output() != nil {
		return Owned(st, p, false, owner)
	}
	action := llb.Mkdir("/owned", defaultDirMode, llb.WithUser(owner))
	return treeOf(llb.Scratch().File(action, llb.WithCustomName("make folder"))), "/owned"
}

// runOption is the mount in BuildKit's terms.
func (m Mount) runOption() llb.RunOption {
	switch m.Kind {
	case MountCache:
		return llb.AddMount(m.Target, m.State, llb.AsPersistentCacheDir(m.CacheID, m.Sharing), llb.SourcePath(m.Path))
	case MountTemp:
		var opts []llb.TmpfsOption
		if m.Size > 0 {
			opts = append(opts, llb.TmpfsSize(m.Size))
		}
		return llb.AddMount(m.Target, llb.Scratch(), llb.Tmpfs(opts...))
	case MountSecret:
		return llb.AddSecret(m.Target, llb.SecretID(m.SecretID), llb.SecretFileOpt(m.UID, m.GID, m.Mode))
	default:
		opts := []llb.MountOption{llb.SourcePath(m.Path)}
		if m.ReadOnly {
			opts = append(opts, llb.Readonly)
		}
		return llb.AddMount(m.Target, m.State, opts...)
	}
}

// SharingMode translates the API's names.
func SharingMode(name string) llb.CacheMountSharingMode {
	switch name {
	case "PRIVATE":
		return llb.CacheMountPrivate
	case "LOCKED":
		return llb.CacheMountLocked
	default:
		return llb.CacheMountShared
	}
}
