package buildkit

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// prefixFS is a file system with another one in a folder at its root. Symbolic
// links stay as they are, which fsutil.SubDirFS leads into the folder.
type prefixFS struct {
	folder string
	inner  fsutil.FS
}

// Walk implements fsutil.FS. It always walks everything.
func (p prefixFS) Walk(ctx context.Context, _ string, fn fs.WalkDirFunc) error {
	folder := &fstypes.Stat{Path: p.folder, Mode: uint32(os.ModeDir | 0o755)}
	if err := fn(p.folder, &fsutil.DirEntryInfo{Stat: folder}, nil); err != nil {
		return err
	}
	return p.inner.Walk(ctx, "", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		seen, ok := info.Sys().(*fstypes.Stat)
		if !ok {
			return &fs.PathError{Op: "walk", Path: name, Err: fs.ErrInvalid}
		}
		st := seen.Clone()
		st.Path = path.Join(p.folder, st.Path)
		if st.Linkname != "" && info.Mode()&fs.ModeSymlink == 0 { // another name of a file before it
			st.Linkname = path.Join(p.folder, st.Linkname)
		}
		return fn(path.Join(p.folder, name), &fsutil.DirEntryInfo{Stat: st}, nil)
	})
}

// Open implements fsutil.FS.
func (p prefixFS) Open(name string) (io.ReadCloser, error) {
	inner, ok := strings.CutPrefix(path.Clean(name), p.folder+"/")
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return p.inner.Open(inner)
}
