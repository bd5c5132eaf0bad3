package engine_test

import (
	"context"
	"flag"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"dagger.io/dagger"
	"github.com/moby/buildkit/client"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/check"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// parallel is how many tests run at once: most of the time they wait for a daemon.
const parallel = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	if runAsClient() {
		return
	}
	if flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = flag.Set("test.parallel", parallel)
	}
	os.Exit(enginetest.Main(m))
}

// env is an engine with a client that all tests on it share.
type env struct {
	enginetest.Engine
	c      *dagger.Client
	status *statuses
}

// envs are the engines in use, by name.
var envs = struct {
	sync.Mutex
	byName map[string]*env
}{byName: map[string]*env{}}

// onEngines runs a test on every engine.
func onEngines(t *testing.T, test func(t *testing.T, e *env)) {
	t.Helper()
	t.Parallel()
	for _, eng := range enginetest.Engines(t) {
		t.Run(eng.Name, func(t *testing.T) {
			t.Parallel()
			test(t, envOf(t, eng))
		})
	}
}

func envOf(t *testing.T, eng enginetest.Engine) *env {
	envs.Lock()
	defer envs.Unlock()
	if e := envs.byName[eng.Name]; e != nil {
		return e
	}
	e := &env{Engine: eng, status: &statuses{}}
	c, err := engine.Connect(context.Background(), engine.WithAddress(eng.Address), engine.WithProgress(e.status.add))
	require.NoError(t, err)
	enginetest.AtEnd(func() { _ = c.Close() })
	e.c = c
	envs.byName[eng.Name] = e
	return e
}

// connect opens a session of the test's own.
func (e *env) connect(t *testing.T, opts ...engine.Option) *dagger.Client {
	t.Helper()
	c, err := engine.Connect(t.Context(), append([]engine.Option{engine.WithAddress(e.Address)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// statuses keeps what the progress of a session has told.
type statuses struct {
	mu  sync.Mutex
	all []*client.SolveStatus
}

func (s *statuses) add(st *client.SolveStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, st)
}

// text is everything that was told, names, errors and logs.
func (s *statuses) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out strings.Builder
	for _, st := range s.all {
		for _, v := range st.Vertexes {
			out.WriteString(v.Name + "\n" + v.Error + "\n")
		}
		for _, v := range st.Statuses {
			out.WriteString(v.ID + "\n" + v.Name + "\n")
		}
		for _, l := range st.Logs {
			out.Write(l.Data)
		}
		for _, w := range st.Warnings {
			out.Write(w.Short)
		}
	}
	return out.String()
}

// The words of tests.
var (
	box, run, fails         = check.Box, check.Run, check.Fails
	statOf                  = check.StatOf
	contents, entries, all  = check.Contents, check.Entries, check.All
	unique, lines, hostTree = check.Unique, check.Lines, check.HostTree
)

// boxPath is where containers of tests have the test program.
const boxPath = check.BoxPath

const accounts = check.Accounts

// boxIn returns a container with nothing but the test program, and empty lists of
// accounts.
func boxIn(t *testing.T, c *dagger.Client) *dagger.Container {
	t.Helper()
	return check.Boxed(c, enginetest.Testbox(t))
}

func (e *env) box(t *testing.T) *dagger.Container { return boxIn(t, e.c) }

// bare is a container with nothing but the test program.
func (e *env) bare(t *testing.T) *dagger.Container {
	t.Helper()
	return check.Bare(e.c, enginetest.Testbox(t))
}

// tree shows a directory as an exec sees it: path, type, permissions, owner,
// size and link target of everything in it.
func (e *env) tree(t *testing.T, d *dagger.Directory) string {
	t.Helper()
	return run(t, e.box(t).WithMountedDirectory("/t", d).WithWorkdir("/t"), "tree", ".")
}

func (e *env) treeOf(files map[string]string) *dagger.Directory { return check.TreeOf(e.c, files) }

// withAccounts is a container with a user "worker" and a group "extra".
func (e *env) withAccounts(t *testing.T) *dagger.Container { return check.WithAccounts(e.box(t)) }
