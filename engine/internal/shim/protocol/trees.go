package protocol

import "encoding/json"

// ChangeKind is how a path differs between two trees.
type ChangeKind string

// The kinds of changes. A path of which the type changes between folder and
// anything else is removed and added.
const (
	ChangeAdded    ChangeKind = "A"
	ChangeModified ChangeKind = "M"
	ChangeRemoved  ChangeKind = "R"
)

// Contents says of which changes the shim hands out what is in the files.
type Contents string

// What is handed out: nothing, texts (of binary files it is only said that they
// are such), or all.
const (
	ContentsNone Contents = "none"
	ContentsText Contents = "text"
	ContentsAll  Contents = "all"
)

// Change is one line of what CompareArgs has the shim write, in JSON. Names of
// files need not be UTF-8, so they are bytes.
type Change struct {
	Path   []byte     `json:"p"` // relative, without a slash at its end
	Kind   ChangeKind `json:"k"`
	Before *Side      `json:"b,omitempty"`
	After  *Side      `json:"a,omitempty"`
}

// Side is what is at a path in one of the trees.
type Side struct {
	Mode   uint32 `json:"m"` // as in io/fs
	Size   int64  `json:"s,omitempty"`
	Binary bool   `json:"x,omitempty"` // known where contents were asked for
	Data   []byte `json:"d,omitempty"` // content, or the target of a link
}

// ChangesFile is what the shim writes in the folder out.
const ChangesFile = "changes"

// CompareArgs are the shim's arguments, after its own name, that have it list what
// is different between two trees, as git sees it: types, contents, targets of
// links, and whether files may be executed.
func CompareArgs(before, after, out string, contents Contents) []string {
	return []string{"compare", before, after, out, string(contents)}
}

// ApplyArgs are those that have it make the same changes in the tree at target.
func ApplyArgs(before, after, target string) []string {
	return []string{"apply", before, after, target}
}

// DigestFile is what the shim writes in the folder out.
const DigestFile = "digest"

// DigestArgs are those that have it compute the digest of a tree: of names, types,
// permissions, owners, contents and targets of links, not of times.
func DigestArgs(tree, out string) []string { return []string{"digest", tree, out} }

// Search says what to look for in the files of a tree.
type Search struct {
	Pattern     string   `json:"pattern"`
	Literal     bool     `json:"literal,omitempty"`
	Multiline   bool     `json:"multiline,omitempty"` // matches may go over several lines
	DotAll      bool     `json:"dotAll,omitempty"`    // . matches the ends of lines, too
	Insensitive bool     `json:"insensitive,omitempty"`
	SkipIgnored bool     `json:"skipIgnored,omitempty"` // by .gitignore, .ignore and .rgignore
	SkipHidden  bool     `json:"skipHidden,omitempty"`
	FilesOnly   bool     `json:"filesOnly,omitempty"`
	Limit       int      `json:"limit,omitempty"` // of matches, 0 is none
	Paths       []string `json:"paths,omitempty"` // relative to the tree; none is all of it
	Globs       []string `json:"globs,omitempty"`
}

// Match is one line of what the shim writes in the file MatchesFile, in JSON.
type Match struct {
	Path       string     `json:"path"`
	Line       int        `json:"line,omitempty"`   // from 1
	Offset     int        `json:"offset,omitempty"` // of the first line, in bytes
	Lines      string     `json:"lines,omitempty"`
	Submatches []Submatch `json:"submatches,omitempty"`
}

// Submatch is a match within the lines of a Match, in bytes.
type Submatch struct {
	Text  string `json:"text"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Files that the shim writes in the folder out of a search. NotFoundFile holds a
// path that was asked for and is not there.
const (
	MatchesFile  = "matches"
	NotFoundFile = "notFound"
)

// SearchArgs are the arguments that have the shim search a tree.
func SearchArgs(s Search, tree, out string) []string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings, booleans and numbers only: cannot fail
	}
	return []string{"search", string(b), tree, out}
}

// Expression is the regular expression that s looks for.
func (s Search) Expression(quote func(string) string) string {
	pattern := s.Pattern
	if s.Literal {
		pattern = quote(pattern)
	}
	flags := "m"
	if s.Insensitive {
		flags += "i"
	}
	if s.Multiline && s.DotAll {
		flags += "s"
	}
	return "(?" + flags + ":" + pattern + ")"
}
