package core

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tonistiigi/fsutil"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/gitrepo"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// unusedCheckouts is how long a checkout that nothing uses is kept.
const unusedCheckouts = 14 * 24 * time.Hour

// GitTreeOptions say what a checkout has beside the files.
type GitTreeOptions struct {
	DiscardGitDir bool
	Depth         int // in commits; 0: all
	IncludeTags   bool
}

// Tree returns the files of a ref's commit. This machine fetches them, with its own
// logins, and keeps them for later sessions; the daemon gets files only.
func (g *Git) Tree(ctx context.Context, s *buildkit.Session, ref GitRef, o GitTreeOptions) (Directory, error) {
	if o.Depth < 0 {
		return Directory{}, fmt.Errorf("invalid depth %d: it is a number of commits, or 0 for all", o.Depth)
	}
	options := gitrepo.CheckoutOptions{DiscardGitDir: o.DiscardGitDir || ref.Repository.Discard, Depth: o.Depth}
	if o.IncludeTags && !options.DiscardGitDir {
		listing, err := g.Listing(ctx, ref.Repository)
		if err != nil {
			return Directory{}, err
		}
		options.Tags = tagsOf(listing)
	}
	if options.DiscardGitDir {
		options.Depth = 1
	}
	key, err := checkoutKey(ref, options)
	if err != nil {
		return Directory{}, err
	}
	dir, err := g.checkouts.do(ctx, key, func(ctx context.Context) (string, error) {
		return keptCheckout(ctx, key, ref, options)
	})
	if err != nil {
		return Directory{}, err
	}
	folder, err := fsutil.NewFS(dir)
	if err != nil {
		return Directory{}, err
	}
	name := ref.Repository.Repo.Name()
	st, err := s.HostDir(buildkit.HostDir{
		Name: "git:" + key, FS: folder, Hint: dir, Folder: hostFolder,
		Label: fmt.Sprintf("git %s at %s", name, ref.Commit),
	})
	// It has no name of its own, as the root of a host has none.
	return Directory{State: st, Path: "/" + hostFolder, Platform: s.Platform(), HostPath: "/"}, err
}

func tagsOf(listing *gitrepo.Listing) map[string]string {
	out := map[string]string{}
	for name, id := range listing.Refs {
		if strings.HasPrefix(name, "refs/tags/") {
			out[name] = id
		}
	}
	return out
}

// checkoutKey names a checkout: the same key is the same files, whoever asks.
func checkoutKey(ref GitRef, o gitrepo.CheckoutOptions) (string, error) {
	name := ref.Name
	if o.DiscardGitDir {
		name = ""
	}
	key, err := json.Marshal([]any{"1", ref.Repository.Key, ref.Commit, name, o})
	if ref.Repository.URL != "" {
		key, err = json.Marshal([]any{"1", ref.Repository.Repo.Name(), ref.Commit, name, o})
	}
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:16]), err
}

// keptCheckout returns the folder of a checkout, which other processes share.
func keptCheckout(ctx context.Context, key string, ref GitRef, o gitrepo.CheckoutOptions) (string, error) {
	base, err := cachedir.Ensure("git")
	if err != nil {
		return "", err
	}
	unlock, err := cachedir.Lock(ctx, filepath.Join(base, key+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	kept := filepath.Join(base, key)
	now := time.Now()
	if os.Chtimes(kept, now, now) == nil {
		return filepath.Join(kept, "tree"), nil
	}
	removeUnused(base, now.Add(-unusedCheckouts))
	making, err := os.MkdirTemp(base, "making-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(making)
	tree := filepath.Join(making, "tree")
	if err := os.Mkdir(tree, 0o755); err != nil {
		return "", err
	}
	if err := gitrepo.Checkout(ctx, ref.Repository.Repo, ref.Ref, tree, o); err != nil {
		return "", err
	}
	if err := os.Rename(making, kept); err != nil {
		if _, statErr := os.Stat(kept); statErr != nil {
			return "", err
		} // else another process was there first: it has the same
	}
	return filepath.Join(kept, "tree"), nil
}

// removeUnused removes the checkouts that were not used since, as far as it can.
func removeUnused(base string, since time.Time) {
	entries, err := os.ReadDir(base)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.ModTime().Before(since) {
			_ = os.RemoveAll(filepath.Join(base, entry.Name()))
		}
	}
}
