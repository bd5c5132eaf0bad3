package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// PatchError says why a patch cannot be applied. Nothing of it is applied then.
type PatchError struct {
	Path string // of the file, "" where there is no patch at all
	Err  error
}

func (e *PatchError) Error() string {
	if e.Path == "" {
		return "applying a patch: " + e.Err.Error()
	}
	return fmt.Sprintf("applying a patch to %s: %s", e.Path, e.Err)
}

func (e *PatchError) Unwrap() error { return e.Err }

// WithPatch returns the directory with a patch applied, as `git apply` does it: the
// first part of names is dropped, hunks may have moved, but have to fit exactly.
// Only the files that it names travel. An empty patch changes nothing.
func (d Directory) WithPatch(ctx context.Context, s *buildkit.Session, patch string) (Directory, error) {
	if strings.TrimSpace(patch) == "" {
		return d, nil
	}
	files, _, err := gitdiff.Parse(strings.NewReader(patch))
	if err != nil {
		return d, &PatchError{Err: err}
	}
	if len(files) == 0 {
		return d, &PatchError{Err: errors.New("there is no valid patch in it")}
	}
	p := patching{session: s, to: d}
	for _, file := range files {
		if !strings.Contains(patch, "diff --git ") {
			file.OldName, file.NewName = withoutPrefix(file.OldName), withoutPrefix(file.NewName)
		}
		if err := p.apply(ctx, file); err != nil {
			return d, err
		}
	}
	err = p.tidy(ctx)
	return p.to, err
}

func withoutPrefix(name string) string {
	if _, rest, ok := strings.Cut(name, "/"); ok {
		return rest
	}
	return name
}

// patching is a patch while it is applied.
type patching struct {
	session *buildkit.Session
	to      Directory // with what has been applied so far
	gone    []string  // files that are no more
}

// patched is a file that a patch is about.
type patched struct {
	content []byte
	mode    os.FileMode // as git has it
	perm    os.FileMode
	owner   string
}

// apply applies the part of a patch that is about one file.
func (p *patching) apply(ctx context.Context, file *gitdiff.File) error {
	name := file.NewName
	if name == "" {
		name = file.OldName
	}
	for _, n := range []string{file.OldName, file.NewName} {
		if n != "" && !fs.ValidPath(n) {
			return &PatchError{n, errors.New("the path is invalid")}
		}
	}
	before := &patched{mode: gitFile, perm: defaultFileMode}
	if file.OldName != "" {
		var err error
		if before, err = p.read(ctx, file.OldName); err != nil {
			return &PatchError{file.OldName, err}
		}
	} else if err := p.free(ctx, name); err != nil {
		return &PatchError{name, err}
	}
	after, err := before.with(file)
	if err != nil {
		return &PatchError{name, err}
	}
	p.write(file, after)
	return nil
}

// read returns what is at a name, with what the patch has changed so far.
func (p *patching) read(ctx context.Context, name string) (*patched, error) {
	st, err := p.to.Lstat(ctx, p.session, name)
	switch {
	case notThere(err):
		return nil, errors.New("there is no such file")
	case err != nil:
		return nil, err
	case st.IsDir():
		return nil, errors.New("it is a directory")
	}
	before := &patched{mode: gitFile, perm: Mode(st), owner: fmt.Sprintf("%d:%d", st.Uid, st.Gid)}
	switch mode := fs.FileMode(st.Mode); {
	case mode&fs.ModeSymlink != 0:
		before.mode, before.content = gitLink, []byte(st.Linkname)
		return before, nil
	case mode&0o100 != 0:
		before.mode = gitProgram
	}
	before.content, err = p.to.File(name).Contents(ctx, p.session)
	return before, err
}

// free makes sure that nothing is where a new file goes.
func (p *patching) free(ctx context.Context, name string) error {
	_, err := p.to.Lstat(ctx, p.session, name)
	switch {
	case err == nil:
		return errors.New("it is there already")
	case notThere(err):
		return nil
	}
	return err
}

// with returns what a patch makes of a file.
func (b *patched) with(file *gitdiff.File) (*patched, error) {
	after := *b
	if file.NewMode != 0 && file.NewMode != b.mode {
		after.mode = file.NewMode
		after.perm = file.NewMode.Perm()
	}
	if file.IsBinary && file.BinaryFragment == nil {
		return nil, errors.New("the patch does not hold what is in the binary file: make it with --binary")
	}
	if err := place(file.TextFragments, string(b.content)); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := gitdiff.Apply(&out, bytes.NewReader(b.content), file); err != nil {
		return nil, fmt.Errorf("the patch does not apply: %w", err)
	}
	after.content = out.Bytes()
	return &after, nil
}

// write takes what a patch makes of a file into the directory.
func (p *patching) write(file *gitdiff.File, after *patched) {
	if file.OldName != "" && (file.IsDelete || file.IsRename || after.mode == gitLink) {
		p.to = p.to.WithoutExactly(file.OldName)
	}
	if file.IsDelete || file.IsRename {
		p.gone = append(p.gone, file.OldName)
	}
	switch {
	case file.IsDelete:
	case after.mode == gitLink:
		p.to = p.to.WithSymlink(string(after.content), file.NewName)
	default:
		p.to = p.to.edit(writeFile(p.to.State, p.to.in(file.NewName), after.content, after.perm, after.owner))
	}
}

// tidy removes folders that the patch has emptied.
func (p *patching) tidy(ctx context.Context) error {
	looked := map[string]bool{}
	for _, name := range p.gone {
		for dir := path.Dir(name); dir != "." && !looked[dir]; dir = path.Dir(dir) {
			left, err := p.to.list(ctx, p.session, dir)
			if err != nil && !notThere(err) {
				return err
			}
			looked[dir] = true
			if len(left) > 0 {
				break
			}
			p.to = p.to.WithoutExactly(dir)
			delete(looked, path.Dir(dir))
		}
	}
	return nil
}

// place moves hunks to where what they replace is, as near as it can be to where
// they say.
func place(fragments []*gitdiff.TextFragment, text string) error {
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	earliest, moved := 0, 0
	for i, f := range fragments {
		var old []string
		for _, line := range f.Lines {
			if line.Old() {
				old = append(old, line.Line)
			}
		}
		if len(old) == 0 {
			continue // nothing says where else it could go
		}
		at, ok := nearest(lines, old, earliest, int(f.OldPosition)-1+moved, f)
		if !ok {
			return fmt.Errorf("hunk %d (%s) does not apply", i+1, f.Header())
		}
		moved = at + 1 - int(f.OldPosition)
		f.OldPosition = int64(at) + 1
		earliest = at + len(old)
	}
	return nil
}

// nearest finds lines within others, from earliest on. As with git, a hunk for the
// first line stays there, and one without context after what it changes at the end.
func nearest(lines, old []string, earliest, want int, f *gitdiff.TextFragment) (int, bool) {
	last := len(lines) - len(old)
	fits := func(at int) bool {
		if at < earliest || at > last {
			return false
		}
		if f.OldPosition <= 1 && at != 0 || f.TrailingContext == 0 && at != last {
			return false
		}
		for i, line := range old {
			if lines[at+i] != line {
				return false
			}
		}
		return true
	}
	for distance := 0; distance <= len(lines); distance++ {
		if fits(want - distance) {
			return want - distance, true
		}
		if fits(want + distance) {
			return want + distance, true
		}
	}
	return 0, false
}
