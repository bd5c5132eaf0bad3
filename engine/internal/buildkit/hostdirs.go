package buildkit

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// hostDirs are the folders of the host that the daemon may read, by name.
type hostDirs struct {
	mu     sync.Mutex
	byName map[string]fsutil.FS
}

func newHostDirs() *hostDirs { return &hostDirs{byName: map[string]fsutil.FS{}} }

// LookupDir implements filesync.DirSource.
func (h *hostDirs) LookupDir(name string) (fsutil.FS, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fs, ok := h.byName[name]
	return fs, ok
}

func (h *hostDirs) add(name string, fs fsutil.FS) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.byName[name] = fs
}

// HostDir describes a folder of the host to load.
type HostDir struct {
	// Name tells loads of one session apart: the same name is the same load.
	Name string
	// FS is what is loaded; excluded files never travel.
	FS      fsutil.FS
	Include []string
	Exclude []string
	// Hint names the folder across sessions, so that only what changed since
	// the last load is sent. Usually its absolute path.
	Hint  string
	Label string
	// Folder is the name of a folder at the root of the state that the files lie
	// in; empty: they lie at the root. What names files by content, such as the
	// cache keys of execs, needs one: BuildKit takes the root itself to be one
	// thing while it loads, and another once an exec has had it mounted.
	Folder string
}

// HostDir returns the state of a folder of the host. It is loaded when first
// evaluated, once in a session; files are owned by root.
func (s *Session) HostDir(dir HostDir) (llb.State, error) {
	owned, err := fsutil.NewFilterFS(dir.FS, &fsutil.FilterOpt{IncludePatterns: dir.Include, ExcludePatterns: dir.Exclude, Map: ownedByRoot})
	if err != nil {
		return llb.State{}, err
	}
	if dir.Folder != "" {
		owned = prefixFS{dir.Folder, owned}
	}
	s.dirs.add(dir.Name, owned)
	st := llb.Local(dir.Name,
		llb.SessionID(s.sess.ID()),
		llb.SharedKeyHint(dir.Hint),
		llb.WithCustomName(dir.Label))
	s.pins.add(st, dir)
	return st, nil
}

// NotLoaded returns the folder of the host that st consists of, if it is one and
// nothing has asked for it yet.
func (s *Session) NotLoaded(st llb.State) (HostDir, bool) {
	key, err := vertexDigest(st)
	if err != nil {
		return HostDir{}, false
	}
	return s.pins.notLoaded(key)
}

// Selected is what is loaded of the folder.
func (d HostDir) Selected() (fsutil.FS, error) {
	return fsutil.NewFilterFS(d.FS, &fsutil.FilterOpt{IncludePatterns: d.Include, ExcludePatterns: d.Exclude})
}

// Without returns a load of the same folder that leaves out more: what matches
// patterns, which may have exceptions ("!").
func (d HostDir) Without(patterns []string) (HostDir, error) {
	selected, err := d.Selected()
	if err != nil {
		return d, err
	}
	d.FS, d.Include, d.Exclude = selected, nil, patterns
	key := digest.FromString(strings.Join(patterns, "\x00")).Encoded()[:16]
	d.Name += "-without-" + key
	d.Hint += " without " + key
	return d, nil
}

func ownedByRoot(_ string, st *fstypes.Stat) fsutil.MapResult {
	st.Uid, st.Gid = 0, 0
	return fsutil.MapResultKeep
}

// explain names the file that kept the folder from being loaded: names travel as
// UTF-8.
func (d HostDir) explain(ctx context.Context, err error) error {
	if err == nil || !strings.Contains(err.Error(), "invalid UTF-8") {
		return err
	}
	selected, filterErr := d.Selected()
	if filterErr != nil {
		return err
	}
	walkErr := selected.Walk(ctx, "", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && !utf8.ValidString(name) {
			return fmt.Errorf("loading a folder of the host: the file name %q is not UTF-8: rename it, or exclude it", name)
		}
		return err
	})
	if walkErr != nil {
		return walkErr
	}
	return err
}

// program is a folder with one file of this machine, which a container is to run.
// d says what to call it.
func (s *Session) program(d HostDir, file string) (dir llb.State, name string, err error) {
	if d.FS, err = fsutil.NewFS(filepath.Dir(file)); err != nil {
		return llb.State{}, "", fmt.Errorf("reading %s: %w", file, err)
	}
	name = filepath.Base(file)
	d.Include = []string{name}
	dir, err = s.HostDir(d)
	return dir, name, err
}
