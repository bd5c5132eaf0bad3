package ociimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
	"github.com/opencontainers/go-digest"
)

// TargetError says why an archive cannot be written where it was asked for.
type TargetError struct {
	Path   string
	Reason string // what to change
	Err    error  // nil when the path itself is wrong
}

func (e *TargetError) Error() string {
	msg := fmt.Sprintf("exporting the image to %s: %s", e.Path, e.Reason)
	if e.Err != nil {
		msg += fmt.Sprintf(" (%v)", e.Err)
	}
	return msg
}

func (e *TargetError) Unwrap() error { return e.Err }

// WriteFile is Write into the file at path, mode 0644 less the umask. Parent
// folders are made. The file appears whole or not at all, and replaces one that
// is there. What stands in the way at path is a *TargetError, found before the
// images are built where that is possible.
func WriteFile(ctx context.Context, path string, images []Image, opts Options) (digest.Digest, error) {
	if err := checkTarget(path); err != nil {
		return "", err
	}
	a, err := assemble(ctx, images, opts)
	if err != nil {
		return "", err
	}
	defer a.close()
	f, err := createPending(path)
	if err != nil {
		return "", err
	}
	defer f.Cleanup()
	if err := a.writeTo(ctx, f); err != nil {
		return "", targetError(path, err)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return "", targetError(path, err)
	}
	return a.root.desc.Digest, nil
}

// checkTarget makes the folders above path and tries whether a file can be
// made there.
func checkTarget(path string) error {
	if info, err := os.Stat(path); err == nil {
		if info.IsDir() {
			return &TargetError{Path: path, Reason: "there is a folder of that name: give the name of a file, or remove the folder"}
		}
		if !info.Mode().IsRegular() {
			return &TargetError{Path: path, Reason: "what is there is not an ordinary file: give another name"}
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return targetError(path, err)
	}
	f, err := createPending(path)
	if err != nil {
		return err
	}
	if err := f.Cleanup(); err != nil {
		return targetError(path, err)
	}
	return nil
}

// createPending makes the temporary file next to path that will become it.
func createPending(path string) (*renameio.PendingFile, error) {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return nil, targetError(path, err)
	}
	return f, nil
}

// targetError puts what the system says about path in the user's terms; an
// error about something else stays as it is.
func targetError(path string, err error) error {
	reason := ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		reason = "no space left there: free some, or export to another disk"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		reason = "its folder may not be written: change its permissions, or export elsewhere"
	case errors.Is(err, syscall.ENOTDIR):
		reason = "a part of the path is a file, not a folder"
	default:
		return fmt.Errorf("exporting the image to %s: %w", path, err)
	}
	return &TargetError{Path: path, Reason: reason, Err: err}
}
