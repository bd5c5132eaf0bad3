package rust

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/modules/golang/testresult"
)

func parse(t *testing.T, c conversion, stdout, stderr string) (*testresult.Results, string) {
	t.Helper()
	results, err := testresult.Parse([]testresult.Output{{Package: c.name, Dir: ".", Events: c.events(stdout, stderr), ExitCode: c.code}})
	require.NoError(t, err)
	var table strings.Builder
	require.NoError(t, results.WriteTable(&table))
	return results, table.String()
}

const started = `{ "type": "suite", "event": "started", "test_count": 3 }
{ "type": "test", "event": "started", "name": "a::good" }
{ "type": "test", "name": "a::good", "event": "ok", "exec_time": 0.25 }
{ "type": "test", "event": "started", "name": "a::later" }
{ "type": "test", "name": "a::later", "event": "ignored", "message": "needs a database" }
{ "type": "test", "event": "started", "name": "a::bad" }
`

func TestConversion(t *testing.T) {
	results, table := parse(t, conversion{name: "app", harness: true, code: 101}, started+`said directly
{ "type": "test", "name": "a::bad", "event": "failed", "exec_time": 0.5, "stdout": "thread 'a::bad' panicked at src/a.rs:9:5:\nleft is not right\n" }
{ "type": "suite", "event": "failed", "passed": 1, "failed": 1, "ignored": 1, "measured": 0, "filtered_out": 0, "exec_time": 0.75 }
`, "")
	require.Equal(t, []int{3, 1, 1}, []int{results.Total(), results.Failed(), results.Skipped()})
	require.EqualError(t, results.Err(), "1 of 3 tests failed")
	require.Contains(t, table, "skipped 1: needs a database\n")
	require.Contains(t, table, "--- FAIL: app a::bad (0.50s)\nthread 'a::bad' panicked at src/a.rs:9:5:\nleft is not right\n")
}

func TestConversionOfAProgramThatEndsInATest(t *testing.T) {
	results, table := parse(t, conversion{name: "app", harness: true, code: 134}, started, "stack overflow\n")
	require.Error(t, results.Err())
	require.Contains(t, table, "exit code 134")
	require.Contains(t, table, "stack overflow")
}

func TestConversionWithoutHarness(t *testing.T) {
	results, _ := parse(t, conversion{name: "app::own"}, "fine\n", "")
	require.NoError(t, results.Err())
	require.Equal(t, 1, results.Total())

	results, table := parse(t, conversion{name: "app::own", code: 3}, "", "not fine\n")
	require.EqualError(t, results.Err(), "1 of 1 tests failed")
	require.Contains(t, table, "not fine\n")
}

func TestTestNames(t *testing.T) {
	require.Equal(t, "app", testName("app", "app", []string{"lib"}))
	require.Equal(t, "app", testName("app", "app", []string{"cdylib", "rlib"}))
	require.Equal(t, "app::bin/tool", testName("app", "tool", []string{"bin"}))
	require.Equal(t, "app::api", testName("app", "api", []string{"test"}))
	require.Equal(t, "1.2.3", packageVersion("path+file:///src/app#1.2.3"))
	require.Equal(t, "1.2.3", packageVersion("path+file:///src#app@1.2.3"))
}
