// Package conformance is a suite of cases that a session of the Dagger API has to pass,
// whatever engine is behind it, in the terms of the Go SDK. Start with Run, and with Dial
// for a session that is there already.
package conformance

import (
	"context"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/check"
)

// Options say what to test.
type Options struct {
	// Connect opens a session of its own with each call. It is closed with the suite.
	Connect func(ctx context.Context) (*dagger.Client, error)
	// Box is the path of the test program on this machine: a static binary, for what the
	// engine's containers run on.
	Box string
	// Unprivileged says that the engine refuses to run commands with all capabilities.
	Unprivileged bool
}

// Run runs all cases, each as a test of its own, several at a time.
func Run(t *testing.T, o Options) {
	e := &env{Options: o}
	e.c = e.connect(t)
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range g.cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(t, e)
				})
			}
		})
	}
}

// group is what has to do with one thing.
type group struct {
	name  string
	cases []one
}

type one struct {
	name string
	run  func(t *testing.T, e *env)
}

// env is what cases work with.
type env struct {
	Options
	c *dagger.Client // shared by all cases
}

// connect opens a session of the case's own.
func (e *env) connect(t *testing.T) *dagger.Client {
	t.Helper()
	c, err := e.Connect(context.WithoutCancel(t.Context()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// box is a container with the test program and empty lists of accounts.
func (e *env) box(*testing.T) *dagger.Container { return check.Boxed(e.c, e.Box) }

// bare is a container with nothing but the test program.
func (e *env) bare(*testing.T) *dagger.Container { return check.Bare(e.c, e.Box) }

// tree shows a directory as an exec sees it: path, type, permissions, owner, size and link
// target of everything in it.
func (e *env) tree(t *testing.T, d *dagger.Directory) string {
	t.Helper()
	return run(t, e.box(t).WithMountedDirectory("/t", d).WithWorkdir("/t"), "tree", ".")
}

func (e *env) treeOf(files map[string]string) *dagger.Directory { return check.TreeOf(e.c, files) }

// The words of cases.
var (
	box, run, fails         = check.Box, check.Run, check.Fails
	statOf                  = check.StatOf
	contents, entries, all  = check.Contents, check.Entries, check.All
	unique, lines, hostTree = check.Unique, check.Lines, check.HostTree
)

const (
	boxPath  = check.BoxPath
	accounts = check.Accounts
)

// withAccounts is a container with a user "worker" and a group "extra".
func (e *env) withAccounts(t *testing.T) *dagger.Container { return check.WithAccounts(e.box(t)) }
