package debian

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// tree is the shape of the root while packages are laid into it: which paths
// exist, who owns them and where symlinks lead. It keeps every path inside the
// root, and gives the folder and the tar the same result.
type tree struct {
	nodes map[string]node
}

type node struct {
	kind byte // tar.TypeReg, tar.TypeDir, tar.TypeSymlink
	pkg  int  // index of the owner in the lock; -1 for what no package owns
	link string
}

// errClimbs refuses paths that lead out of the root.
var errClimbs = errors.New("it leads out of the root")

// maxLinks bounds how many symlinks one path may lead through.
const maxLinks = 40

// clean turns a tar member's name into a path relative to the root. The root
// itself is "".
func clean(name string) (string, error) {
	if strings.HasPrefix(name, "/") || strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("member %q: %w", name, errClimbs)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", fmt.Errorf("member %q: %w", name, errClimbs)
		}
	}
	return strings.TrimPrefix(path.Clean("/"+name), "/"), nil
}

// follow returns the path with the symlinks among its parents replaced by what
// they lead to; with whole, the last element too.
func (t *tree) follow(name string, whole bool) (string, error) {
	done, rest := "", name
	for links := 0; rest != ""; {
		part, after, more := strings.Cut(rest, "/")
		rest = after
		switch part {
		case "", ".":
			continue
		case "..":
			if done == "" {
				return "", fmt.Errorf("%q: %w", name, errClimbs)
			}
			if done = path.Dir(done); done == "." {
				done = ""
			}
			continue
		}
		at := path.Join(done, part)
		n, exists := t.nodes[at]
		if !exists || n.kind != '2' || (!more && !whole) {
			done = at
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%q leads through too many symlinks", name)
		}
		if strings.HasPrefix(n.link, "/") {
			done = ""
		}
		rest = strings.TrimPrefix(n.link, "/") + "/" + rest
		rest = strings.TrimSuffix(rest, "/")
	}
	return done, nil
}
