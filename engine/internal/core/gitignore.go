package core

import (
	"context"
	gofs "io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// ignoringFS hides what the .gitignore files of a folder name.
type ignoringFS struct {
	fsutil.FS
	matcher gitignore.Matcher
}

// withoutIgnored wraps the folder at root.
func withoutIgnored(folder fsutil.FS, root string) (fsutil.FS, error) {
	patterns, err := readIgnoreFiles(root, nil)
	if err != nil {
		return nil, err
	}
	return &ignoringFS{FS: folder, matcher: gitignore.NewMatcher(patterns)}, nil
}

// readIgnoreFiles collects the patterns of a folder and of those below it that
// are not ignored themselves.
func readIgnoreFiles(root string, domain []string) ([]gitignore.Pattern, error) {
	dir := filepath.Join(root, filepath.Join(domain...))
	var patterns []gitignore.Pattern
	content, err := os.ReadFile(filepath.Join(dir, ".gitignore"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	patterns = parseIgnore(string(content), domain)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	matcher := gitignore.NewMatcher(patterns)
	for _, entry := range entries {
		sub := append(append([]string{}, domain...), entry.Name())
		if !entry.IsDir() || entry.Name() == ".git" || matcher.Match(sub, true) {
			continue
		}
		below, err := readIgnoreFiles(root, sub)
		if err != nil {
			return nil, err
		}
		patterns = append(patterns, below...)
	}
	return patterns, nil
}

// WithoutIgnored returns a copy of d without what its .gitignore files name.
func (d Directory) WithoutIgnored(ctx context.Context, s *buildkit.Session) (Directory, error) {
	files, err := d.Glob(ctx, s, "**/.gitignore")
	if err != nil {
		return d, err
	}
	if len(files) == 0 {
		return d, nil
	}
	var patterns []gitignore.Pattern
	sort.Slice(files, func(i, j int) bool { return strings.Count(files[i], "/") < strings.Count(files[j], "/") })
	for _, name := range files {
		content, err := d.File(name).Contents(ctx, s)
		if err != nil {
			return d, err
		}
		patterns = append(patterns, parseIgnore(string(content), domainOf(name))...)
	}
	ignored, err := d.matching(ctx, s, gitignore.NewMatcher(patterns))
	if err != nil || len(ignored) == 0 {
		return d, err
	}
	return d.Filter(CopyOptions{}).WithoutExactly(ignored...), nil
}

func domainOf(name string) []string {
	if dir := path.Dir(name); dir != "." {
		return strings.Split(dir, "/")
	}
	return nil
}

// matching lists the topmost paths that m matches.
func (d Directory) matching(ctx context.Context, s *buildkit.Session, m gitignore.Matcher) ([]string, error) {
	var found []string
	err := s.Evaluate(ctx, d.State, d.Platform, func(ctx context.Context, ref *buildkit.Ref) error {
		return ref.Walk(ctx, d.Path, func(rel string, st *fstypes.Stat) error {
			if !m.Match(strings.Split(rel, "/"), st.IsDir()) {
				return nil
			}
			found = append(found, rel)
			return gofs.SkipDir
		})
	})
	return found, err
}

func parseIgnore(content string, domain []string) []gitignore.Pattern {
	var patterns []gitignore.Pattern
	for line := range strings.Lines(content) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, gitignore.ParsePattern(line, domain))
		}
	}
	return patterns
}

// Walk implements fsutil.FS.
func (f *ignoringFS) Walk(ctx context.Context, target string, fn gofs.WalkDirFunc) error {
	return f.FS.Walk(ctx, target, func(p string, entry gofs.DirEntry, err error) error {
		if err == nil && p != "" && p != "." && f.matcher.Match(strings.Split(filepath.ToSlash(p), "/"), entry.IsDir()) {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		return fn(p, entry, err)
	})
}
