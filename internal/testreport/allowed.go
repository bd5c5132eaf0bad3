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
	pkg    string // import path, "/..." at its end for all below it
	test   string // glob over the test's name, "*" for any
	reason string // part of what the test says when it skips
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

// parseAllowed reads one allowed skip per line: package, test, and after a
// number sign the reason. Empty lines and lines that begin with a number sign
// are comments.
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
	if _, err := path.Match(entry.test, ""); err != nil {
		return entry, fmt.Errorf("pattern %q: %w", entry.test, err)
	}
	return entry, nil
}

// covers reports whether the entry allows that test was skipped with message.
func (a allowedSkip) covers(test testjson.TestCase, message string) bool {
	return a.coversPackage(test.Package) && a.coversTest(test.Test.Name()) && strings.Contains(message, a.reason)
}

func (a allowedSkip) coversPackage(pkg string) bool {
	parent, below := strings.CutSuffix(a.pkg, "/...")
	return pkg == parent || below && strings.HasPrefix(pkg, parent+"/")
}

func (a allowedSkip) coversTest(name string) bool {
	matched, _ := path.Match(a.test, name)
	return a.test == "*" || matched
}
