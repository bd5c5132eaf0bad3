package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/internal/junitcheck"
)

// goAPI copies examples/go-api to a folder of the same name. A file that no
// other copy has makes its tests run instead of coming from the cache.
func goAPI(t testing.TB) (source string) {
	t.Helper()
	source = filepath.Join(t.TempDir(), "go-api")
	require.NoError(t, os.CopyFS(source, os.DirFS(filepath.Join(repository(t), "examples", "go-api"))))
	write(t, source, "copy.txt", time.Now().String())
	return source
}

func write(t testing.TB, dir, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(content), 0o644))
}

// runFailing runs a program that has to fail, and returns what it printed.
func runFailing(t *testing.T, dir string, status int, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit), "%v\n%s", err, out)
	require.Equal(t, status, exit.ExitCode(), string(out))
	return string(out)
}

// named is a test as JUnit names it.
type named struct{ Package, Test string }

// skippedWithoutDatabase are the tests of a Go module that need a database:
// those that a plain `go test` skips where none is given.
func skippedWithoutDatabase(t *testing.T, source string) []named {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-json", "./...")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "DATABASE_URL=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s%s", out, stderr.String())
	var skipped []named
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		var event struct{ Action, Package, Test string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &event))
		if event.Action == "skip" && event.Test != "" {
			skipped = append(skipped, named{event.Package, event.Test})
		}
	}
	return skipped
}

// passed are the tests that a JUnit file says have passed. It must hold no others.
func passed(t *testing.T, file string) map[named]bool {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, junitcheck.Check(bytes.NewReader(text)))
	var suites junit.Testsuites
	require.NoError(t, xml.Unmarshal(text, &suites))
	tests := map[named]bool{}
	for _, suite := range suites.Suites {
		for _, test := range suite.Testcases {
			require.Nil(t, test.Failure, test.Name)
			require.Nil(t, test.Skipped, test.Name)
			tests[named{test.Classname, test.Name}] = true
		}
	}
	return tests
}

// TestTestsNextToADatabase runs the tests of examples/go-api on an empty cache
// folder: all that need a database have one.
func TestTestsNextToADatabase(t *testing.T) {
	needsEmbedded(t)
	ci, source, dist := compile(t, "./ci"), goAPI(t), t.TempDir()
	need := skippedWithoutDatabase(t, source)
	require.NotEmpty(t, need)

	emptyCache(t)
	run(t, repository(t), ci, "test", "--source", source, "--output", dist)
	tests := passed(t, filepath.Join(dist, "go-api", "junit.xml"))
	require.Greater(t, len(tests), len(need))
	for _, test := range need {
		require.Contains(t, tests, test)
	}
}

// TestTwoAtOnce runs tests twice at the same time, while the port that both
// databases listen on is taken on the host.
func TestTwoAtOnce(t *testing.T) {
	needsEmbedded(t)
	for _, address := range []string{"127.0.0.1:5432", "0.0.0.0:5432", "[::]:5432"} {
		// Taken by this test, or by a database that is there already.
		if listener, err := net.Listen("tcp", address); err == nil {
			defer listener.Close()
		}
	}
	_, err := net.Listen("tcp", "127.0.0.1:5432")
	require.ErrorContains(t, err, "address already in use")

	ci := compile(t, "./ci")
	var group errgroup.Group
	var dists []string
	for range 2 {
		source, dist := goAPI(t), t.TempDir()
		dists = append(dists, dist)
		group.Go(func() error {
			cmd := exec.CommandContext(t.Context(), ci, "test", "--source", source, "--output", dist)
			cmd.Dir = repository(t)
			out, err := cmd.CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w\n%s", err, out)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	for _, dist := range dists {
		require.NotEmpty(t, passed(t, filepath.Join(dist, "go-api", "junit.xml")))
	}
}

// TestFailuresNextToADatabase shows what goes wrong in a test, in a migration
// and in the database itself.
func TestFailuresNextToADatabase(t *testing.T) {
	needsEmbedded(t)
	ci, dist := compile(t, "./ci"), t.TempDir()

	source := goAPI(t)
	write(t, source, "internal/postgres/failing_test.go", `package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/postgres/pgtest"
)

func TestOfNothing(t *testing.T) {
	var n int
	require.NoError(t, pgtest.Pool(t, pgtest.New(t)).QueryRow(t.Context(), "select 1").Scan(&n))
	if n != 2 {
		t.Fatalf("the database says %d", n)
	}
}
`)
	out := runFailing(t, repository(t), 1, ci, "test", "--source", source, "--output", dist)
	require.Contains(t, out, "internal/postgres/failing_test.go:15: the database says 1")
	require.Regexp(t, `FAILED test go-api: 1 of \d+ tests failed`, out)

	source = goAPI(t)
	write(t, source, "internal/postgres/migrations/0003_wrong.sql", "ALTER TABLE nothing ADD COLUMN n int;\n")
	out = runFailing(t, repository(t), 1, ci, "test", "--source", source, "--output", dist)
	require.Contains(t, out, `0003_wrong.sql`)
	require.Contains(t, out, `relation "nothing" does not exist`)

	bad := compile(t, "./ci/testdata/baddatabase")
	out = runFailing(t, repository(t), 1, bad, "test", "--source", source, "--output", dist)
	require.Regexp(t, `FAILED test go-api: running the tests of \S+: .*service /usr/local/bin/postgres-start .* did not start`, out)
	require.Contains(t, out, `FATAL:  invalid value for parameter "shared_buffers": "plenty"`)
}
