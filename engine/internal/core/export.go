package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// TargetError says why something cannot be exported to a path of the host.
type TargetError struct {
	Path string
	Err  error
}

func (e *TargetError) Error() string { return fmt.Sprintf("exporting to %s: %s", e.Path, e.Err) }

func (e *TargetError) Unwrap() error { return e.Err }

// TargetPath makes the path of an export absolute: relative ones start at the
// process's working folder, ~ is the home folder.
func TargetPath(target string) (string, error) {
	if target == "" {
		return "", errors.New("exporting: the path to write to is empty")
	}
	if rest, ok := cutHome(target); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("expanding %s: %w", target, err)
		}
		target = filepath.Join(home, rest)
	}
	return filepath.Abs(target)
}

// Export writes the file to a path of the host, by rename: it is there whole or
// not at all. A folder at the path is an error, unless intoFolder: then the file
// goes there under its own name. It returns the path written.
func (f File) Export(ctx context.Context, s *buildkit.Session, target string, intoFolder bool) (string, error) {
	if info, err := os.Stat(target); err == nil && info.IsDir() {
		if !intoFolder {
			return "", &TargetError{target, errors.New("a folder is in the way: name the file to write, or allow the folder with allowParentDirPath")}
		}
		target = filepath.Join(target, f.Name())
	}
	if f.Made {
		return target, copyHostFile(f.HostPath, target)
	}
	err := s.Evaluate(ctx, f.State, f.Platform, func(ctx context.Context, ref *buildkit.Ref) error {
		st, err := ref.Stat(ctx, f.Path)
		if err != nil {
			return err
		}
		if st.IsDir() {
			return fmt.Errorf("%s is a directory, not a file", f.Path)
		}
		return writeAtomically(target, Mode(st), func(w *renameio.PendingFile) error {
			if err := ref.Copy(ctx, f.Path, w); err != nil {
				return err
			}
			modified := time.Unix(0, st.ModTime)
			return os.Chtimes(w.Name(), modified, modified)
		})
	})
	return target, err
}

func copyHostFile(source, target string) error {
	src, err := os.Open(source)
	if err != nil {
		return err
	}
	defer src.Close()
	return writeAtomically(target, defaultFileMode, func(w *renameio.PendingFile) error {
		_, err := io.Copy(w, src)
		return err
	})
}

func writeAtomically(target string, mode os.FileMode, write func(*renameio.PendingFile) error) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return &TargetError{target, err}
	}
	pending, err := renameio.NewPendingFile(target, renameio.WithTempDir(filepath.Dir(target)), renameio.WithPermissions(mode), renameio.IgnoreUmask())
	if err != nil {
		return &TargetError{target, err}
	}
	defer func() { _ = pending.Cleanup() }()
	if err := write(pending); err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) && pathErr.Op == "write" {
			return &TargetError{target, pathErr.Err}
		}
		return err
	}
	if err := pending.CloseAtomicallyReplace(); err != nil {
		return &TargetError{target, err}
	}
	return nil
}

// Export writes the directory's contents to a folder of the host. Files that
// are there already are replaced one by one, each by rename; others stay,
// unless wipe. Where something of another kind is in the way, nothing changes.
func (d Directory) Export(ctx context.Context, s *buildkit.Session, target string, wipe bool) error {
	return d.export(ctx, s, target, func(staging *staging) error {
		if !wipe {
			return nil
		}
		return staging.putAside()
	})
}

// export is Export where prepare makes room in a target that is there.
func (d Directory) export(ctx context.Context, s *buildkit.Session, target string, prepare func(*staging) error) error {
	if err := d.Sync(ctx, s); err != nil {
		return err
	}
	staging, err := newStaging(target)
	if err != nil {
		return &TargetError{target, err}
	}
	defer staging.remove()
	if err := s.ExportDir(ctx, d.atRoot().State, d.Platform, staging.tree); err != nil {
		return &TargetError{target, d.explainName(ctx, s, err)}
	}
	if err := staging.place(prepare); err != nil {
		return &TargetError{target, err}
	}
	return nil
}
