// Package problem finds in what compilers, linters and tests wrote which lines of
// the source it is about. Start with Find.
package problem

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Problem is something wrong in a file of the source.
type Problem struct {
	File    string // with slashes, as the text had it or as the caller has mapped it
	Line    int    // from 1; 0: the file as a whole
	Column  int    // from 1; 0: not known
	Message string // may have several lines
	Title   string // which step, or which test, found it
}

// Fingerprint is the same for the same problem in another run. It does not depend on
// the line: lines move when others are added.
func (p Problem) Fingerprint() string {
	sum := sha256.Sum256([]byte(p.File + "\x00" + p.Message))
	return hex.EncodeToString(sum[:16])
}

// messageLines bounds how many lines of a message are kept.
const messageLines = 12

const (
	goPlace   = `((?:\./|/)?[\w@+,./-]+\.\w+):(\d+)(?::(\d+))?`
	rustPlace = `([\w@+,./-]+\.rs):(\d+):(\d+)`
)

var (
	// file.go:3:9: what is wrong; tests indent it, vet names itself.
	atStart = regexp.MustCompile(`^(\s*)(?:vet: )?` + goPlace + `:(?: (.*))?$`)
	// error[E0425]: what is wrong
	rustHeading = regexp.MustCompile(`^(error|warning)(?:\[\w+\])?: (.+)$`)
	//  --> src/main.rs:2:5
	rustArrow = regexp.MustCompile(`^\s*--> ` + rustPlace + `$`)
	// thread 'name' (1) panicked at src/main.rs:4:5:
	rustPanic = regexp.MustCompile(`^\s*thread '.*'.* panicked at ` + rustPlace + `:$`)
	// --- FAIL: package TestName/sub (0.00s)
	failedTest = regexp.MustCompile(`^\s*--- FAIL: (?:\S+ )?(\S+)(?: \(.*\))?$`)
)

// Find returns the problems in what a program wrote: those of Go and of Rust, their
// linters and tests, and of others that begin lines with file:line:. Each is named
// once. Titles are names of tests, and title where there is none.
func Find(text, title string) []Problem {
	f := finder{title: title, lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
	for i, line := range f.lines {
		f.look(i, line)
	}
	return Unique(f.found)
}

type finder struct {
	title, heading, test string
	lines                []string
	found                []Problem
}

func (f *finder) look(i int, line string) {
	if m := failedTest.FindStringSubmatch(line); m != nil {
		f.test = m[1]
		return
	}
	if m := rustHeading.FindStringSubmatch(line); m != nil {
		f.heading = m[2]
		return
	}
	if m := rustArrow.FindStringSubmatch(line); m != nil {
		if f.heading != "" { // others are notes to the one before
			f.add(m[1], m[2], m[3], f.heading)
		}
		f.heading = ""
		return
	}
	if m := rustPanic.FindStringSubmatch(line); m != nil {
		f.add(m[1], m[2], m[3], f.following(i, -1))
		return
	}
	if m := atStart.FindStringSubmatch(line); m != nil {
		message := m[5]
		if more := f.following(i, len(m[1])); more != "" {
			message = strings.TrimSpace(message + "\n" + more)
		}
		if message != "" {
			f.add(m[2], m[3], m[4], message)
		}
	}
}

// following returns the lines after line i that are indented deeper than it; with
// -1 the one line after it.
func (f *finder) following(i, indent int) string {
	var more []string
	for _, line := range f.lines[i+1:] {
		deeper := len(line)-len(strings.TrimLeft(line, " \t")) > indent
		if line == "" || !deeper || len(more) == messageLines {
			break
		}
		more = append(more, strings.TrimSpace(line))
		if indent < 0 {
			break
		}
	}
	return strings.Join(more, "\n")
}

func (f *finder) add(file, line, column, message string) {
	p := Problem{File: strings.TrimPrefix(file, "./"), Message: message, Title: f.title}
	p.Line, _ = strconv.Atoi(line)
	p.Column, _ = strconv.Atoi(column)
	if f.test != "" {
		p.Title = f.test
	}
	f.found = append(f.found, p)
}

// Unique leaves out problems that have the place and the message of one before:
// those of what several steps compile.
func Unique(problems []Problem) []Problem {
	var unique []Problem
	seen := map[string]bool{}
	for _, p := range problems {
		key := fmt.Sprintf("%s\x00%d\x00%s", p.File, p.Line, p.Message)
		if !seen[key] {
			seen[key] = true
			unique = append(unique, p)
		}
	}
	return unique
}
