package golang_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/modules/golang"
	"github.com/bodkin-ci/bodkin/modules/golang/testresult"
)

// tested returns a module with tests in packages of one name, one of which
// reads a file that is next to it and one that is not.
func tested(c *dagger.Client) *dagger.Directory {
	return c.Directory().
		WithNewFile("go.mod", "module example.com/tested\n\ngo 1.26\n").
		WithNewFile("settings.txt", "set").
		WithNewFile("a/same/same.go", "package same\n\nfunc Two() int { return 2 }\n").
		WithNewFile("a/same/same_test.go", `package same

import (
	"os"
	"testing"
)

func TestFiles(t *testing.T) {
	for _, name := range []string{"testdata/input", "../../settings.txt", "same.go"} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

func TestTwo(t *testing.T) {
	if Two() != 2 {
		t.Fail()
	}
}
`).
		WithNewFile("a/same/testdata/input", "").
		WithNewFile("b/same/same_test.go", `package same

import (
	"os"
	"testing"
)

func TestGreeting(t *testing.T) {
	t.Run("given", func(t *testing.T) {
		if got := os.Getenv("GREETING"); got != "hello" {
			t.Errorf("greeted with %q", got)
		}
	})
}

func TestLater(t *testing.T) { t.Skip("not today") }
`)
}

func table(t *testing.T, r *testresult.Results) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.WriteTable(&b))
	return b.String()
}

func TestTest(t *testing.T) {
	c, ctx := client(t), context.Background()
	g := golang.New(c, tested(c), golang.Options{})

	passing, err := g.Test(ctx, golang.TestOptions{Env: map[string]string{"GREETING": "hello"}, Cover: true})
	require.NoError(t, err)
	require.NoError(t, passing.Err(), table(t, passing))
	require.Equal(t, []int{5, 0, 1}, []int{passing.Total(), passing.Failed(), passing.Skipped()})
	require.Contains(t, table(t, passing), "skipped 1: not today\n")
	require.Regexp(t, `^mode: set\nexample.com/tested/a/same/same.go:3\.\S+ 1 1\n$`, passing.Profile())

	failing, err := g.Test(ctx, golang.TestOptions{})
	require.NoError(t, err)
	require.EqualError(t, failing.Err(), "1 of 5 tests failed")
	require.Contains(t, table(t, failing), "--- FAIL: example.com/tested/b/same TestGreeting/given (0.00s)\n    b/same/same_test.go:11: greeted with \"\"\n")

	chosen, err := g.Test(ctx, golang.TestOptions{Run: "Two", Shuffle: "7", With: func(ctr *dagger.Container) *dagger.Container {
		return ctr.WithEnvVariable("GREETING", "hello")
	}})
	require.NoError(t, err)
	require.NoError(t, chosen.Err())
	require.Equal(t, 1, chosen.Total())
}

// Tests whose program ends before they do are in the results all the same.
func TestTestsThatNeverEnd(t *testing.T) {
	c, ctx := client(t), context.Background()
	src := c.Directory().
		WithNewFile("go.mod", "module example.com/odd\n\ngo 1.26\n").
		WithNewFile("slow/slow_test.go", "package slow\n\nimport \"testing\"\n\nfunc TestSlow(*testing.T) { select {} }\n").
		WithNewFile("exits/exits_test.go", "package exits\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestExits(*testing.T) { os.Exit(3) }\n").
		WithNewFile("panics/panics_test.go", "package panics\n\nimport \"testing\"\n\nfunc TestPanics(*testing.T) { panic(\"out of order\") }\n")
	results, err := golang.New(c, src, golang.Options{}).Test(ctx, golang.TestOptions{Timeout: time.Second, Cover: true})
	require.NoError(t, err)
	shown := table(t, results)
	require.EqualError(t, results.Err(), "3 of 3 tests failed", shown)
	require.Contains(t, shown, "--- FAIL: example.com/odd/slow TestSlow (")
	require.Regexp(t, `(?m)^--- FAIL: example.com/odd/slow \(.*\)\npanic: test timed out after 1s$`, shown)
	require.Regexp(t, `(?m)^--- FAIL: example.com/odd/panics TestPanics \(.*\)\npanic: out of order \[recovered`, shown)
	require.Contains(t, shown, "--- FAIL: example.com/odd/exits TestExits")
}

func TestTestBinaries(t *testing.T) {
	c, ctx := client(t), context.Background()
	dir, err := golang.New(c, tested(c), golang.Options{}).TestBinaries(ctx, golang.TestOptions{})
	require.NoError(t, err)
	files, err := dir.Glob(ctx, "**/*.test")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"same.test", "1/same.test"}, files)
}

func TestTestsThatDoNotCompile(t *testing.T) {
	c, ctx := client(t), context.Background()
	_, err := golang.New(c, tested(c).WithNewFile("b/same/more_test.go", "package same\n\nvar x = missing\n"), golang.Options{}).
		Test(ctx, golang.TestOptions{})
	var exec *dagger.ExecError
	require.ErrorAs(t, err, &exec)
	require.Contains(t, exec.Stderr, "more_test.go:3:9: undefined: missing")
}

func TestRaceNeedsACompiler(t *testing.T) {
	_, err := golang.New(nil, nil, golang.Options{}).Test(context.Background(), golang.TestOptions{Race: true})
	require.ErrorContains(t, err, "needs a C compiler")
}

func TestFmt(t *testing.T) {
	c, ctx := client(t), context.Background()
	src := tested(c).WithNewFile("testdata/odd.go", "package  odd")
	require.NoError(t, golang.New(c, src, golang.Options{}).Fmt(ctx))

	err := golang.New(c, src.WithNewFile("b/odd.go", "package  odd\n"), golang.Options{}).Fmt(ctx)
	var format *golang.FormatError
	require.ErrorAs(t, err, &format)
	require.Equal(t, []string{"b/odd.go"}, format.Files)
}

func TestVet(t *testing.T) {
	c, ctx := client(t), context.Background()
	require.NoError(t, golang.New(c, tested(c), golang.Options{}).Vet(ctx))

	err := golang.New(c, tested(c).WithNewFile("odd.go", "package odd\n\nimport \"fmt\"\n\nfunc Odd() { fmt.Printf(\"%d\", \"one\") }\n"), golang.Options{}).Vet(ctx)
	var exec *dagger.ExecError
	require.ErrorAs(t, err, &exec)
	require.Contains(t, exec.Stderr, "odd.go:5:26: fmt.Printf format %d has arg \"one\" of wrong type string")
}
