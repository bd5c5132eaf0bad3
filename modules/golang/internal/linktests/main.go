// Command linktests runs a command that links programs into a folder which
// outlives it, and copies those that are asked for out of there:
//
//	linktests KEPT OUT PROGRAM... -- go test -c -o KEPT/ PACKAGE...
//
// Go links again only what has changed, if it finds what it linked before. The
// container that tests are compiled in has nothing else that could copy files,
// and this program nothing but the standard library, so that it compiles there.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// unfinished is a file that is in the kept folder while the command runs. Where
// it is still there, the command was killed: any program may be half written.
const unfinished = ".unfinished"

func main() {
	err := run(os.Args[1:])
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		os.Exit(exit.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, "linktests:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	end := slices.Index(args, "--")
	if end < 2 || end == len(args)-1 {
		return errors.New("usage: linktests KEPT OUT PROGRAM... -- COMMAND...")
	}
	kept, out, programs, command := args[0], args[1], args[2:end], args[end+1:]
	if err := link(kept, command); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, name := range programs {
		if err := copyProgram(filepath.Join(kept, name), filepath.Join(out, name)); err != nil {
			return err
		}
	}
	return nil
}

// link runs the command, in a folder without what another one left half done.
func link(kept string, command []string) error {
	mark := filepath.Join(kept, unfinished)
	if _, err := os.Lstat(mark); err == nil {
		if err := empty(kept); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(kept, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		return err
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		// Go itself writes whole programs or none: only its being killed counts.
		if exit := new(exec.ExitError); errors.As(err, &exit) && exit.Exited() {
			return errors.Join(err, os.Remove(mark))
		}
		return err
	}
	return os.Remove(mark)
}

// empty removes what is in a folder, the mark last.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == unfinished {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return os.Remove(filepath.Join(dir, unfinished))
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
