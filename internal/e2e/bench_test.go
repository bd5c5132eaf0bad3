package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// BenchmarkCachedBuild: a build in which nothing changed, as a whole process.
func BenchmarkCachedBuild(b *testing.B) {
	needsEmbedded(b)
	ci, dist := compile(b, "./ci"), b.TempDir()
	run(b, repository(b), ci, "build", "--app", "go-api", "--output", dist)
	for b.Loop() {
		run(b, repository(b), ci, "build", "--app", "go-api", "--output", dist)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkEdit: examples/go-api after an edit of one line, built by the whole
// ci program and by plain `go build` on this machine, in turn.
func BenchmarkEdit(b *testing.B) {
	needsEmbedded(b)
	ci, dist, source := compile(b, "./ci"), b.TempDir(), b.TempDir()
	require.NoError(b, os.CopyFS(source, os.DirFS(filepath.Join(repository(b), "examples/go-api"))))
	build := func() {
		run(b, repository(b), ci, "build", "--source", source, "--output", dist)
	}
	plain := func() {
		run(b, source, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", filepath.Join(dist, "plain"), ".")
	}
	build()
	plain()
	var ours, peer time.Duration
	for round := 0; b.Loop(); round++ {
		editLine(b, source, fmt.Sprint("plain ", round))
		peer += timeOf(plain)
		editLine(b, source, fmt.Sprint("ours ", round))
		ours += timeOf(build)
	}
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(float64(peer.Milliseconds())/float64(b.N), "go-build-ms")
	b.ReportMetric(float64(ours)/float64(peer), "ratio")
	b.ReportMetric(0, "ns/op")
}

// editLine changes what one function of the application's HTTP package does.
func editLine(b *testing.B, source, text string) {
	b.Helper()
	file := filepath.Join(source, "internal", "httpapi", "edited.go")
	require.NoError(b, os.WriteFile(file, []byte(fmt.Sprintf("package httpapi\n\nfunc edited() string { return %q }\n\nvar _ = edited\n", text)), 0o644))
}

func timeOf(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// took matches the log lines that say how long a phase took.
var took = regexp.MustCompile(`INFO (.*?) took=(\S+)`)

// BenchmarkFirstRun: the first build on a machine that has Go and nothing else:
// no cache folder, no compiled packages, no downloaded modules. Use -benchtime 1x.
func BenchmarkFirstRun(b *testing.B) {
	needsEmbedded(b)
	ci := compile(b, "./ci")
	var out string
	for b.Loop() {
		b.Setenv(cachedir.EnvVar, b.TempDir())
		b.Setenv("GOCACHE", b.TempDir())
		b.Setenv("GOMODCACHE", b.TempDir())
		b.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -modcacherw"))
		start := time.Now()
		out = run(b, repository(b), ci, "build", "--app", "go-api", "--output", b.TempDir())
		b.ReportMetric(time.Since(start).Seconds(), "s")
		require.NoError(b, engine.Stop(b.Context()))
	}
	for _, phase := range took.FindAllStringSubmatch(out, -1) {
		b.Logf("%-60s %s", strings.TrimSpace(phase[1]), phase[2])
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkMemory: resident memory of a new daemon (with its supervisor) that is
// idle after a build, and the most that the client of the build had.
func BenchmarkMemory(b *testing.B) {
	needsEmbedded(b)
	ci := compile(b, "./ci")
	// BuildKit maps its databases into memory: a daemon with a history is larger.
	b.Setenv(cachedir.EnvVar, b.TempDir())
	defer func() { require.NoError(b, engine.Stop(b.Context())) }()
	build := func() *os.ProcessState {
		cmd := exec.CommandContext(b.Context(), ci, "build", "--app", "go-api", "--output", b.TempDir())
		cmd.Dir = repository(b)
		require.NoError(b, cmd.Run())
		return cmd.ProcessState
	}
	build() // sets the engine up: its compilers count as the client's children
	peak, ok := maxResident(build())
	require.True(b, ok)
	time.Sleep(5 * time.Second) // idle
	state, err := engine.Status(b.Context())
	require.NoError(b, err)
	for b.Loop() {
		b.ReportMetric(resident(b, state.Buildkitd)+resident(b, state.Supervisor), "daemon-MB")
		b.ReportMetric(peak, "client-peak-MB")
	}
	b.ReportMetric(0, "ns/op")
}

// resident is a process's resident memory in MB.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	fields := strings.Fields(regexp.MustCompile(`VmRSS:.*`).FindString(string(status)))
	require.Len(b, fields, 3)
	kb, err := strconv.ParseFloat(fields[1], 64)
	require.NoError(b, err)
	return kb / 1000
}
