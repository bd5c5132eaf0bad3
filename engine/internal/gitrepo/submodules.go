package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

const (
	folderMode    = filemode.Dir
	submoduleMode = filemode.Submodule
)

// deepestSubmodule bounds submodules of submodules: one may name itself.
const deepestSubmodule = 16

// module is a submodule that was checked out.
type module struct{ name, url string }

// submodules checks out the submodules of a tree, each at the commit that the tree
// names, without the history before it.
func submodules(ctx context.Context, repo Repository, tree *object.Tree, w *worktree, root *os.Root, o CheckoutOptions, at place) ([]module, error) {
	if len(w.submodules) == 0 {
		return nil, nil
	}
	if at.depth >= deepestSubmodule {
		return nil, fmt.Errorf("submodules lie within each other, %d deep", at.depth)
	}
	known, err := modulesFile(tree)
	if err != nil {
		return nil, err
	}
	var out []module
	for _, p := range slices.Sorted(maps.Keys(w.submodules)) {
		sub := known[p]
		if sub == nil {
			continue // git leaves the folder empty, too
		}
		if err := checkRef(sub.Name); err != nil {
			return nil, fmt.Errorf("submodule %s: %w", p, err)
		}
		source, err := repo.Submodule(sub.URL)
		if err != nil {
			return nil, fmt.Errorf("submodule %s: %w", p, err)
		}
		within := place{worktree: path.Join(at.worktree, p), gitDir: path.Join(at.gitDir, "modules", sub.Name), depth: at.depth + 1}
		options := CheckoutOptions{DiscardGitDir: o.DiscardGitDir, Depth: 1}
		if err := checkout(ctx, source, Ref{Commit: w.submodules[p].String()}, root, options, within); err != nil {
			return nil, fmt.Errorf("submodule %s: %w", p, err)
		}
		if !o.DiscardGitDir {
			up := strings.Repeat("../", strings.Count(within.worktree, "/")+1)
			if err := root.WriteFile(path.Join(within.worktree, ".git"), []byte("gitdir: "+up+within.gitDir+"\n"), 0o644); err != nil {
				return nil, err
			}
		}
		out = append(out, module{sub.Name, source.Origin().Public()})
	}
	return out, nil
}

// modulesFile reads .gitmodules, by path.
func modulesFile(tree *object.Tree) (map[string]*config.Submodule, error) {
	file, err := tree.File(".gitmodules")
	if errors.Is(err, object.ErrFileNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	content, err := file.Contents()
	if err != nil {
		return nil, err
	}
	modules := config.NewModules()
	if err := modules.Unmarshal([]byte(content)); err != nil {
		return nil, fmt.Errorf("reading .gitmodules: %w", err)
	}
	out := map[string]*config.Submodule{}
	for _, m := range modules.Submodules {
		out[path.Clean(m.Path)] = m
	}
	return out, nil
}
