package protocol

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzSpec: what can be read is written and read again as the same.
func FuzzSpec(f *testing.F) {
	f.Add(Encode(Spec{Expect: ExpectAny, Stdin: "in", SecretEnv: []string{"A"}, Services: []Service{{Address: "127.1.2.3"}}, Listen: []int{80}, Check: &Check{Command: []string{"c"}}}))
	f.Add(`{"expect":1}`)
	f.Add("")
	f.Fuzz(func(t *testing.T, arg string) {
		spec, err := Decode(arg)
		if err != nil {
			return
		}
		again, err := Decode(Encode(spec))
		require.NoError(t, err)
		require.Equal(t, Encode(spec), Encode(again))
	})
}

// FuzzReport reads what a shim may have reported. An exec's output is within: it must
// not be taken for the report's own words.
func FuzzReport(f *testing.F) {
	f.Add([]byte("out"), []byte("stderr 3\nerr"), []byte("stdout 1\nx"))
	f.Add([]byte{}, []byte("bodkin-shim: outdated: x\n"), []byte("stdout -1\n"))
	f.Add([]byte("a"), []byte("b"), []byte("stdout 99999999999999999999\n"))
	f.Fuzz(func(t *testing.T, stdout, stderr, report []byte) {
		files, err := ParseReport(append(ReportEntry(StdoutFile, stdout), ReportEntry(StderrFile, stderr)...))
		require.NoError(t, err)
		require.Equal(t, string(stdout), string(files[StdoutFile]))
		require.Equal(t, string(stderr), string(files[StderrFile]))
		files, err = ParseReport(report)
		for _, content := range files {
			require.LessOrEqual(t, len(content), len(report))
		}
		_ = err
		for status := StatusSetup; status <= StatusRecording; status++ {
			_, _ = Marked(status, string(stderr))
		}
	})
}
