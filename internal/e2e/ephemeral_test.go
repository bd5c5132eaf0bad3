package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// ephemeral is a CI whose runners are thrown away after each job: only a registry,
// with TLS of its own and a password, outlives them.
type ephemeral struct {
	ci, source string
	registry   *registrytest.Registry
}

// newEphemeral has an application that imports a package of the standard library.
func newEphemeral(t testing.TB, imports string) *ephemeral {
	needsEmbedded(t)
	const user, password = "ci", "p4ss"
	e := &ephemeral{ci: compile(t, "./ci"), source: filepath.Join(t.TempDir(), "app")}
	e.registry = registrytest.Start(t, registrytest.Options{TLS: true, User: user, Password: password})
	for name, content := range map[string]string{
		"go.mod":         "module example.com/app\n\ngo 1.26\n",
		"main.go":        fmt.Sprintf("package main\n\nimport (\n\t_ %q\n\n\t\"example.com/app/greet\"\n)\n\nfunc main() { println(greet.Text) }\n", imports),
		"greet/greet.go": "package greet\n\nconst Text = \"first\"\n",
	} {
		path := filepath.Join(e.source, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	config := filepath.Join(t.TempDir(), "buildkitd.toml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, "[registry.%q]\nhttp = false\nca = [%q]\n", e.registry.Host, e.registry.CA), 0o600))
	for name, value := range map[string]string{
		"BODKIN_BUILDKITD_CONFIG": config, "CI_REGISTRY": e.registry.Host, "CI_REGISTRY_USER": user, "CI_REGISTRY_PASSWORD": password,
	} {
		t.Setenv(name, value)
	}
	return e
}

// edit changes one line of the application.
func (e *ephemeral) edit(t testing.TB, text string) {
	path := filepath.Join(e.source, "greet", "greet.go")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "package greet\n\nconst Text = %q\n", text), 0o644))
}

// runner is a machine on which nothing has run yet: it has the programs of the
// engine, which every job of a CI compiles, or has cached, in the same way.
func (e *ephemeral) runner(t testing.TB, jobs func()) {
	dir := t.TempDir()
	shareParts(t, dir)
	host := os.Getenv(cachedir.EnvVar)
	t.Setenv(cachedir.EnvVar, dir)
	defer func() {
		require.NoError(t, engine.Stop(t.Context()))
		require.NoError(t, os.RemoveAll(dir))
		t.Setenv(cachedir.EnvVar, host)
	}()
	jobs()
}

// pinned matches what ci says it has published.
var pinned = regexp.MustCompile(`team/app/app@sha256:[0-9a-f]{64}`)

// publish runs the job, and returns its output and the image's digest.
func (e *ephemeral) publish(t testing.TB, flags ...string) (out, digest string) {
	args := append([]string{"publish", "--source", e.source, "--output", t.TempDir(), "--repository", "team/app", "--tag", "x"}, flags...)
	out = run(t, repository(t), e.ci, args...)
	return out, pinned.FindString(out)
}

func (e *ephemeral) cache() string { return e.registry.Host + "/team/cache" }

// written matches the registry's log lines of what it has sent.
var written = regexp.MustCompile(`http\.response\.written=(\d+)`)

// traffic is what the registry keeps and what it has sent so far, in bytes.
func (e *ephemeral) traffic(t testing.TB) (kept, sent int64) {
	require.NoError(t, filepath.WalkDir(e.registry.Storage, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		kept += info.Size()
		return err
	}))
	for _, m := range written.FindAllStringSubmatch(e.registry.Log(t), -1) {
		n, err := strconv.ParseInt(m[1], 10, 64)
		require.NoError(t, err)
		sent += n
	}
	return kept, sent
}

// One runner builds and publishes; another one, which has nothing, goes on after an
// edit with what the first has left in the registry.
func TestEphemeralRunners(t *testing.T) {
	e := newEphemeral(t, "fmt")
	var first, second string
	e.runner(t, func() {
		var out string
		out, first = e.publish(t, "--cache", e.cache())
		require.Contains(t, out, "saved cache volume")
		require.Contains(t, out, "saved layer cache")
	})
	stored, before := e.traffic(t)
	require.NotEmpty(t, first)
	e.edit(t, "second")
	e.runner(t, func() {
		var out string
		out, second = e.publish(t, "--cache", e.cache())
		require.Contains(t, out, "restored cache volume")
		require.Contains(t, out, "saved cache volume")
	})
	require.NotEqual(t, first, second)
	kept, sent := e.traffic(t)
	t.Logf("the first runner has stored %d bytes, the second %d, and has got %d", stored, kept-stored, sent-before)
	require.Less(t, kept-stored, stored/5, "only what has changed is stored")
	require.Less(t, sent-before, stored, "no more than what there is comes back")
	e.runner(t, func() {
		out, again := e.publish(t, "--cache", e.cache())
		require.Equal(t, second, again)
		require.NotContains(t, out, "restored cache volume", "no step runs that needs one")
	})
}

// BenchmarkEphemeralRunner: publishing after an edit of one line, on a runner that
// has nothing but caches in a registry (cached-s), against one that still has all
// (warm-s), and one without caches (cold-s).
func BenchmarkEphemeralRunner(b *testing.B) {
	e := newEphemeral(b, "net/http")
	var warm, cached, cold time.Duration
	round := 0
	edited := func() { round++; e.edit(b, strconv.Itoa(round)) }
	for b.Loop() {
		e.runner(b, func() {
			e.publish(b, "--cache", e.cache())
			edited()
			warm += timeOf(func() { e.publish(b) })
		})
		edited()
		e.runner(b, func() { cached += timeOf(func() { e.publish(b, "--cache", e.cache()) }) })
		edited()
		e.runner(b, func() { cold += timeOf(func() { e.publish(b) }) })
	}
	b.ReportMetric(warm.Seconds()/float64(b.N), "warm-s")
	b.ReportMetric(cached.Seconds()/float64(b.N), "cached-s")
	b.ReportMetric(cold.Seconds()/float64(b.N), "cold-s")
	b.ReportMetric(float64(cached)/float64(warm), "ratio")
	b.ReportMetric(0, "ns/op")
}
