package host

import (
	"fmt"
	"io"
	"strings"

	"github.com/bodkin-ci/bodkin/ci/internal/problem"
)

// shownAnnotations is how many annotations GitHub shows of one step.
const shownAnnotations = 10

// Annotate writes problems so that the service shows them at their lines, where
// the log is the way to do so.
func (c CI) Annotate(out io.Writer, problems []problem.Problem) {
	var line func(problem.Problem) string
	switch c {
	case GitHub:
		line = githubError
		problems = problems[:min(shownAnnotations, len(problems))]
	case Azure:
		line = azureError
	default:
		return
	}
	for _, p := range problems {
		writeLine(out, line(p))
	}
}

func githubError(p problem.Problem) string {
	properties := "file=" + property(p.File)
	if p.Line > 0 {
		properties += fmt.Sprintf(",line=%d", p.Line)
	}
	if p.Column > 0 {
		properties += fmt.Sprintf(",col=%d", p.Column)
	}
	return "::error " + properties + ",title=" + property(p.Title) + "::" + escape(p.Message)
}

func azureError(p problem.Problem) string {
	properties := "type=error;sourcepath=" + azureProperty(p.File)
	if p.Line > 0 {
		properties += fmt.Sprintf(";linenumber=%d", p.Line)
	}
	if p.Column > 0 {
		properties += fmt.Sprintf(";columnnumber=%d", p.Column)
	}
	return "##vso[task.logissue " + properties + "]" + escape(p.Message)
}

var (
	data            = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	properties      = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	azureProperties = strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A", ";", "%3B", "]", "%5D")
)

// escape writes text so that it stays in one line of a command.
func escape(text string) string { return data.Replace(text) }

// property is the same for a value among others.
func property(text string) string { return properties.Replace(text) }

func azureProperty(text string) string { return azureProperties.Replace(text) }
