package api

import (
	"context"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

type searchArgs struct {
	Pattern                    string
	Paths, Globs               []string
	Literal, Multiline, Dotall bool
	Insensitive                bool
	SkipIgnored, SkipHidden    bool
	FilesOnly                  bool
	Limit                      *int32
}

func (a searchArgs) search() protocol.Search {
	return protocol.Search{
		Pattern: a.Pattern, Literal: a.Literal, Multiline: a.Multiline, DotAll: a.Dotall, Insensitive: a.Insensitive,
		SkipIgnored: a.SkipIgnored, SkipHidden: a.SkipHidden, FilesOnly: a.FilesOnly, Limit: number(a.Limit), Paths: a.Paths, Globs: a.Globs,
	}
}

// Search looks for a pattern in the directory's files.
func (d *Directory) Search(ctx context.Context, args searchArgs) ([]*SearchResult, error) {
	found, err := d.v.Search(ctx, d.srv.session, args.search())
	return searchResults(d.derive("SearchResult", "search", args), found), wrap(err)
}

// Search looks for a pattern in the file.
func (f *File) Search(ctx context.Context, args searchArgs) ([]*SearchResult, error) {
	found, err := f.v.Search(ctx, f.srv.session, args.search())
	return searchResults(f.derive("SearchResult", "search", args), found), wrap(err)
}

func searchResults(n node, found []protocol.Match) []*SearchResult {
	results := []*SearchResult{}
	for i, match := range found {
		results = append(results, &SearchResult{n.derive("SearchResult", "", i), match})
	}
	return results
}

// SearchResult is the API's SearchResult: lines with matches.
type SearchResult struct {
	node
	v protocol.Match
}

// ID makes the object loadable.
func (r *SearchResult) ID() graphql.ID { return r.register(r) }

// FilePath is that of the file.
func (r *SearchResult) FilePath() string { return r.v.Path }

// LineNumber is that of the first line, from 1.
func (r *SearchResult) LineNumber() int32 { return int32(r.v.Line) } //nolint:gosec // lines of a file that was read

// AbsoluteOffset is where the first line starts, in bytes.
func (r *SearchResult) AbsoluteOffset() int32 { return int32(r.v.Offset) } //nolint:gosec // as above

// MatchedLines are the lines.
func (r *SearchResult) MatchedLines() string { return r.v.Lines }

// Submatches are the matches in the lines.
func (r *SearchResult) Submatches() []*SearchSubmatch {
	matches := []*SearchSubmatch{}
	for i, m := range r.v.Submatches {
		matches = append(matches, &SearchSubmatch{r.derive("SearchSubmatch", "submatches", i), m})
	}
	return matches
}

// SearchSubmatch is the API's SearchSubmatch.
type SearchSubmatch struct {
	node
	v protocol.Submatch
}

// ID makes the object loadable.
func (m *SearchSubmatch) ID() graphql.ID { return m.register(m) }

// Text is what matched.
func (m *SearchSubmatch) Text() string { return m.v.Text }

// Start is where it starts in the lines, in bytes.
func (m *SearchSubmatch) Start() int32 { return int32(m.v.Start) } //nolint:gosec // as above

// End is where it ends.
func (m *SearchSubmatch) End() int32 { return int32(m.v.End) } //nolint:gosec // as above

// LoadSearchResultFromID loads a search result.
func (*Query) LoadSearchResultFromID(ctx context.Context, a idArgs) (*SearchResult, error) {
	return load[*SearchResult](queryOf(ctx).srv, a.ID)
}

// LoadSearchSubmatchFromID loads a match.
func (*Query) LoadSearchSubmatchFromID(ctx context.Context, a idArgs) (*SearchSubmatch, error) {
	return load[*SearchSubmatch](queryOf(ctx).srv, a.ID)
}

// ToSearchResult is for GraphQL's inline fragments.
func (n *Node) ToSearchResult() (*SearchResult, bool) { return to[*SearchResult](n) }

// ToSearchSubmatch is for GraphQL's inline fragments.
func (n *Node) ToSearchSubmatch() (*SearchSubmatch, bool) { return to[*SearchSubmatch](n) }
