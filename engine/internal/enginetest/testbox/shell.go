//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
)

// sh is what shells are for: its argument is a text of commands, one a line,
// with ";" and "&&" between those of one line, and variables replaced. A path is
// a program.
func sh(args []string) error {
	for line := range strings.Lines(args[0]) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		line = strings.ReplaceAll(os.ExpandEnv(line), "&&", ";")
		for _, words := range split(strings.Fields(line)) {
			if strings.HasPrefix(words[0], "/") {
				words = append([]string{"run"}, words...)
			}
			do, ok := commands[words[0]]
			if !ok {
				return fmt.Errorf("unknown command %q", words[0])
			}
			if err := do(words[1:]); err != nil {
				return err
			}
		}
	}
	return nil
}

// script runs the text in a file as sh does.
func script(args []string) error {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	return sh([]string{string(text)})
}
