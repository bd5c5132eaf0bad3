package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds how long scripts wait for what has to happen: setting up an
// engine, or compiling a linter, is a part of that.
const patience = 10 * time.Minute

// programs are what a script has running, by the name of their output.
type programs map[string]*exec.Cmd

type programsKey struct{}

// background FILE PROGRAM ARGS... starts a program whose standard error goes to
// FILE.
func background(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: background FILE PROGRAM ARGS...")
	}
	program, err := exec.LookPath(filepath.Join(binFolder(ts), args[1]))
	ts.Check(err)
	stderr, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer func() { ts.Check(stderr.Close()) }()
	cmd := exec.Command(program, args[2:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "CI=")
	cmd.Stderr = stderr
	ts.Check(cmd.Start())
	ts.Value(programsKey{}).(programs)[args[0]] = cmd
	ts.Defer(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
}

// seen FILE COUNT REGEXP waits until COUNT matches are in what a program writes
// to FILE.
func seen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: seen FILE COUNT REGEXP")
	}
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	wanted, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		text := ts.ReadFile(args[0])
		if len(wanted.FindAllString(text, -1)) >= count {
			return
		}
		cmd := ts.Value(programsKey{}).(programs)[args[0]]
		if time.Now().After(end) || cmd.Process.Signal(syscall.Signal(0)) != nil {
			ts.Fatalf("no %d matches of %q in:\n%s", count, args[2], text)
		}
	}
}

// signalled FILE INT|TERM STATUS sends a signal to the program that writes to
// FILE, and wants it to exit with STATUS.
func signalled(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || signals[args[1]] == 0 {
		ts.Fatalf("usage: signalled FILE INT|TERM STATUS")
	}
	cmd := ts.Value(programsKey{}).(programs)[args[0]]
	ts.Check(cmd.Process.Signal(signals[args[1]]))
	hung := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer hung.Stop()
	_ = cmd.Wait()
	if got := strconv.Itoa(cmd.ProcessState.ExitCode()); got != args[2] {
		ts.Fatalf("exit status %s, want %s; it wrote:\n%s", got, args[2], ts.ReadFile(args[0]))
	}
}
