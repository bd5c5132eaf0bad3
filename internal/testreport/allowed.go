package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"os"
	"path"
	"strings"

	"gotest.tools/gotestsum/testjson"
)

//go:embed allowed_skips.txt
var builtinAllowed string

// allowedSkip is a line of the list: tests that may be skipped, and why.
type allowedSkip struct {
	pkg    string // glob over the import path
	test   string // glob over the test's name, subtests included
	reason string
}

// readAllowed parses the list in file, or the built-in one when file is empty.
func readAllowed(file string) ([]allowedSkip, error) {
	text := builtinAllowed
	if file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading allowed skips: %w", err)
		}
		text = string(content)
	}
	return parseAllowed(text)
}

// parseAllowed reads one allowed skip per line: package glob, test glob, then
// the reason after a number sign. Empty lines and lines that begin with a
// number sign are comments.
func parseAllowed(text string) ([]allowedSkip, error) {
	var allowed []allowedSkip
	lines := bufio.NewScanner(strings.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		entry, err := parseAllowedLine(line)
		if err != nil {
			return nil, fmt.Errorf("allowed skips, line %d: %w", number, err)
		}
		allowed = append(allowed, entry)
	}
	return allowed, lines.Err()
}

func parseAllowedLine(line string) (allowedSkip, error) {
	names, reason, _ := strings.Cut(line, "#")
	fields := strings.Fields(names)
	entry := allowedSkip{reason: strings.TrimSpace(reason)}
	if len(fields) != 2 || entry.reason == "" {
		return entry, fmt.Errorf("want %q, got %q", "PACKAGE TEST # reason", line)
	}
	entry.pkg, entry.test = fields[0], fields[1]
	for _, glob := range fields {
		if _, err := path.Match(glob, ""); err != nil {
			return entry, fmt.Errorf("pattern %q: %w", glob, err)
		}
	}
	return entry, nil
}

// covers reports whether the entry names the test.
func (a allowedSkip) covers(test testjson.TestCase) bool {
	pkg, _ := path.Match(a.pkg, test.Package)
	name, _ := path.Match(a.test, test.Test.Name())
	return pkg && name
}
