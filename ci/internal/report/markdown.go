package report

import (
	"fmt"
	"strings"

	"github.com/bodkin-ci/bodkin/ci/internal/problem"
)

// Failing is a failure for Markdown: what failed, and what is known about it.
type Failing struct {
	Step string
	Text string // as Failure has it, perhaps with results of tests
}

// Markdown writes what Summary writes for CI services that show such text with a
// run: a table of the steps, the lines with problems, and each failure, folded.
func Markdown(rows []Row, total Total, problems []problem.Problem, failures []Failing) string {
	var b strings.Builder
	b.WriteString("| step | result | cached | run | time | wrote |\n|---|---|--:|--:|--:|---|\n")
	for _, row := range rows {
		cached, run := "-", "-"
		if row.Counts != nil {
			cached, run = fmt.Sprint(row.Counts.Cached), fmt.Sprint(row.Counts.Run)
		}
		var files []string
		for _, file := range row.Files {
			files = append(files, fmt.Sprintf("`%s` (%s)", file.Path, Bytes(file.Size)))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", cell(row.Step), statusMark[row.Status], cached, run, Seconds(row.Time), strings.Join(files, "<br>"))
	}
	fmt.Fprintf(&b, "| total | | %d | %d | %s | %s |\n", total.Counts.Cached, total.Counts.Run, Seconds(total.Time), totalSize(rows))
	if len(problems) > 0 {
		b.WriteString("\n| where | what | found by |\n|---|---|---|\n")
		for _, p := range problems {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(place(p)), cell(p.Message), cell(p.Title))
		}
	}
	for _, failed := range failures {
		fmt.Fprintf(&b, "\n<details><summary>%s</summary>\n\n%s\n\n</details>\n", cell(failed.Step), fenced(failed.Text))
	}
	b.WriteString("\n")
	return b.String()
}

var statusMark = map[Status]string{OK: "✅ ok", Failed: "❌ failed", Stopped: "⏹️ stopped"}

func place(p problem.Problem) string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

var cellText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "\\|", "`", "\\`", "*", "\\*", "[", "\\[", "\r", "", "\n", "<br>")

// cell writes text so that it stays text, within a cell of a table.
func cell(text string) string { return cellText.Replace(text) }

// fenced puts text between fences that are longer than any in it.
func fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + strings.TrimSuffix(text, "\n") + "\n" + fence
}
