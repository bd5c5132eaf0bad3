package host

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Group begins a part of the log that readers can fold, and returns what ends it.
// Groups do not nest. Both write full lines; where the service knows no groups,
// nothing.
func (c CI) Group(out io.Writer, title string, now func() time.Time) (end func()) {
	begins, ends := "", ""
	switch c {
	case GitHub:
		begins, ends = "::group::"+escape(title), "::endgroup::"
	case Azure:
		begins, ends = "##[group]"+escape(title), "##[endgroup]"
	case Buildkite:
		begins = "--- " + title
	case GitLab:
		section := sectionName(title)
		begins = fmt.Sprintf("\x1b[0Ksection_start:%d:%s[collapsed=true]\r\x1b[0K%s", now().Unix(), section, title)
		return group(out, begins, func() string {
			return fmt.Sprintf("\x1b[0Ksection_end:%d:%s\r\x1b[0K", now().Unix(), section)
		})
	}
	return group(out, begins, func() string { return ends })
}

func group(out io.Writer, begins string, ends func() string) (end func()) {
	writeLine(out, begins)
	return func() { writeLine(out, ends()) }
}

func writeLine(out io.Writer, line string) {
	if line != "" {
		_, _ = io.WriteString(out, line+"\n")
	}
}

// sectionName is a title in the characters that GitLab has for sections.
func sectionName(title string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, strings.ToLower(title))
}

// Foreign returns text, in full lines, that comes from what the pipeline ran, so
// that the service does not take lines of it for commands. token is a word that
// the text cannot know.
func (c CI) Foreign(text, token string) string {
	if c != GitHub || !strings.Contains(text, "::") {
		return text
	}
	return "::stop-commands::" + token + "\n" + strings.TrimSuffix(text, "\n") + "\n::" + token + "::\n"
}
