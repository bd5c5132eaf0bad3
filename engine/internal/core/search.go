package core

import (
	"context"
	"fmt"
	"path"
	"regexp"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// Search looks for what o says in the directory's files. The shim does it where
// they are. Paths are relative to the directory.
func (d Directory) Search(ctx context.Context, s *buildkit.Session, o protocol.Search) ([]protocol.Match, error) {
	if _, err := regexp.Compile(o.Expression(regexp.QuoteMeta)); err != nil {
		return nil, fmt.Errorf("search: invalid pattern %q: %w", o.Pattern, err)
	}
	trees := map[string]Directory{toolTree: d}
	args := protocol.SearchArgs(o, toolTree, toolOut)
	found, err := report(ctx, s, "search "+o.Pattern, protocol.MatchesFile, args, trees)
	if err != nil {
		return nil, err
	}
	if found == nil {
		missing, err := report(ctx, s, "search "+o.Pattern, protocol.NotFoundFile, args, trees)
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("search: %s is not in the directory: %w", missing, buildkit.ErrNotExist)
	}
	return decodeLines[protocol.Match](found)
}

// Search looks for what o says in the file, which is named by its own name.
func (f File) Search(ctx context.Context, s *buildkit.Session, o protocol.Search) ([]protocol.Match, error) {
	if err := f.Sync(ctx, s); err != nil {
		return nil, err
	}
	o.Paths = []string{f.Name()}
	return Directory{State: f.State, Path: path.Dir(f.Path), Platform: f.Platform}.Search(ctx, s, o)
}
