package gitrepo

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/index"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage"
)

// writeGitDir writes what git keeps of a checkout. The same commit makes the same
// bytes: the index knows nothing of the files' times.
func writeGitDir(root *os.Root, at place, store storage.Storer, origin URL, ref Ref, entries []*index.Entry, modules []module, o CheckoutOptions) error {
	files := map[string]string{
		"HEAD":         ref.Commit + "\n",
		"config":       gitConfig(at, origin, modules),
		"description":  "Unnamed repository; edit this file 'description' to name the repository.\n",
		"info/exclude": "",
	}
	if branch := ref.Branch(); branch != "" {
		files["HEAD"] = "ref: " + ref.Name + "\n"
		files[ref.Name] = ref.Commit + "\n"
	} else if strings.HasPrefix(ref.Name, "refs/") {
		files[ref.Name] = ref.Commit + "\n"
	}
	for name, id := range o.Tags {
		files[name] = id + "\n"
	}
	history, err := historyOf(store, ref.Commit, o)
	if err != nil {
		return err
	}
	if len(history.shallow) > 0 {
		files["shallow"] = strings.Join(history.shallow, "\n") + "\n"
	}
	var idx bytes.Buffer
	if err := index.NewEncoder(&idx).Encode(&index.Index{Version: 2, Entries: entries}); err != nil {
		return err
	}
	files["index"] = idx.String()
	for _, folder := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		if err := root.MkdirAll(path.Join(at.gitDir, folder), 0o755); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := checkRef(name); err != nil {
			return err
		}
		full := path.Join(at.gitDir, name)
		if err := root.MkdirAll(path.Dir(full), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(full, []byte(files[name]), 0o644); err != nil {
			return err
		}
	}
	return writePack(root, at.gitDir, store, history.objects, o.Depth)
}

// checkRef refuses names that would lead out of the folder of refs: servers choose
// them.
func checkRef(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." || strings.HasSuffix(part, ".lock") || strings.ContainsAny(part, "\x00\\\n") {
			return fmt.Errorf("invalid ref %q", name)
		}
	}
	return nil
}

func gitConfig(at place, origin URL, modules []module) string {
	var out strings.Builder
	out.WriteString("[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n")
	if at.worktree != "" {
		up := strings.Repeat("../", strings.Count(at.gitDir, "/")+1)
		fmt.Fprintf(&out, "\tworktree = %s\n", quoteConfig(up+at.worktree))
	}
	if origin.URL != nil {
		fmt.Fprintf(&out, "[remote \"origin\"]\n\turl = %s\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n", quoteConfig(origin.Public()))
	}
	for _, m := range modules {
		fmt.Fprintf(&out, "[submodule %s]\n\tactive = true\n\turl = %s\n", quoteConfig(m.name), quoteConfig(m.url))
	}
	return out.String()
}

func quoteConfig(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}

// history are the objects of a checkout, and the commits of which those before
// are left out.
type history struct {
	objects []plumbing.Hash
	shallow []string
}

// historyOf collects what is reachable from a commit and from tags.
func historyOf(store storage.Storer, commit string, o CheckoutOptions) (history, error) {
	c := &collector{store: store, seen: map[plumbing.Hash]bool{}}
	next := []plumbing.Hash{plumbing.NewHash(commit)}
	for _, name := range slices.Sorted(maps.Keys(o.Tags)) {
		id := plumbing.NewHash(o.Tags[name])
		to, err := c.tag(id)
		if err != nil {
			return history{}, err
		}
		next = append(next, to)
	}
	shallow := map[string]bool{}
	for level := 1; len(next) > 0; level++ {
		var parents []plumbing.Hash
		for _, id := range next {
			if c.seen[id] {
				continue
			}
			found, err := c.commit(id)
			if err != nil {
				return history{}, err
			}
			if found == nil {
				continue // a tag of a tree or a file
			}
			if len(found.ParentHashes) > 0 && (o.Depth > 0 && level >= o.Depth || c.missesAny(found.ParentHashes)) {
				shallow[id.String()] = true
				continue
			}
			parents = append(parents, found.ParentHashes...)
		}
		next = parents
	}
	out := history{shallow: slices.Sorted(maps.Keys(shallow))}
	for id := range c.seen {
		out.objects = append(out.objects, id)
	}
	slices.SortFunc(out.objects, func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) })
	return out, nil
}

type collector struct {
	store storage.Storer
	seen  map[plumbing.Hash]bool
}

func (c *collector) missesAny(ids []plumbing.Hash) bool {
	return slices.ContainsFunc(ids, func(id plumbing.Hash) bool { return c.store.HasEncodedObject(id) != nil })
}

// tag notes tag objects and returns what they stand for.
func (c *collector) tag(id plumbing.Hash) (plumbing.Hash, error) {
	to, err := peel(c.store, id)
	for err == nil && id != to {
		c.seen[id] = true
		var tag *object.Tag
		if tag, err = object.GetTag(c.store, id); err == nil {
			id = tag.Target
		}
	}
	return to, err
}

// commit notes a commit and its files; nil: it is something else, and noted.
func (c *collector) commit(id plumbing.Hash) (*object.Commit, error) {
	c.seen[id] = true
	commit, err := object.GetCommit(c.store, id)
	if isMissing(err) {
		return nil, c.tree(id)
	}
	if err != nil {
		return nil, err
	}
	return commit, c.tree(commit.TreeHash)
}

func (c *collector) tree(id plumbing.Hash) error {
	c.seen[id] = true
	tree, err := object.GetTree(c.store, id)
	if isMissing(err) {
		return nil // a file
	}
	if err != nil {
		return err
	}
	for _, entry := range tree.Entries {
		switch {
		case c.seen[entry.Hash] || entry.Mode == submoduleMode:
		case entry.Mode == folderMode:
			if err := c.tree(entry.Hash); err != nil {
				return err
			}
		default:
			c.seen[entry.Hash] = true
		}
	}
	return nil
}
