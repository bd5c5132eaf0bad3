package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds how long scripts wait for what has to happen: setting up an
// engine, or compiling a linter, is a part of that.
const patience = 4 * time.Minute

// running is a program that a script has started. ended is closed at its end.
type running struct {
	*exec.Cmd

	ended chan struct{}
}

// programs are what a script has running, by the name of their output.
type programs map[string]running

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
	r := running{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(r.ended)
	}()
	ts.Value(programsKey{}).(programs)[args[0]] = r
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		<-r.ended
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
	cmd, late := ts.Value(programsKey{}).(programs)[args[0]], time.After(patience)
	for over := false; ; {
		text := ts.ReadFile(args[0])
		if len(wanted.FindAllString(text, -1)) >= count {
			return
		}
		if over {
			ts.Fatalf("no %d matches of %q in:\n%s", count, args[2], text)
		}
		select {
		case <-cmd.ended: // what it wrote last is read once more
			over = true
		case <-late:
			over = true
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// address is where an application listens, as run says it.
var address = regexp.MustCompile(`is up; .* url=(http://\S+)`)

// answer FILE PATH STATUS REGEXP asks the application that the program that writes
// to FILE runs, at the address that it last gave, and wants
// this answer.
func answer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: answer FILE PATH STATUS REGEXP")
	}
	seen(ts, false, []string{args[0], "1", address.String()})
	all := address.FindAllStringSubmatch(ts.ReadFile(args[0]), -1)
	resp, err := http.Get(all[len(all)-1][1] + args[1])
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if strconv.Itoa(resp.StatusCode) != args[2] || !regexp.MustCompile(args[3]).Match(body) {
		ts.Fatalf("status %s, %s", resp.Status, body)
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
	<-cmd.ended
	if got := strconv.Itoa(cmd.ProcessState.ExitCode()); got != args[2] {
		ts.Fatalf("exit status %s, want %s; it wrote:\n%s", got, args[2], ts.ReadFile(args[0]))
	}
}
