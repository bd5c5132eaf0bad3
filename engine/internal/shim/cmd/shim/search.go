//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// searching is a search while it goes on.
type searching struct {
	protocol.Search
	tree  string
	re    *regexp.Regexp
	globs rules
	found []protocol.Match

	buffer []byte // for the next file's content
}

// errLimit ends a search that has found enough.
var errLimit = errors.New("limit reached")

// runSearch writes what was found to files in out.
func runSearch(options, tree, out string) error {
	s := searching{tree: tree}
	err := json.Unmarshal([]byte(options), &s.Search)
	if err != nil {
		return err
	}
	if s.re, err = regexp.Compile(s.Expression(regexp.QuoteMeta)); err != nil {
		return err
	}
	for _, glob := range s.Globs {
		s.globs = s.globs.add(glob, "")
	}
	paths := s.Paths
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, p := range paths {
		err := s.path(path.Clean("/" + p)[1:])
		if errors.Is(err, fs.ErrNotExist) {
			return writeFile(filepath.Join(out, protocol.NotFoundFile), p)
		}
		if err != nil && err != errLimit {
			return err
		}
	}
	return s.write(filepath.Join(out, protocol.MatchesFile))
}

func (s *searching) write(name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewWriterSize(file, 1<<16)
	encoder := json.NewEncoder(lines)
	for _, match := range s.found {
		if err := encoder.Encode(match); err != nil {
			return err
		}
	}
	if err := lines.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// path searches a path that was asked for: no pattern leaves it out.
func (s *searching) path(rel string) error {
	info, err := os.Stat(filepath.Join(s.tree, rel))
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return s.file(rel, false)
	}
	var ignored rules
	if s.SkipIgnored {
		for _, above := range parents(rel) {
			ignored = ignored.read(s.tree, above)
		}
	}
	return s.folder(rel, ignored)
}

// parents are the folders above rel, the topmost first.
func parents(rel string) []string {
	if rel == "" {
		return nil
	}
	all := []string{""}
	for i, c := range rel {
		if c == '/' {
			all = append(all, rel[:i])
		}
	}
	return all
}

// folder searches everything below a folder. Links are not followed.
func (s *searching) folder(rel string, ignored rules) error {
	entries, err := os.ReadDir(filepath.Join(s.tree, rel))
	if err != nil {
		return err
	}
	if s.SkipIgnored {
		ignored = ignored.read(s.tree, rel)
	}
	for _, entry := range entries {
		name := path.Join(rel, entry.Name())
		if s.leaves(name, entry.IsDir(), ignored) {
			continue
		}
		switch {
		case entry.IsDir():
			err = s.folder(name, ignored)
		case entry.Type().IsRegular():
			err = s.file(name, true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leaves reports whether a path is left out. Globs win over the rest, as with
// ripgrep.
func (s *searching) leaves(name string, folder bool, ignored rules) bool {
	if len(s.globs) > 0 {
		switch s.globs.match(name, folder) {
		case named:
			return false
		case excepted:
			return true
		}
		if !folder && s.globs.demand() {
			return true
		}
	}
	if s.SkipHidden && strings.HasPrefix(path.Base(name), ".") {
		return true
	}
	return s.SkipIgnored && ignored.match(name, folder) == named
}

// file searches a file. What is no text is left out unless the file was asked for.
func (s *searching) file(rel string, skipBinary bool) error {
	if !utf8.ValidString(rel) {
		return nil
	}
	content, err := readInto(s.buffer, filepath.Join(s.tree, rel), 0)
	if err != nil {
		return err
	}
	s.buffer = content
	const looked = 1 << 16
	if skipBinary && bytes.IndexByte(content[:min(len(content), looked)], 0) >= 0 {
		return nil
	}
	if s.Multiline {
		return s.wholeFile(rel, content)
	}
	if !s.Literal && !strings.Contains(s.Pattern, `\`) && !s.re.Match(content) {
		return nil // no line can match either
	}
	return s.byLine(rel, content)
}

// byLine looks for matches within lines.
func (s *searching) byLine(rel string, content []byte) error {
	for line, offset := 1, 0; offset < len(content); line++ {
		end := len(content)
		if i := bytes.IndexByte(content[offset:], '\n'); i >= 0 {
			end = offset + i + 1
		}
		text := bytes.TrimSuffix(content[offset:end], []byte("\n"))
		if hits := s.re.FindAllIndex(text, -1); len(hits) > 0 {
			if err := s.add(rel, line, offset, content[offset:end], hits, 0); err != nil {
				return err
			}
			if s.FilesOnly {
				return nil
			}
		}
		offset = end
	}
	return nil
}

// wholeFile looks for matches that may go over several lines. Those that share a
// line are one.
func (s *searching) wholeFile(rel string, content []byte) error {
	hits := s.re.FindAllIndex(content, -1)
	line, counted := 1, 0
	for len(hits) > 0 {
		start := bytes.LastIndexByte(content[:hits[0][0]], '\n') + 1
		end, n := lineEnd(content, hits[0]), 1
		for n < len(hits) && hits[n][0] < end {
			end = max(end, lineEnd(content, hits[n]))
			n++
		}
		if start == len(content) {
			return nil // an empty match after the last line
		}
		line += bytes.Count(content[counted:start], []byte("\n"))
		counted = start
		if err := s.add(rel, line, start, content[start:end], hits[:n], start); err != nil {
			return err
		}
		if s.FilesOnly {
			return nil
		}
		hits = hits[n:]
	}
	return nil
}

// lineEnd is the end of the line in which a match ends.
func lineEnd(content []byte, hit []int) int {
	last := hit[1]
	if last > hit[0] && content[last-1] == '\n' {
		return last
	}
	if i := bytes.IndexByte(content[last:], '\n'); i >= 0 {
		return last + i + 1
	}
	return len(content)
}

// add keeps a match, unless it cannot be told in the API's strings.
func (s *searching) add(rel string, line, offset int, lines []byte, hits [][]int, base int) error {
	match := protocol.Match{Path: rel}
	if !s.FilesOnly {
		if !utf8.Valid(lines) {
			return nil
		}
		match.Line, match.Offset, match.Lines = line, offset, string(lines)
		for _, hit := range hits {
			start, end := hit[0]-base, hit[1]-base
			match.Submatches = append(match.Submatches, protocol.Submatch{Text: string(lines[start:end]), Start: start, End: end})
		}
	}
	s.found = append(s.found, match)
	if s.Limit > 0 && len(s.found) >= s.Limit {
		return errLimit
	}
	return nil
}
