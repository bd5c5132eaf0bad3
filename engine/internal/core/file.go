package core

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/moby/buildkit/client/llb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// File is a file within a state.
type File struct {
	State    llb.State
	Path     string // absolute
	Platform ocispecs.Platform
	// HostPath is the file on the client that this one was loaded from, or "".
	// Image archives are read from there instead of going to the daemon and back.
	HostPath string
	// Made says that this session has written the file at HostPath: it does not
	// change, and need not go to the daemon to be exported.
	Made bool
}

// NewFile returns a file with the given contents.
func NewFile(platform ocispecs.Platform, name, contents string, mode int) File {
	return NewDirectory(platform).WithNewFile(name, contents, fileMode(mode)).File(name)
}

// Name is the last element of the file's path.
func (f File) Name() string { return path.Base(f.Path) }

// WithName returns the same file under another name.
func (f File) WithName(name string) File {
	st := copyFile(llb.Scratch(), path.Join("/", name), f.State, f.Path, CopyOptions{})
	return File{State: treeOf(st), Path: path.Join("/", name), Platform: f.Platform}
}

// WithTimestamps sets the file's modification time.
func (f File) WithTimestamps(t time.Time) File {
	dst := "/" + f.Name()
	return File{State: treeOf(withTimes(f.State, f.Path, false, dst, t)), Path: dst, Platform: f.Platform}
}

// Chown gives the file to owner.
func (f File) Chown(owner string) File {
	dst := "/" + f.Name()
	return File{State: treeOf(chown(llb.Scratch(), f.State, f.Path, false, dst, owner)), Path: dst, Platform: f.Platform}
}

// Replace replaces a string by another in contents from line firstFrom on
// (counted from 1; 0 is the start): the only one, the first one if firstFrom is
// given, or all. That there is none is an error unless all, and so are several of
// which it is not said which one is meant.
func Replace(contents, search, replacement string, all bool, firstFrom int) (string, error) {
	if search == "" {
		return "", errors.New("the string to look for is empty")
	}
	at := 0
	for line := 1; line < firstFrom && at < len(contents); line++ {
		next := strings.IndexByte(contents[at:], '\n')
		if next < 0 {
			at = len(contents)
			break
		}
		at += next + 1
	}
	found := strings.Count(contents[at:], search)
	switch {
	case all:
		return contents[:at] + strings.ReplaceAll(contents[at:], search, replacement), nil
	case found == 0:
		return "", fmt.Errorf("%q is not there", search)
	case found > 1 && firstFrom == 0:
		return "", fmt.Errorf("%q is there %d times: replace all, or the first one from a line on (firstFrom)", search, found)
	}
	return contents[:at] + strings.Replace(contents[at:], search, replacement, 1), nil
}

// Lines returns limit lines of contents from line offset (counted from 0); a
// limit of 0 is all that are left.
func Lines(contents string, offset, limit int) string {
	if offset <= 0 && limit <= 0 {
		return contents
	}
	lines := strings.SplitAfter(contents, "\n")
	lines = lines[min(max(offset, 0), len(lines)):]
	if limit > 0 {
		lines = lines[:min(limit, len(lines))]
	}
	return strings.Join(lines, "")
}

// Digest returns the SHA-256 of the file's contents and, unless excluded, of its
// name and permissions.
func (f File) Digest(ctx context.Context, s *buildkit.Session, excludeMetadata bool) (string, error) {
	hash := sha256.New()
	err := s.Evaluate(ctx, f.State, f.Platform, func(ctx context.Context, ref *buildkit.Ref) error {
		st, err := ref.Stat(ctx, f.Path)
		if err != nil {
			return err
		}
		if !excludeMetadata {
			fmt.Fprintf(hash, "%s\x00%o\x00", f.Name(), Mode(st))
		}
		return ref.Copy(ctx, f.Path, hash)
	})
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), err
}
