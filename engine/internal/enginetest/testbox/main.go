//go:build linux

// Program testbox is what containers of tests run: one static program that
// stands in for the few commands that tests need, so that no image and no shell
// is needed. A command is a name with arguments; the argument ";" separates
// commands that run one after the other. The first failure ends it with exit
// code 1 and a line on stderr.
package main

import (
	"fmt"
	"os"
)

// command does its work and returns what goes wrong.
type command func(args []string) error

// commands are all there are, by name.
var commands = map[string]command{}

func register(group map[string]command) {
	for name, run := range group {
		commands[name] = run
	}
}

func main() {
	register(fileCommands)
	register(processCommands)
	register(systemCommands)
	register(serviceCommands)
	register(echoCommands)
	register(volumeCommands)
	register(secretCommands)
	register(map[string]command{"sh": sh, "script": script})
	for _, words := range split(os.Args[1:]) {
		run, ok := commands[words[0]]
		if !ok {
			fmt.Fprintf(os.Stderr, "testbox: unknown command %q\n", words[0])
			os.Exit(2)
		}
		if err := run(words[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %s\n", words[0], err)
			os.Exit(1)
		}
	}
}

// split cuts the arguments at each ";". The arguments after "--" stay together.
func split(args []string) [][]string {
	var all [][]string
	var words []string
	for i, arg := range args {
		if arg == "--" {
			words = append(words, args[i:]...)
			break
		}
		if arg != ";" {
			words = append(words, arg)
			continue
		}
		if len(words) > 0 {
			all = append(all, words)
		}
		words = nil
	}
	if len(words) > 0 {
		all = append(all, words)
	}
	return all
}
