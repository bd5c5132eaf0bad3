// Package report says at the end of a run what became of it. Start with
// Summary, and with Failure for what went wrong.
package report

import (
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"
)

// outputLines is how many of the last lines of a failed command are shown.
const outputLines = 20

// Failure explains err to the user, in one or more lines that end with a
// newline. An exec that failed shows its command, its exit code and the end of
// what it printed.
func Failure(err error) string {
	var exec *dagger.ExecError
	if !errors.As(err, &exec) {
		return err.Error() + "\n"
	}
	var b strings.Builder
	// The exec's own message repeats its command and output in one long line.
	context := strings.TrimSuffix(before(err.Error(), exec.Error()), ": ")
	if context != "" {
		context += ": "
	}
	fmt.Fprintf(&b, "%sthe command ended with exit code %d\n", context, exec.ExitCode)
	fmt.Fprintf(&b, "  command: %s\n", shellWords(exec.Cmd))
	stdout, stderr := lines(exec.Stdout), lines(exec.Stderr)
	if len(stdout)+len(stderr) == 0 {
		b.WriteString("  it printed nothing\n")
	}
	writeOutput(&b, "standard output", stdout)
	writeOutput(&b, "standard error", stderr)
	return b.String()
}

func before(s, end string) string {
	head, _, found := strings.Cut(s, end)
	if !found {
		return ""
	}
	return head
}

func writeOutput(b *strings.Builder, name string, all []string) {
	if len(all) == 0 {
		return
	}
	if left := len(all) - outputLines; left > 0 {
		fmt.Fprintf(b, "  %s (the last %d of %d lines):\n", name, outputLines, len(all))
		all = all[left:]
	} else {
		fmt.Fprintf(b, "  %s:\n", name)
	}
	for _, line := range all {
		fmt.Fprintf(b, "    %s\n", strings.TrimRight(line, "\r"))
	}
}

func lines(output string) []string {
	output = strings.TrimRight(output, "\n")
	if output == "" {
		return nil
	}
	return strings.Split(output, "\n")
}

// shellWords writes a command so that it can be read, and pasted into a shell.
func shellWords(args []string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = arg
		if arg == "" || strings.ContainsAny(arg, " \t\n\"'`$&|;<>()*?[]#~\\!{}") {
			words[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
