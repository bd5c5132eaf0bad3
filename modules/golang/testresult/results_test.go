package testresult_test

import (
	"encoding/xml"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/junitcheck"
	"github.com/bodkin-ci/bodkin/modules/golang/testresult"
)

// event is a line of test2json for the given test.
func event(pkg, test, action, output string) string {
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`"`, `\"`, "\n", `\n`, "\x1b", `\u001b`).Replace(s) + `"`
	}
	line := `{"Time":"2026-01-02T03:04:05Z","Action":` + quote(action) + `,"Package":` + quote(pkg)
	if test != "" {
		line += `,"Test":` + quote(test)
	}
	if output != "" {
		line += `,"Output":` + quote(output)
	} else if action != "run" {
		line += `,"Elapsed":0.25`
	}
	return line + "}\n"
}

func outputs() []testresult.Output {
	store := "example.com/app/store"
	return []testresult.Output{
		{
			Package: store, Dir: "store", Files: []string{"store_test.go"}, ExitCode: 1,
			Events: event(store, "TestGood", "run", "") + event(store, "TestGood", "pass", "") +
				event(store, "TestBad", "run", "") +
				event(store, "TestBad", "output", "=== RUN   TestBad\n") +
				event(store, "TestBad", "output", "    store_test.go:7: \x1b[31mwant <1>, got ]]>\n") +
				event(store, "TestBad", "output", "    suite.go:9: in a helper\n") +
				event(store, "TestBad", "output", "--- FAIL: TestBad (0.25s)\n") +
				event(store, "TestBad", "fail", "") +
				event(store, "TestLater", "run", "") +
				event(store, "TestLater", "output", "    store_test.go:12: no database\n") +
				event(store, "TestLater", "skip", "") +
				event(store, "", "fail", ""),
			Profile: "mode: set\na.go:1.1,2.2 3 1\na.go:3.1,4.2 1 0\n",
		},
		{
			Package: "example.com/app", Dir: ".", ExitCode: 2,
			Events:  event("example.com/app", "", "output", "panic: no settings\n") + event("example.com/app", "", "fail", ""),
			Profile: "mode: set\nb.go:1.1,2.2 2 0\n",
		},
	}
}

func TestTable(t *testing.T) {
	results, err := testresult.Parse(outputs())
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, results.WriteTable(&b))
	require.Equal(t, `PACKAGE                RESULT  TESTS  FAILED  SKIPPED  TIME   COVERAGE
example.com/app/store  failed  3      1       1        0.25s  75.0%
example.com/app        failed  0      1       0        0.25s  0.0%
total                          3      2       1               50.0%
skipped 1: no database

--- FAIL: example.com/app (0.00s)
panic: no settings

--- FAIL: example.com/app/store TestBad (0.25s)
    store/store_test.go:7: `+"\x1b"+`[31mwant <1>, got ]]>
    suite.go:9: in a helper
`, b.String())
	require.EqualError(t, results.Err(), "2 of 3 tests failed")
}

func TestJUnitReadsBack(t *testing.T) {
	results, err := testresult.Parse(outputs())
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, results.WriteJUnit(&b))
	require.True(t, strings.HasPrefix(b.String(), xml.Header))
	var read junit.Testsuites
	require.NoError(t, xml.Unmarshal([]byte(b.String()), &read))
	require.NoError(t, junitcheck.Check(strings.NewReader(b.String())))
	require.Equal(t, []int{4, 2, 1}, []int{read.Tests, read.Failures, read.Suites[0].Skipped})
	require.Len(t, read.Suites, 2)

	store := read.Suites[0]
	require.Equal(t, "example.com/app/store", store.Name)
	require.Equal(t, "2026-01-02T03:04:05Z", store.Timestamp)
	require.Len(t, store.Testcases, 3)
	require.Equal(t, "TestGood", store.Testcases[0].Name)
	require.Equal(t, "0.250", store.Testcases[0].Time)
	require.Equal(t, "store/store_test.go:12: no database", store.Testcases[1].Skipped.Message)
	require.Equal(t, "    store/store_test.go:12: no database", store.Testcases[1].Skipped.Data)
	require.Equal(t, "example.com/app/store", store.Testcases[2].Classname)
	require.Equal(t, "    store/store_test.go:7: [31mwant <1>, got ]]>\n    suite.go:9: in a helper", store.Testcases[2].Failure.Data)

	require.Equal(t, "store/store_test.go:7: [31mwant <1>, got ]]>", store.Testcases[2].Failure.Message)

	require.Equal(t, "TestMain", read.Suites[1].Testcases[0].Name)
	require.Equal(t, "panic: no settings", read.Suites[1].Testcases[0].Failure.Data)
}

