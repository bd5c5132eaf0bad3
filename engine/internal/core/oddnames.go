package core

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// isOddName recognises what comes of names of files that are not UTF-8: BuildKit's
// protocol cannot carry them.
func isOddName(err error) bool {
	return err != nil && strings.Contains(err.Error(), "invalid UTF-8")
}

// listOdd has the shim list what is below the directory, in order of the paths, as
// far as they are wanted. Paths are relative.
func (d Directory) listOdd(ctx context.Context, s *buildkit.Session, want func(rel string) bool) ([]*fstypes.Stat, error) {
	changes, err := Changeset{Before: NewDirectory(d.Platform), After: d}.list(ctx, s, protocol.ContentsNone)
	var found []*fstypes.Stat
	for _, change := range changes {
		if rel := string(change.Path); want(rel) {
			found = append(found, &fstypes.Stat{Path: rel, Mode: change.After.Mode, Size: change.After.Size})
		}
	}
	return found, err
}

// explainName says which name has kept a tree from travelling, if one has.
func (d Directory) explainName(ctx context.Context, s *buildkit.Session, err error) error {
	if !isOddName(err) {
		return err
	}
	odd, listErr := d.listOdd(ctx, s, func(rel string) bool { return !utf8.ValidString(rel) })
	if listErr != nil || len(odd) == 0 {
		return err
	}
	return fmt.Errorf("the name %q is not UTF-8 and cannot travel: rename it, or leave it out with filter", odd[0].Path)
}
