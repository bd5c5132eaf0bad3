package gitrepo

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// The folders of refs that have short names.
const (
	heads = "refs/heads/"
	tags  = "refs/tags/"
)

var commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// IsCommit reports whether name is a whole commit ID.
func IsCommit(name string) bool { return commitID.MatchString(name) }

// Ref is a name of a repository and the commit that it stands for.
type Ref struct {
	// Name is the whole name, such as refs/heads/main, or empty for a commit that
	// is known by its ID.
	Name   string
	Commit string
}

// Branch is the branch that the ref names, or empty.
func (r Ref) Branch() string { return after(r.Name, heads) }

func after(name, prefix string) string {
	if rest, ok := strings.CutPrefix(name, prefix); ok {
		return rest
	}
	return ""
}

// Listing is what a repository has, at one moment.
type Listing struct {
	// Refs are the objects that names stand for: commits, and tag objects.
	Refs map[string]string
	// Peeled are the commits that tag objects stand for.
	Peeled map[string]string
	// Symbolic are names that stand for other names, such as HEAD for a branch.
	Symbolic map[string]string
}

// RefError says that a repository has no such ref.
type RefError struct {
	Repository string
	Ref        string
}

func (e *RefError) Error() string {
	return fmt.Sprintf("git repository %s has no ref %q", e.Repository, e.Ref)
}

// commit returns the commit that a whole name stands for.
func (l *Listing) commit(name string) string {
	if to := l.Peeled[name]; to != "" {
		return to
	}
	return l.Refs[name]
}

// Lookup finds a ref as `git checkout` does: HEAD, a whole commit ID, a whole
// name, a branch, or a tag.
func (l *Listing) Lookup(name string) (Ref, bool) {
	if IsCommit(name) {
		return Ref{Commit: name}, true
	}
	for _, whole := range []string{name, "refs/" + strings.TrimPrefix(name, "refs/"), heads + name, tags + name} {
		commit := l.commit(whole)
		if commit == "" {
			continue
		}
		if to := l.Symbolic[whole]; to != "" {
			whole = to
		}
		return Ref{Name: whole, Commit: commit}, true
	}
	return Ref{}, false
}

// Branches are the short names of the branches that match a pattern of `git
// ls-remote`; all without patterns.
func (l *Listing) Branches(patterns []string) ([]string, error) { return l.names(heads, patterns) }

// Tags are the short names of the tags that match, as in Branches.
func (l *Listing) Tags(patterns []string) ([]string, error) { return l.names(tags, patterns) }

func (l *Listing) names(prefix string, patterns []string) ([]string, error) {
	matchers, err := compile(patterns)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, name := range slices.Sorted(maps.Keys(l.Refs)) {
		short, ok := strings.CutPrefix(name, prefix)
		if ok && matches(matchers, name) {
			names = append(names, short)
		}
	}
	return names, nil
}

// LatestVersion is the tag with the highest semantic version, such as v1.2.3.
func (l *Listing) LatestVersion() (Ref, bool) {
	names, _ := l.Tags(nil)
	versions := slices.DeleteFunc(names, func(name string) bool { return !semver.IsValid(name) })
	if len(versions) == 0 {
		return Ref{}, false
	}
	semver.Sort(versions)
	return l.Lookup(tags + versions[len(versions)-1])
}

func matches(matchers []*regexp.Regexp, name string) bool {
	return len(matchers) == 0 || slices.ContainsFunc(matchers, func(m *regexp.Regexp) bool { return m.MatchString(name) })
}

var posixClass = regexp.MustCompile(`^\[:[a-z]+:\]`)

// compile translates patterns: * and ? match slashes too, and a pattern matches
// the end of a name, from a slash on.
func compile(patterns []string) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	for _, pattern := range patterns {
		m, err := regexp.Compile(`^(.*/)?` + translate(pattern) + `$`)
		if err != nil {
			return nil, fmt.Errorf("invalid pattern %q for names of git refs", pattern)
		}
		out = append(out, m)
	}
	return out, nil
}

func translate(pattern string) string {
	var out strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			out.WriteString(".*")
		case '?':
			out.WriteByte('.')
		case '[':
			class := characterClass(pattern[i:])
			i += class.length - 1
			out.WriteString(class.expr)
		case '\\':
			if i+1 < len(pattern) {
				i++
			}
			out.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			out.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return out.String()
}

type class struct {
	expr   string
	length int // in the pattern
}

// characterClass translates a class at the start of a pattern. One that does not
// end makes an expression that does not compile.
func characterClass(pattern string) class {
	out := "["
	i := 1
	if i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^') {
		out += "^"
		i++
	}
	for first := true; i < len(pattern); first = false {
		posix := posixClass.FindString(pattern[i:])
		switch {
		case posix != "":
			out += posix
			i += len(posix)
			continue
		case pattern[i] == ']' && !first:
			return class{out + "]", i + 1}
		case pattern[i] == '\\' && i+1 < len(pattern):
			out += pattern[i : i+2]
			i += 2
			continue
		case pattern[i] == '[' || pattern[i] == ']' || pattern[i] == '^':
			out += `\`
		}
		out += pattern[i : i+1]
		i++
	}
	return class{out, len(pattern)}
}