// A test may fail or be skipped without a word.
func TestJUnitOfSilentTests(t *testing.T) {
	const pkg = "example.com/app"
	results, err := testresult.Parse([]testresult.Output{{Package: pkg, Dir: ".", ExitCode: 1, Events: event(pkg, "TestBad", "run", "") +
		event(pkg, "TestBad", "fail", "") + event(pkg, "TestLater", "run", "") + event(pkg, "TestLater", "skip", "") + event(pkg, "", "fail", "")}})
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, results.WriteJUnit(&b))
	require.NoError(t, junitcheck.Check(strings.NewReader(b.String())))
	require.Contains(t, b.String(), `<failure message="Failed">`)
	require.Contains(t, b.String(), `<skipped message="Skipped">`)
}

func TestProfile(t *testing.T) {
	results, err := testresult.Parse(outputs())
	require.NoError(t, err)
	require.Equal(t, "mode: set\na.go:1.1,2.2 3 1\na.go:3.1,4.2 1 0\nb.go:1.1,2.2 2 0\n", results.Profile())
	covered, statements := results.Coverage()
	require.Equal(t, []int{3, 6}, []int{covered, statements})
}

func TestTableWithoutCoverage(t *testing.T) {
	given := outputs()[:1]
	given[0].Profile = ""
	results, err := testresult.Parse(given)
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, results.WriteTable(&b))
	require.True(t, strings.HasPrefix(b.String(), `PACKAGE                RESULT  TESTS  FAILED  SKIPPED  TIME
example.com/app/store  failed  3      1       1        0.25s
skipped 1: no database
`), b.String())
	require.Empty(t, results.Profile())
}

func TestTableWithoutTests(t *testing.T) {
	results, err := testresult.Parse(nil)
	require.NoError(t, err)
	require.NoError(t, results.Err())
	var b strings.Builder
	require.NoError(t, results.WriteTable(&b))
	require.Equal(t, "no package has tests\n", b.String())
}

func TestProfileThatIsNone(t *testing.T) {
	_, err := testresult.Parse([]testresult.Output{{Package: "example.com/app", Profile: "mode: set\nnot a line\n"}})
	require.ErrorContains(t, err, "reading a coverage profile")
}

func TestProgramsThatEndTooEarly(t *testing.T) {
	const pkg = "example.com/app"
	start := event(pkg, "TestEnds", "run", "") + event(pkg, "TestEnds", "output", "about to end\n")
	for name, c := range map[string]struct{ events, shown string }{
		"killed":           {"", "--- FAIL: example.com/app (0.00s)\nthe test program ended with exit code 137\n"},
		"killed in a test": {start, "--- FAIL: example.com/app TestEnds (not ended)\nabout to end\n"},
		"exits in a test":  {start + event(pkg, "TestEnds", "fail", ""), "--- FAIL: example.com/app TestEnds (0.25s)\nabout to end\n"},
	} {
		t.Run(name, func(t *testing.T) {
			results, err := testresult.Parse([]testresult.Output{{Package: pkg, ExitCode: 137, Events: c.events}})
			require.NoError(t, err)
			require.Error(t, results.Err())
			var b strings.Builder
			require.NoError(t, results.WriteTable(&b))
			require.Contains(t, b.String(), "\nexample.com/app  failed ")
			require.Contains(t, b.String(), c.shown)
		})
	}
}

// What the Go command prints today is understood.
func TestGoCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go compiler")
	}
	cmd := exec.Command("go", "test", "-json", ".")
	cmd.Dir = filepath.Join("testdata", "panics")
	out, err := cmd.Output()
	require.Error(t, err)
	results, err := testresult.Parse([]testresult.Output{{Package: "example.com/panics", Dir: "panics", Events: string(out), ExitCode: 1}})
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, results.WriteTable(&b))
	require.Contains(t, b.String(), "--- FAIL: example.com/panics TestPanics ")
	require.Contains(t, b.String(), "panic: out of order")
}
