package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/progress"
	"github.com/bodkin-ci/bodkin/ci/internal/report"
	"github.com/bodkin-ci/bodkin/engine"
)

var rows = []report.Row{
	{Step: "engine", Status: report.OK, Time: 70 * time.Millisecond},
	{Step: "build a", Status: report.OK, Counts: &progress.Counts{Cached: 12, Run: 3}, Time: 12340 * time.Millisecond, Files: []report.File{
		{Path: "dist/a/bin/a", Size: 9_300_000}, {Path: "dist/a/notes", Size: 12},
	}},
	{Step: "build b", Status: report.Failed, Time: time.Second, Error: "broken"},
}

var total = report.Total{Counts: progress.Counts{Cached: 12, Run: 4}, Time: 12500 * time.Millisecond}

func TestSummary(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, report.Summary(&out, rows, total))
	require.Equal(t, `
STEP     RESULT  CACHED  RUN  TIME   WROTE
engine   ok      -       -    0.07s
build a  ok      12      3    12.3s  dist/a/bin/a (9.3 MB)
                                     dist/a/notes (12 B)
build b  failed  -       -    1.00s
total            12      4    12.5s  9.3 MB
`, trimLines(out.String()))
}

func TestSummaryJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, report.SummaryJSON(&out, rows, total))
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
	require.JSONEq(t, `{"summary":{
		"steps":[
			{"step":"engine","status":"ok","seconds":0.07},
			{"step":"build a","status":"ok","vertices":{"cached":12,"run":3},"seconds":12.34,
			 "files":[{"path":"dist/a/bin/a","bytes":9300000},{"path":"dist/a/notes","bytes":12}]},
			{"step":"build b","status":"failed","seconds":1,"error":"broken"}],
		"vertices":{"cached":12,"run":4},"seconds":12.5}}`, out.String())
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 4_200_000_000: "4.2 GB", 5_000_000_000_000: "5.0 TB"} {
		require.Equal(t, want, report.Bytes(n))
	}
}

func TestFailureOfAnythingElse(t *testing.T) {
	require.Equal(t, "build a: no space left\n", report.Failure(errors.New("build a: no space left")))
}

func TestFailureOfACommand(t *testing.T) {
	var long strings.Builder
	for i := range 30 {
		fmt.Fprintf(&long, "line %d\n", i+1)
	}
	err := execError(t, map[string]any{"cmd": []string{"go", "build", "-ldflags=-s -w", ".", "it's", ""}, "exitCode": 2, "stdout": long.String(), "stderr": "bad\r\n"})
	text := report.Failure(fmt.Errorf("build a: compiling: %w", err))
	head, tail, _ := strings.Cut(text, "    line 11\n")
	require.Equal(t, `build a: compiling: the command ended with exit code 2
  command: go build '-ldflags=-s -w' . 'it'\''s' ''
  standard output (the last 20 of 30 lines):
`, head)
	require.True(t, strings.HasSuffix(tail, "    line 30\n  standard error:\n    bad\n"), tail)

	silent := execError(t, map[string]any{"cmd": []string{"false"}, "exitCode": 1, "stdout": "", "stderr": ""})
	require.Equal(t, "the command ended with exit code 1\n  command: false\n  it printed nothing\n", report.Failure(silent))
}

// execError has the SDK turn an engine's answer about a failed exec into an error.
func execError(t *testing.T, extensions map[string]any) error {
	t.Helper()
	extensions["_type"] = "EXEC_ERROR"
	answer, err := json.Marshal(map[string]any{"errors": []any{
		map[string]any{"message": "process did not complete successfully: exit code", "extensions": extensions},
	}})
	require.NoError(t, err)
	dag, err := dagger.Connect(t.Context(), dagger.WithConn(answering(answer)))
	require.NoError(t, err)
	_, err = dag.Container().Stdout(t.Context())
	require.ErrorAs(t, err, new(*dagger.ExecError))
	return err
}

// answering is an engine that has one answer.
type answering []byte

func (a answering) Host() string { return "engine" }
func (a answering) Close() error { return nil }
func (a answering) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(a)), Request: r}, nil
}

func TestEngine(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var out bytes.Buffer
	require.NoError(t, report.Engine(&out, &engine.State{
		Running: true, Dir: "/cache/engine", Address: "unix:///cache/engine/sock", BuildKit: "v0.33.1",
		Supervisor: 7, Buildkitd: 8, Since: now.Add(-90 * time.Second), Clients: 2, Idle: 10 * time.Minute,
		Bridge: "bodkin0", Subnet: "10.1.0.0/22",
		Disk: []engine.DiskUse{
			{Kind: "regular", Records: 3, Bytes: 2_000_000, Reclaimable: 1_000_000},
			{Kind: "exec.cachemount", Records: 1, Bytes: 500},
			{Kind: "new.kind", Records: 1},
		},
	}, now))
	require.Equal(t, `engine     running for 1m30s, BuildKit v0.33.1
clients    2; without one it ends after 10m0s
address    unix:///cache/engine/sock
network    10.1.0.0/22 on bodkin0
processes  buildkitd 8, supervisor 7
state      /cache/engine

CACHE          RECORDS  SIZE    UNUSED
layers         3        2.0 MB  1.0 MB
cache volumes  1        500 B   0 B
new.kind       1        0 B     0 B
total          5        2.0 MB  1.0 MB
`, trimLines(out.String()))

	out.Reset()
	require.NoError(t, report.Engine(&out, &engine.State{Dir: "/cache/engine"}, now))
	require.Equal(t, "engine  not running; the next run starts it\nstate   /cache/engine\n", out.String())
}

func TestPruned(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, report.Pruned(&out, nil))
	require.Equal(t, "Nothing to remove.\n", out.String())
	out.Reset()
	require.NoError(t, report.Pruned(&out, []engine.DiskUse{{Kind: "source.local", Records: 2, Bytes: 1500}}))
	require.Equal(t, "REMOVED       RECORDS  SIZE\nhost folders  2        1.5 kB\ntotal         2        1.5 kB\n", out.String())
}

func trimLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

func TestKept(t *testing.T) {
	kept := []engine.DiskUse{
		{Kind: "exec.cachemount", Records: 2, Bytes: 3e9, Reclaimable: 3e9},
		{Kind: "regular", Records: 9, Bytes: 1e9, Reclaimable: 4e8},
	}
	for want, opts := range map[string]engine.PruneOptions{
		"Kept 4.0 GB: cache volumes 3.0 GB, layers 1.0 GB.\n": {KeepStorage: 5e9},
		"Kept 4.0 GB: cache volumes 3.0 GB, layers 1.0 GB.\nNot less, because cache volumes go with --all only, and what was used within 72h stays, and 600.0 MB are in use.\n": {KeepStorage: 1e9, KeepDuration: 72 * time.Hour},
		"Kept 4.0 GB: cache volumes 3.0 GB, layers 1.0 GB.\nNot less, because 600.0 MB are in use.\n":                                                                           {All: true},
	} {
		var out bytes.Buffer
		require.NoError(t, report.Kept(&out, kept, opts))
		require.Equal(t, want, out.String())
	}
	var out bytes.Buffer
	require.NoError(t, report.Kept(&out, nil, engine.PruneOptions{}))
	require.Empty(t, out.String())
}
