package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"
	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// Contents returns a file's content.
func (f File) Contents(ctx context.Context, s *buildkit.Session) ([]byte, error) {
	var buf bytes.Buffer
	err := s.Evaluate(ctx, f.State, f.Platform, func(ctx context.Context, ref *buildkit.Ref) error {
		if err := f.mustBeFile(ctx, ref); err != nil {
			return err
		}
		return ref.Copy(ctx, f.Path, &buf)
	})
	return buf.Bytes(), err
}

func (f File) mustBeFile(ctx context.Context, ref *buildkit.Ref) error {
	st, err := ref.Stat(ctx, f.Path)
	if err != nil {
		return err
	}
	if st.IsDir() {
		return fmt.Errorf("%s is a directory, not a file", f.Path)
	}
	return nil
}

// Stat returns what is known of the file.
func (f File) Stat(ctx context.Context, s *buildkit.Session) (*fstypes.Stat, error) {
	return Directory{State: f.State, Path: "/", Platform: f.Platform}.Stat(ctx, s, f.Path)
}

// Stat returns what is at p within the directory.
func (d Directory) Stat(ctx context.Context, s *buildkit.Session, p string) (*fstypes.Stat, error) {
	var st *fstypes.Stat
	err := s.Evaluate(ctx, d.State, d.Platform, func(ctx context.Context, ref *buildkit.Ref) error {
		var err error
		st, err = ref.Stat(ctx, path.Clean(d.in(p)))
		return err
	})
	return st, err
}

// Lstat returns what is at p within the directory, without following a
// symbolic link in its last element.
func (d Directory) Lstat(ctx context.Context, s *buildkit.Session, p string) (*fstypes.Stat, error) {
	at := path.Clean(d.in(p))
	if at == "/" {
		return d.Stat(ctx, s, p)
	}
	entries, err := Directory{State: d.State, Path: "/", Platform: d.Platform}.list(ctx, s, path.Dir(at))
	if err != nil {
		return nil, err
	}
	for _, st := range entries {
		if path.Base(st.Path) == path.Base(at) {
			return st, nil
		}
	}
	return nil, &fs.PathError{Op: "stat", Path: at, Err: fs.ErrNotExist}
}

// notThere reports whether an error says that a path leads nowhere.
func notThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func (d Directory) list(ctx context.Context, s *buildkit.Session, p string) ([]*fstypes.Stat, error) {
	var entries []*fstypes.Stat
	err := s.Evaluate(ctx, d.State, d.Platform, func(ctx context.Context, ref *buildkit.Ref) error {
		var err error
		entries, err = ref.Entries(ctx, path.Clean(d.in(p)))
		return err
	})
	if isOddName(err) {
		return d.Directory(p).listOdd(ctx, s, func(rel string) bool { return !strings.Contains(rel, "/") })
	}
	return entries, err
}

// Entries lists the names in folder p, with a slash after those of folders.
func (d Directory) Entries(ctx context.Context, s *buildkit.Session, p string) ([]string, error) {
	entries, err := d.list(ctx, s, p)
	names := []string{}
	for _, st := range entries {
		names = append(names, entryName(path.Base(st.Path), st))
	}
	return names, err
}

func entryName(name string, st *fstypes.Stat) string {
	if st.IsDir() {
		return name + "/"
	}
	return name
}

// maxAlternatives bounds the alternatives that a pattern's braces stand for, all in all:
// each may have to be tried on each path.
const maxAlternatives = 10_000

// validPattern refuses a glob pattern that is none, or would take for ever.
func validPattern(pattern string) error {
	if !doublestar.ValidatePattern(pattern) {
		return fmt.Errorf("invalid glob pattern %q", pattern)
	}
	ways, stack := 1, []int{}
	for _, c := range pattern {
		switch {
		case c == '{':
			stack = append(stack, 1)
		case c == ',' && len(stack) > 0:
			stack[len(stack)-1]++
		case c == '}' && len(stack) > 0:
			ways, stack = ways*stack[len(stack)-1], stack[:len(stack)-1]
		}
		if ways > maxAlternatives {
			return fmt.Errorf("glob pattern %q has more than %d alternatives: use several patterns", pattern, maxAlternatives)
		}
	}
	return nil
}

// Glob lists the paths below d that match a pattern, in which ** stands for any
// number of folders.
func (d Directory) Glob(ctx context.Context, s *buildkit.Session, pattern string) ([]string, error) {
	pattern = strings.TrimPrefix(pattern, "/")
	if err := validPattern(pattern); err != nil {
		return nil, err
	}
	matches := []string{}
	err := s.Evaluate(ctx, d.State, d.Platform, func(ctx context.Context, ref *buildkit.Ref) error {
		return ref.Walk(ctx, d.Path, func(rel string, st *fstypes.Stat) error {
			if ok, _ := doublestar.Match(pattern, rel); ok {
				matches = append(matches, entryName(rel, st))
			}
			return nil
		})
	})
	if !isOddName(err) {
		return matches, err
	}
	found, err := d.listOdd(ctx, s, func(rel string) bool { ok, _ := doublestar.Match(pattern, rel); return ok })
	matches = []string{}
	for _, st := range found {
		matches = append(matches, entryName(st.Path, st))
	}
	return matches, err
}

// Sync evaluates the directory and checks that it is one.
func (d Directory) Sync(ctx context.Context, s *buildkit.Session) error {
	st, err := d.Stat(ctx, s, "/")
	if err == nil && !st.IsDir() {
		err = fmt.Errorf("%s is a file, not a directory", d.Path)
	}
	return err
}

// Sync evaluates the file and checks that it is one.
func (f File) Sync(ctx context.Context, s *buildkit.Session) error {
	return s.Evaluate(ctx, f.State, f.Platform, f.mustBeFile)
}

// Sync runs what is still to run.
func (c Container) Sync(ctx context.Context, s *buildkit.Session) error {
	return s.Evaluate(ctx, c.FS, c.Platform, func(context.Context, *buildkit.Ref) error { return nil })
}

// ErrNoExec says that a container has no command whose output could be asked for.
var ErrNoExec = errors.New("no command has been run in this container: add one with withExec")

// Output returns what the last command has written: name is one of the shim's files.
func (c Container) Output(ctx context.Context, s *buildkit.Session, name string) (string, error) {
	if c.Last == nil {
		return "", ErrNoExec
	}
	out := File{State: c.Last.Out, Path: path.Join(outPath, name), Platform: c.Platform}
	contents, err := out.Contents(ctx, s)
	return string(contents), err
}

// ExitCode returns the exit code of the last command.
func (c Container) ExitCode(ctx context.Context, s *buildkit.Session) (int, error) {
	code, err := c.Output(ctx, s, protocol.ExitCodeFile)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(code))
}

// Mode converts permission bits of a stat.
func Mode(st *fstypes.Stat) os.FileMode { return os.FileMode(st.Mode).Perm() }
