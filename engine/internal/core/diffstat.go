package core

import (
	"context"
	"slices"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// DiffStat says how much of a path is changed.
type DiffStat struct {
	Path, OldPath string // OldPath is that of a renamed file
	Kind          string // ADDED, MODIFIED, REMOVED or RENAMED
	Added         int    // lines
	Removed       int
}

var statKinds = map[protocol.ChangeKind]string{
	protocol.ChangeAdded: "ADDED", protocol.ChangeModified: "MODIFIED", protocol.ChangeRemoved: "REMOVED",
}

// DiffStats returns how much of each path is changed, in order of the paths. Files
// that are half the same under another name are renamed, as with git.
func (c Changeset) DiffStats(ctx context.Context, s *buildkit.Session) ([]DiffStat, error) {
	changes, err := c.list(ctx, s, protocol.ContentsText)
	if err != nil {
		return nil, err
	}
	renamed := renames(changes)
	old := map[int]bool{}
	for _, from := range renamed {
		old[from] = true
	}
	stats := []DiffStat{}
	for i, change := range changes {
		if old[i] {
			continue
		}
		stat := DiffStat{Path: changedPath(change), Kind: statKinds[change.Kind]}
		before := change.Before
		if from, ok := renamed[i]; ok {
			before = changes[from].Before
			stat.OldPath, stat.Kind = changedPath(changes[from]), "RENAMED"
		}
		stat.count(inGit(before), inGit(change.After))
		stats = append(stats, stat)
	}
	slices.SortStableFunc(stats, func(a, b DiffStat) int { return strings.Compare(a.Path, b.Path) })
	return stats, nil
}

// count counts lines. Those of binary files are none.
func (d *DiffStat) count(before, after *protocol.Side) {
	var old, now string
	for _, side := range []*protocol.Side{before, after} {
		if side != nil && side.Binary {
			return
		}
	}
	if before != nil {
		old = string(before.Data)
	}
	if after != nil {
		now = string(after.Data)
	}
	for _, fragment := range textFragments(old, now) {
		d.Added += int(fragment.LinesAdded)
		d.Removed += int(fragment.LinesDeleted)
	}
}

// git's limits: how similar renamed files are, and how many pairs are looked at.
const (
	renameSimilarity = 0.5
	renameLimit      = 1000 * 1000
)

// renames finds for added files the removed ones that they were, by their places
// in changes.
func renames(changes []protocol.Change) map[int]int {
	var added, removed []int
	for i, change := range changes {
		side := change.After
		if change.Kind == protocol.ChangeRemoved {
			side = change.Before
		}
		if change.Kind == protocol.ChangeModified || inGit(side) == nil || side.Binary || len(side.Data) == 0 {
			continue
		}
		if change.Kind == protocol.ChangeAdded {
			added = append(added, i)
		} else {
			removed = append(removed, i)
		}
	}
	found := exactRenames(changes, added, removed)
	if len(added)*len(removed) <= renameLimit {
		similarRenames(changes, added, removed, found)
	}
	return found
}

// exactRenames finds files whose content has not changed.
func exactRenames(changes []protocol.Change, added, removed []int) map[int]int {
	byContent := map[string][]int{}
	for _, i := range removed {
		key := string(changes[i].Before.Data)
		byContent[key] = append(byContent[key], i)
	}
	found := map[int]int{}
	for _, i := range added {
		if same := byContent[string(changes[i].After.Data)]; len(same) > 0 {
			found[i], byContent[string(changes[i].After.Data)] = same[0], same[1:]
		}
	}
	return found
}

// similarRenames adds files of which at least half is the same, the most similar
// ones first.
func similarRenames(changes []protocol.Change, added, removed []int, found map[int]int) {
	taken := map[int]bool{}
	for _, from := range found {
		taken[from] = true
	}
	type pair struct {
		to, from int
		score    float64
	}
	var pairs []pair
	lines := map[int]map[string]int{}
	for _, from := range removed {
		if !taken[from] {
			lines[from] = lineBytes(changes[from].Before.Data)
		}
	}
	for _, to := range added {
		if _, ok := found[to]; ok {
			continue
		}
		now := lineBytes(changes[to].After.Data)
		for _, from := range removed {
			if taken[from] || (gitMode(changes[from].Before) == gitLink) != (gitMode(changes[to].After) == gitLink) {
				continue
			}
			size := max(len(changes[from].Before.Data), len(changes[to].After.Data))
			if score := float64(common(lines[from], now)) / float64(size); score >= renameSimilarity {
				pairs = append(pairs, pair{to, from, score})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	for _, p := range pairs {
		if _, ok := found[p.to]; !ok && !taken[p.from] {
			found[p.to], taken[p.from] = p.from, true
		}
	}
}

// lineBytes is how many bytes of a text are in each line that it has.
func lineBytes(text []byte) map[string]int {
	bytes := map[string]int{}
	for line := range strings.Lines(string(text)) {
		bytes[line] += len(line)
	}
	return bytes
}

func common(a, b map[string]int) int {
	sum := 0
	for line, n := range a {
		sum += min(n, b[line])
	}
	return sum
}
