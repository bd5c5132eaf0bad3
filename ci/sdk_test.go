package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"dagger.io/dagger"
)

// sdk is a pipeline that knows nothing of Bodkin: it finds its engine as every
// program with the Dagger SDK for Go does. Words of the command line say what it
// is to do.
func sdk() {
	for _, word := range os.Args[1:] {
		what, argument, _ := strings.Cut(word, "=")
		if err := deeds[what](argument); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

var deeds = map[string]func(string) error{
	"build": func(workdir string) error {
		ctx := context.Background()
		var opts []dagger.ClientOpt
		if workdir != "" {
			opts = append(opts, dagger.WithWorkdir(workdir))
		}
		dag, err := dagger.Connect(ctx, opts...)
		if err != nil {
			return err
		}
		said, err := dag.Host().File("said.txt").Contents(ctx)
		if err != nil {
			return err
		}
		if _, err := dag.File("heard.txt", "heard "+said).Export(ctx, "heard.txt"); err != nil {
			return err
		}
		return dag.Close()
	},
	"modules": func(string) error {
		dag, err := dagger.Connect(context.Background())
		if err != nil {
			return err
		}
		_, err = dag.CurrentModule().Name(context.Background())
		return err
	},
	"print": func(text string) error { _, err := fmt.Println(text); return err },
	"exit": func(status string) error {
		var code int
		if _, err := fmt.Sscan(status, &code); err != nil {
			return err
		}
		os.Exit(code)
		return nil
	},
	"start": start,
	// wait ends with the number of the signal that it gets.
	"wait": func(string) error {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals)
		fmt.Fprintln(os.Stderr, "waiting")
		for s := range signals {
			if n := s.(syscall.Signal); n != syscall.SIGURG && n != syscall.SIGCHLD {
				os.Exit(100 + int(n))
			}
		}
		return nil
	},
}

// start starts ci as SDKs do, prints the line that it writes, ends it, and wants
// nothing else to have been written.
func start(how string) error {
	cmd := exec.Command("ci", "session", "--label", "dagger.io/sdk.name:go", "--label", "dagger.io/sdk.version:0.21.8", "--version", "0.21.8", "-vv")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return fmt.Errorf("ci has written nothing: %v, %w", lines.Err(), cmd.Wait())
	}
	fmt.Println(lines.Text())
	if how == "close" {
		err = in.Close()
	} else {
		err = cmd.Process.Signal(syscall.SIGTERM)
	}
	if err != nil {
		return err
	}
	if lines.Scan() {
		return fmt.Errorf("ci has also written %q", lines.Text())
	}
	return cmd.Wait()
}
