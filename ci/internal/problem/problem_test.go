package problem_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/problem"
)

func TestFind(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []problem.Problem
	}{
		"go build": {
			text: "# example.com/app\n./main.go:3:9: undefined: missing\nstore/store.go:7:2: x declared and not used\n",
			want: []problem.Problem{
				{File: "main.go", Line: 3, Column: 9, Message: "undefined: missing", Title: "build app"},
				{File: "store/store.go", Line: 7, Column: 2, Message: "x declared and not used", Title: "build app"},
			},
		},
		"go vet": {
			text: "# [example.com/app]\nvet: ./main.go:3:9: undefined: missing\n",
			want: []problem.Problem{{File: "main.go", Line: 3, Column: 9, Message: "undefined: missing", Title: "build app"}},
		},
		"golangci-lint shows the line": {
			text: "main.go:6:8: Error return value is not checked (errcheck)\n\tos.Chdir(\"/\")\n\t        ^\n1 issues:\n* errcheck: 1\n",
			want: []problem.Problem{{File: "main.go", Line: 6, Column: 8, Message: "Error return value is not checked (errcheck)\nos.Chdir(\"/\")\n^", Title: "build app"}},
		},
		"go test": {
			text: "--- FAIL: example.com/app/sum TestSum/of_two (0.00s)\n    sum/sum_test.go:7: one and one is 3\n    sum/sum_test.go:9: \n        Error:  not equal\n        Test:   TestSum\n",
			want: []problem.Problem{
				{File: "sum/sum_test.go", Line: 7, Message: "one and one is 3", Title: "TestSum/of_two"},
				{File: "sum/sum_test.go", Line: 9, Message: "Error:  not equal\nTest:   TestSum", Title: "TestSum/of_two"},
			},
		},
		"rustc": {
			text: "error[E0425]: cannot find function `missing` in this scope\n --> src/main.rs:2:5\n  |\n2 |     missing();\n  |     ^^^^^^^ not found\n\nnote: also\n --> src/other.rs:1:1\n",
			want: []problem.Problem{{File: "src/main.rs", Line: 2, Column: 5, Message: "cannot find function `missing` in this scope", Title: "build app"}},
		},
		"a panic in Rust": {
			text: "thread 'tests::fails' (7) panicked at src/main.rs:4:5:\nas it is to\nnote: run with RUST_BACKTRACE=1\n",
			want: []problem.Problem{{File: "src/main.rs", Line: 4, Column: 5, Message: "as it is to", Title: "build app"}},
		},
		"once": {
			text: "a.go:1: x\na.go:1: x\n",
			want: []problem.Problem{{File: "a.go", Line: 1, Message: "x", Title: "build app"}},
		},
		"neither times nor addresses": {
			text: "12:30:05 INFO done\nlistening on 127.0.0.1:8080: ok\nexit status 1\nhttps://example.com:443: no\n",
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, problem.Find(c.text, "build app")) })
	}
}

func TestFingerprintDoesNotDependOnTheLine(t *testing.T) {
	one := problem.Problem{File: "a.go", Line: 1, Message: "x"}
	moved, other := one, one
	moved.Line, other.Message = 9, "y"
	require.Equal(t, one.Fingerprint(), moved.Fingerprint())
	require.NotEqual(t, one.Fingerprint(), other.Fingerprint())
}
