package buildkit

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// readChunk is how much of a file travels in one message, in bytes: gRPC
// refuses messages over 16 MiB.
const readChunk = 4 << 20

// ErrNotExist says that a path is not there.
var ErrNotExist = fs.ErrNotExist

// Copy writes the content of a file to w, from offset off.
func (r *Ref) Copy(ctx context.Context, name string, w io.Writer) error {
	if r.Reference == nil {
		return notExist(name)
	}
	for off := 0; ; off += readChunk {
		chunk, err := r.ReadFile(ctx, gateway.ReadRequest{Filename: name, Range: &gateway.FileRange{Offset: off, Length: readChunk}})
		if err != nil {
			return pathError(name, err)
		}
		if _, err := w.Write(chunk); err != nil {
			return err
		}
		if len(chunk) < readChunk {
			return nil
		}
	}
}

// Stat returns what is at a path, following symbolic links.
func (r *Ref) Stat(ctx context.Context, name string) (*fstypes.Stat, error) {
	if r.Reference == nil {
		if path.Clean(name) == "/" {
			return &fstypes.Stat{Path: "/", Mode: uint32(fs.ModeDir | 0o755)}, nil
		}
		return nil, notExist(name)
	}
	st, err := r.StatFile(ctx, gateway.StatRequest{Path: name})
	return st, pathError(name, err)
}

// Entries lists a folder, sorted by name.
func (r *Ref) Entries(ctx context.Context, name string) ([]*fstypes.Stat, error) {
	if r.Reference == nil {
		if path.Clean(name) == "/" {
			return nil, nil
		}
		return nil, notExist(name)
	}
	entries, err := r.ReadDir(ctx, gateway.ReadDirRequest{Path: name})
	return entries, pathError(name, err)
}

// Walk calls visit for everything below root, parents first, with paths
// relative to root.
func (r *Ref) Walk(ctx context.Context, root string, visit func(rel string, st *fstypes.Stat) error) error {
	return r.walk(ctx, root, "", visit)
}

func (r *Ref) walk(ctx context.Context, root, rel string, visit func(string, *fstypes.Stat) error) error {
	entries, err := r.Entries(ctx, path.Join(root, rel))
	if err != nil {
		return err
	}
	for _, st := range entries {
		name := path.Join(rel, path.Base(st.Path))
		if err := visit(name, st); err != nil {
			if errors.Is(err, fs.SkipDir) {
				continue
			}
			return err
		}
		if st.IsDir() {
			if err := r.walk(ctx, root, name, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func notExist(name string) error {
	return &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
}

// pathError gives the daemon's "no such file" its Go type and the user's path.
func pathError(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case path.Clean(name) == "/": // is always there: it could not be unpacked
		return clean(err)
	case strings.Contains(err.Error(), "no such file or directory"):
		return notExist(name)
	case strings.Contains(err.Error(), "not a directory"):
		return &fs.PathError{Op: "read", Path: name, Err: syscall.ENOTDIR}
	default:
		return clean(err)
	}
}
