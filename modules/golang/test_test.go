package golang

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseTests(t *testing.T) {
	tests := parseTests("example.com/app\t/src\tmain.go main_test.go \n" +
		"\n" +
		"example.com/app/a/store\t/src/a/store\tstore.go  store_test.go\n" +
		"example.com/app/b/store\t/src/b/store\t store_test.go \n" +
		"example.com/app/api/v2\t/src/api/v2\tapi.go api_test.go \n")
	require.Equal(t, []testPackage{
		{path: "example.com/app", dir: ".", files: []string{"main.go", "main_test.go"}},
		{path: "example.com/app/a/store", dir: "a/store", files: []string{"store.go", "store_test.go"}},
		{path: "example.com/app/b/store", dir: "b/store", files: []string{"store_test.go"}, group: 1},
		{path: "example.com/app/api/v2", dir: "api/v2", files: []string{"api.go", "api_test.go"}},
	}, tests)
	var names []string
	for _, p := range tests {
		names = append(names, p.binary())
	}
	require.Equal(t, []string{"app.test", "store.test", "1/store.test", "api.test"}, names)
}

func TestTestCommands(t *testing.T) {
	p := testPackage{path: "example.com/app/store", dir: "store", group: 1}
	always := []string{"/tests/test2json", "-t", "-p", "example.com/app/store", "/tests/store.test", "-test.v=test2json", "-test.paniconexit0"}
	for name, c := range map[string]struct {
		opts TestOptions
		args []string
	}{
		"defaults": {TestOptions{}, []string{"-test.timeout=10m0s"}},
		"everything": {
			TestOptions{Run: "TestX/y", Shuffle: "on", Cover: true, Timeout: time.Minute},
			[]string{"-test.timeout=1m0s", "-test.run=TestX/y", "-test.shuffle=on", "-test.coverprofile=/tests.out/coverage.out"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, append(always[:len(always):len(always)], c.args...), c.opts.command(p))
		})
	}
	require.Equal(t, []string{"-buildvcs=false", "-tags=one,two", "-race", "-cover"},
		TestOptions{Tags: []string{"one", "two"}, Race: true, Cover: true}.flags())
}
