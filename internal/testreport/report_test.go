package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// events of a package with one test that passes, in the form test2json writes.
const onePass = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"pass","Package":"p","Elapsed":0.1}
`

const oneSkip = `{"Action":"run","Package":"q","Test":"TestB"}
{"Action":"output","Package":"q","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"q","Test":"TestB","Output":"    b_test.go:7: needs a printer\n"}
{"Action":"output","Package":"q","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"q","Test":"TestB","Elapsed":0}
{"Action":"pass","Package":"q","Elapsed":0.1}
`

func TestGreenRunEndsWithTheCounts(t *testing.T) {
	out, err := reportOn(t, onePass, "")
	require.NoError(t, err)
	require.Equal(t, "1 passed, 0 failed, 0 skipped", lastLine(out))
	require.Contains(t, out, "ok   p  100ms  (1 passed, 0 failed, 0 skipped)")
}

func TestNoTestAtAllIsNotGreen(t *testing.T) {
	out, err := reportOn(t, "", "")
	require.ErrorIs(t, err, errNotGreen)
	require.ErrorContains(t, err, "no test passed")
	require.Equal(t, "0 passed, 0 failed, 0 skipped", lastLine(out))
}

func TestSkipShowsItsReasonAndFails(t *testing.T) {
	out, err := reportOn(t, onePass+oneSkip, "# nothing may be skipped\n")
	require.ErrorContains(t, err, "1 skipped that should have run")
	require.Contains(t, out, "--- SKIP: q TestB: b_test.go:7: needs a printer  [not an allowed skip]")
	require.Equal(t, "1 passed, 0 failed, 1 skipped", lastLine(out))
}

func TestAllowedSkipIsShownAndGreen(t *testing.T) {
	out, err := reportOn(t, onePass+oneSkip, "q Test? # needs a printer\n")
	require.NoError(t, err)
	require.Contains(t, out, "--- SKIP: q TestB: b_test.go:7: needs a printer\n")
}

func TestAllowedSkipOfPackagesBelow(t *testing.T) {
	stream := strings.ReplaceAll(oneSkip, `"q"`, `"example.org/q/r"`)
	_, err := reportOn(t, onePass+stream, "example.org/q/... * # needs a printer\n")
	require.NoError(t, err)
}

func TestAllowedSkipDoesNotReachOthers(t *testing.T) {
	for _, list := range []string{
		"q/deeper TestB # needs a printer", "q TestBB # needs a printer", "q TestB # needs a scanner", "qq/... * # needs a printer",
	} {
		_, err := reportOn(t, onePass+oneSkip, list)
		require.ErrorIs(t, err, errNotGreen, "list %q", list)
	}
}

func TestListWithoutReasonIsRefused(t *testing.T) {
	for _, list := range []string{"q TestB\n", "q TestB #\n", "q # why\n", "q Test[ # why\n"} {
		_, err := reportOn(t, onePass, list)
		require.ErrorContains(t, err, "allowed skips, line 1", "list %q", list)
	}
}

func TestBuiltInListParses(t *testing.T) {
	_, err := readAllowed("")
	require.NoError(t, err)
}

func TestLinesThatAreNoEventsAreShown(t *testing.T) {
	out, err := reportOn(t, "a plain line\n"+onePass, "")
	require.NoError(t, err)
	require.Contains(t, out, "a plain line\n")
}

func TestRealRun(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go compiler")
	}
	dir := t.TempDir()
	write := func(name, content string) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	write("go.mod", "module example.org/sample\n\ngo 1.26\n")
	write("good/good_test.go", "package good\nimport \"testing\"\nfunc TestGood(t *testing.T) {}\n")
	write("bad/bad_test.go", "package bad\nimport \"testing\"\nfunc TestBad(t *testing.T) { t.Run(\"inner\", func(t *testing.T) { t.Error(\"three is not four\") }) }\n")
	write("crash/crash_test.go", "package crash\nimport \"testing\"\nfunc TestCrash(t *testing.T) { panic(\"out of paper\") }\n")
	write("broken/broken_test.go", "package broken\nimport \"testing\"\nfunc TestBroken(t *testing.T) { undefinedThing() }\n")

	cmd := exec.Command("go", "test", "./...", "-json")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	events, err := cmd.Output()
	require.Error(t, err, "go test is expected to fail")

	out, err := reportOn(t, string(events), "")
	require.ErrorIs(t, err, errNotGreen)
	require.Contains(t, out, "--- FAIL: example.org/sample/bad TestBad/inner")
	require.Contains(t, out, "bad_test.go:3: three is not four")
	require.Contains(t, out, "--- FAIL: example.org/sample/crash TestCrash")
	require.Contains(t, out, "panic: out of paper")
	require.Contains(t, out, "--- FAIL: example.org/sample/broken (")
	require.Contains(t, out, "undefined: undefinedThing")
	require.Equal(t, "1 passed, 4 failed, 0 skipped", lastLine(out))
}

// reportOn runs the program over events with the given list of allowed skips.
func reportOn(t *testing.T, events, allowed string) (string, error) {
	t.Helper()
	list := filepath.Join(t.TempDir(), "allowed.txt")
	require.NoError(t, os.WriteFile(list, []byte(allowed), 0o644))
	var out strings.Builder
	err := run(strings.NewReader(events), &out, list)
	return out.String(), err
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return lines[len(lines)-1]
}
