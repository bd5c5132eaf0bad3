package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/host"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/internal/junitcheck"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ci": main, "leaky": leaky, "sdk": sdk})
}

// TestScripts runs the program as users do. The scripts that need an engine
// skip themselves with -short.
func TestScripts(t *testing.T) {
	withRegistry := startRegistry(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               func(env *testscript.Env) error { return withRegistry(env, setup(env)) },
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"answer":      answer,
			"atmost":      atmost,
			"background":  background,
			"exits":       exits,
			"fresh":       fresh,
			"in-archive":  inArchive,
			"attested":    attested,
			"in-registry": inRegistry,
			"interrupted": interrupted,
			"junit":       junitFile,
			"mute":        mute,
			"same":        same,
			"seen":        seen,
			"signalled":   signalled,
		},
	})
}

// startRegistry starts a registry that all scripts share, and returns what tells
// them where it is: $REGISTRY, and the login in $REGISTRY_USER and
// $REGISTRY_PASSWORD.
func startRegistry(t *testing.T) func(*testscript.Env, error) error {
	t.Helper()
	if testing.Short() {
		return func(_ *testscript.Env, err error) error { return err }
	}
	const user, password = "publisher", "not-to-be-shown"
	r := registrytest.Start(t, registrytest.Options{User: user, Password: password})
	return func(env *testscript.Env, err error) error {
		env.Setenv("REGISTRY", r.Host)
		env.Setenv("REGISTRY_USER", user)
		env.Setenv("REGISTRY_PASSWORD", password)
		return err
	}
}

// condition adds [root]: this is Linux and the user may do everything.
func condition(name string) (bool, error) {
	if name != "root" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	return runtime.GOOS == "linux" && os.Geteuid() == 0, nil
}

// dropped are variables that would have the program behave differently on the
// machine or CI that runs the tests.
var dropped = append(host.Variables(), "DAGGER_SESSION_PORT", "SOURCE_DATE_EPOCH", "CI_COMMIT_SHA", "GITHUB_SHA", "NO_COLOR")

// setup gives scripts the host's settings (proxies, mirrors, the cache folder):
// the engine needs them. The scripts' own folders are kept.
func setup(env *testscript.Env) error {
	cache, err := cachedir.Path()
	if err != nil {
		return err
	}
	var host []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if env.Getenv(name) == "" {
			host = append(host, entry)
		}
	}
	env.Vars = append(host, env.Vars...)
	env.Values[programsKey{}] = programs{}
	env.Setenv(cachedir.EnvVar, cache)
	env.Setenv("HOME", os.Getenv("HOME"))
	repository, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	env.Setenv("REPOSITORY", repository)
	port, err := freePort(0)
	if err != nil {
		return err
	}
	env.Setenv("FREE_PORT", strconv.Itoa(port))
	for _, name := range dropped {
		env.Setenv(name, "")
	}
	return nil
}

// atmost BYTES FILE wants a file that is no larger.
func atmost(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: atmost BYTES FILE")
	}
	limit, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if info.Size() > limit {
		ts.Fatalf("%s has %d bytes, more than %d", args[1], info.Size(), limit)
	}
}

// exits STATUS PROGRAM ARGS... runs a program that has to exit with STATUS.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// fresh gives the script an embedded engine of its own, with an empty cache. What
// takes minutes to build is the host's.
func fresh(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: fresh")
	}
	host, own := ts.Getenv(cachedir.EnvVar), ts.MkAbs("cache")
	ts.Check(os.Mkdir(own, 0o700))
	for _, part := range []string{"bin", "debian", "engine-root", "golang"} {
		ts.Check(os.MkdirAll(filepath.Join(host, part), 0o700))
		ts.Check(os.Symlink(filepath.Join(host, part), filepath.Join(own, part)))
	}
	ts.Setenv(cachedir.EnvVar, own)
	ts.Setenv("BODKIN_ENGINE_IDLE", "1m")
	ts.Defer(func() { ts.Check(ts.Exec("ci", "engine", "stop")) })
}

// signals are those that scripts send.
var signals = map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}

// interrupted SIGNAL PROGRAM ARGS... runs a program, sends it a signal once it
// has printed something to standard error, and wants it to exit with
// status 130 instead of going on.
func interrupted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || signals[args[0]] == 0 {
		ts.Fatalf("usage: interrupted INT|TERM PROGRAM ARGS...")
	}
	program, err := exec.LookPath(filepath.Join(binFolder(ts), args[1]))
	ts.Check(err)
	cmd := exec.Command(program, args[2:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "CI=")
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	_, err = stderr.Read(make([]byte, 1))
	ts.Check(err)
	ts.Check(cmd.Process.Signal(signals[args[0]]))
	hung := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer hung.Stop()
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		ts.Fatalf("exit status %d, want 130", code)
	}
}

// binFolder is where the programs under test are: first in PATH.
func binFolder(ts *testscript.TestScript) string {
	return filepath.SplitList(ts.Getenv("PATH"))[0]
}

// mute VARIABLE sets a variable to the address of a server that accepts
// connections and never says anything.
func mute(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mute VARIABLE")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			ts.Defer(func() { _ = conn.Close() })
		}
	}()
	ts.Setenv(args[0], "tcp://"+listener.Addr().String())
}

// junitFile FILE TESTS FAILURES SKIPPED reads JUnit XML and wants these numbers,
// in the totals and in what the suites hold.
func junitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: junit FILE TESTS FAILURES SKIPPED")
	}
	text := ts.ReadFile(args[0])
	ts.Check(junitcheck.Check(strings.NewReader(text)))
	var suites junit.Testsuites
	ts.Check(xml.Unmarshal([]byte(text), &suites))
	var held [3]int
	skipped := 0
	for _, suite := range suites.Suites {
		skipped += suite.Skipped
		for _, test := range suite.Testcases {
			held[0]++
			if test.Failure != nil {
				held[1]++
			}
			if test.Skipped != nil {
				held[2]++
			}
		}
	}
	if totals := [3]int{suites.Tests, suites.Failures, skipped}; totals != held {
		ts.Fatalf("the totals are %v, the suites hold %v", totals, held)
	}
	if got := fmt.Sprint(held); got != "["+strings.Join(args[1:], " ")+"]" {
		ts.Fatalf("tests, failures and skipped are %s, want %s", got, args[1:])
	}
}

// same FILE1 FILE2 wants two files with the same bytes.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same FILE1 FILE2")
	}
	if equal := ts.ReadFile(args[0]) == ts.ReadFile(args[1]); equal == neg {
		ts.Fatalf("%s and %s: the same bytes: %v", args[0], args[1], equal)
	}
}

func TestMainIsShort(t *testing.T) {
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	require.LessOrEqual(t, strings.Count(string(source), "\n"), 100, "main.go is there to be copied and read")
	require.NotContains(t, string(source), "/internal/", "packages that other repositories cannot import")
}
