package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/hostroot"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
	"github.com/bodkin-ci/bodkin/modules/debian"
	"github.com/bodkin-ci/bodkin/modules/rust"
)

// BenchmarkRust: examples/rust-rocket from nothing, after edits of one handler and
// after adding a dependency, by the module (each with an engine connection of its
// own, and the program on disk) and by plain `cargo build --release` of the same
// compiler on this machine, in turn; and after the edit by dockerBuild of its
// Dockerfile. It takes about a quarter of an hour, with -benchtime 1x.
func BenchmarkRust(b *testing.B) {
	needsEmbedded(b)
	for b.Loop() {
		r := newRustBench(b)
		cold, plainCold := r.timeOf("cold", r.build), r.timeOf("cold, cargo", r.plain)
		const rounds = 3
		var edit, plainEdit time.Duration
		for round := range rounds {
			r.edit(fmt.Sprint("edit ", round))
			edit += r.timeOf("edit", r.build) / rounds
			plainEdit += r.timeOf("edit, cargo", r.plain) / rounds
		}
		r.add("hex")
		added, plainAdded := r.timeOf("dependency", r.build), r.timeOf("dependency, cargo", r.plain)
		classic := r.dockerBuild()

		b.ReportMetric(cold.Seconds(), "cold-s")
		b.ReportMetric(plainCold.Seconds(), "cargo-cold-s")
		b.ReportMetric(edit.Seconds(), "edit-s")
		b.ReportMetric(plainEdit.Seconds(), "cargo-edit-s")
		b.ReportMetric((edit-time.Second).Seconds()/plainEdit.Seconds(), "edit-ratio-after-1s")
		b.ReportMetric(cold.Seconds()/edit.Seconds(), "cold/edit")
		b.ReportMetric(added.Seconds(), "dependency-s")
		b.ReportMetric(plainAdded.Seconds(), "cargo-dependency-s")
		b.ReportMetric((added-time.Second).Seconds()/plainAdded.Seconds(), "dependency-ratio-after-1s")
		b.ReportMetric(classic.Seconds(), "dockerBuild-edit-s")
		b.ReportMetric(classic.Seconds()/edit.Seconds(), "dockerBuild/edit")
	}
	b.ReportMetric(0, "ns/op")
}

// rustBench has one application in two places.
type rustBench struct {
	b      *testing.B
	source string // the application
	prefix string // of cache volumes that nobody has used
	root   *hostroot.Root
	app    string // the application in the root
	env    []string
}

// timeOf returns how long f takes. It tells at once, with -v.
func (r *rustBench) timeOf(what string, f func()) time.Duration {
	took := timeOf(f)
	r.b.Logf("%s: %.1f s", what, took.Seconds())
	return took
}

func newRustBench(b *testing.B) *rustBench {
	b.Helper()
	dir := b.TempDir()
	r := &rustBench{b: b, source: filepath.Join(dir, "source"), prefix: fmt.Sprint("bench-", time.Now().UnixNano())}
	app := os.DirFS(filepath.Join(repository(b), "examples", "rust-rocket"))
	require.NoError(b, os.CopyFS(r.source, app))
	files := filepath.Join(dir, "root")
	r.unpack(files)
	var err error
	r.root, err = hostroot.New(files, 0)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, r.root.Close()) })
	r.app = filepath.Join(files, "app")
	require.NoError(b, os.CopyFS(r.app, app))
	r.settings(files)
	r.replace("Cargo.toml", func(manifest string) string {
		return manifest + "\n# Nothing is in the engine's cache: " + r.prefix + "\n"
	})
	return r
}

// dag runs f with a client of its own.
func (r *rustBench) dag(f func(ctx context.Context, dag *dagger.Client)) {
	dag, err := engine.Connect(r.b.Context(), engine.WithAddress("embedded"))
	require.NoError(r.b, err)
	f(r.b.Context(), dag)
	require.NoError(r.b, dag.Close())
}

// toolchain is Rust as the module has it, without the module's mounts.
func (r *rustBench) toolchain(ctx context.Context, dag *dagger.Client) *dagger.Container {
	base, err := rust.New(dag, dag.Directory(), rust.Options{}).Base(ctx)
	require.NoError(r.b, err)
	mounts, err := base.Mounts(ctx)
	require.NoError(r.b, err)
	for _, mount := range mounts {
		base = base.WithoutMount(mount)
	}
	for _, name := range []string{"CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL", "SOURCE_DATE_EPOCH"} {
		base = base.WithoutEnvVariable(name)
	}
	return base
}

// unpack puts the toolchain into a folder of this machine.
func (r *rustBench) unpack(dir string) {
	archive := dir + ".tar"
	r.dag(func(ctx context.Context, dag *dagger.Client) {
		_, err := r.toolchain(ctx, dag).
			WithExec([]string{"tar", "-C", "/", "--one-file-system", "--exclude=./dev/*", "--exclude=./root.tar", "-cf", "/root.tar", "."}).
			File("/root.tar").Export(ctx, archive)
		require.NoError(r.b, err)
	})
	require.NoError(r.b, os.Mkdir(dir, 0o755))
	run(r.b, dir, "tar", "-xf", archive)
	require.NoError(r.b, os.Remove(archive))
}

// settings gives plain cargo what reaches that in containers.
func (r *rustBench) settings(root string) {
	for _, file := range [][2]string{{"/etc/resolv.conf", "/etc/resolv.conf"}, {trusted(), "/etc/ssl/certs/ca-certificates.crt"}} {
		content, err := os.ReadFile(file[0])
		require.NoError(r.b, err)
		require.NoError(r.b, os.WriteFile(filepath.Join(root, file[1]), content, 0o644))
	}
	host, err := rust.HostSettings()
	require.NoError(r.b, err)
	require.NoError(r.b, os.MkdirAll(filepath.Join(root, "cargo"), 0o755))
	require.NoError(r.b, os.WriteFile(filepath.Join(root, "cargo", "config.toml"), []byte(host.Config), 0o644))
	r.env = []string{"PATH=/usr/bin", "HOME=/root", "CARGO_HOME=/cargo"}
	for name, value := range host.Variables {
		r.env = append(r.env, name+"="+value)
	}
	for _, entry := range os.Environ() {
		if strings.HasSuffix(strings.ToLower(strings.SplitN(entry, "=", 2)[0]), "_proxy") {
			r.env = append(r.env, entry)
		}
	}
}

// trusted is the file with the certificates that this machine trusts.
func trusted() string {
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		return file
	}
	return "/etc/ssl/certs/ca-certificates.crt"
}

// build builds with the module.
func (r *rustBench) build() {
	r.dag(func(ctx context.Context, dag *dagger.Client) {
		program, err := rust.New(dag, dag.Host().Directory(r.source), rust.Options{CachePrefix: r.prefix}).Build(ctx, rust.BuildOptions{})
		require.NoError(r.b, err)
		_, err = program.Export(ctx, filepath.Join(r.b.TempDir(), "rust-rocket"))
		require.NoError(r.b, err)
	})
}

// plain builds with cargo on this machine.
func (r *rustBench) plain() { r.cargo("build --release --locked") }

func (r *rustBench) cargo(command string) {
	cmd := r.root.Command(r.env, "/usr/bin/sh", "-c", "cd /app && exec cargo "+command)
	out, err := cmd.CombinedOutput()
	require.NoError(r.b, err, "%s", out)
}

// replace edits a file in both places.
func (r *rustBench) replace(name string, edit func(content string) string) {
	for _, dir := range []string{r.source, r.app} {
		file := filepath.Join(dir, name)
		content, err := os.ReadFile(file)
		require.NoError(r.b, err)
		require.NoError(r.b, os.WriteFile(file, []byte(edit(string(content))), 0o644))
	}
}

// edit changes what a handler answers.
func (r *rustBench) edit(text string) {
	answer := regexp.MustCompile(`(?s)(fn alive\(\).*?)"[^"]*"`)
	r.replace(filepath.Join("src", "api", "health.rs"), func(content string) string {
		require.Regexp(r.b, answer, content)
		return answer.ReplaceAllString(content, "${1}"+`"`+text+`\n"`)
	})
}

// add adds a crate to the dependencies, in both places.
func (r *rustBench) add(crate string) {
	r.cargo("add --quiet " + crate)
	r.cargo("metadata --format-version 1") // brings the lock file up to date
	// Both fetch the crate while the time is taken.
	for _, kept := range []string{"cache", "src"} {
		found, err := filepath.Glob(filepath.Join(filepath.Dir(r.app), "cargo", "registry", kept, "*", crate+"-*"))
		require.NoError(r.b, err)
		require.NotEmpty(r.b, found)
		for _, path := range found {
			require.NoError(r.b, os.RemoveAll(path))
		}
	}
	for _, file := range []string{"Cargo.toml", "Cargo.lock"} {
		content, err := os.ReadFile(filepath.Join(r.app, file))
		require.NoError(r.b, err)
		require.NoError(r.b, os.WriteFile(filepath.Join(r.source, file), content, 0o644))
	}
}

// dockerBuild returns how long the Dockerfile takes after an edit, when the images
// that it begins with are there. They are the toolchain of the module and its
// Debian, from a registry on this machine. All that an earlier build would have
// left, the edit invalidates with the first COPY.
func (r *rustBench) dockerBuild() (took time.Duration) {
	registry := registrytest.Start(r.b, registrytest.Options{})
	file := filepath.Join(r.source, "Dockerfile")
	content, err := os.ReadFile(file)
	require.NoError(r.b, err)
	r.dag(func(ctx context.Context, dag *dagger.Client) {
		system, err := debian.New(dag, debian.Options{Suite: rust.Suite}).Base(ctx)
		require.NoError(r.b, err)
		text := string(content)
		for from, base := range map[string]*dagger.Container{"rust": r.toolchain(ctx, dag), "debian": system} {
			name := registry.Host + "/" + from + ":bench"
			_, err := base.WithFile("/etc/ssl/certs/ca-certificates.crt", dag.Host().File(trusted())).Publish(ctx, name)
			require.NoError(r.b, err)
			_, err = dag.Container().From(name).WithExec([]string{"true"}).Sync(ctx)
			require.NoError(r.b, err)
			image := regexp.MustCompile(`(?m)^FROM ` + from + `:\S+`)
			require.Regexp(r.b, image, text)
			text = image.ReplaceAllString(text, "FROM "+name)
		}
		require.NoError(r.b, os.WriteFile(file, []byte(text), 0o644))
	})
	r.edit("classic")
	return timeOf(func() {
		r.dag(func(ctx context.Context, dag *dagger.Client) {
			_, err := dag.Host().Directory(r.source).DockerBuild().File("/usr/local/bin/rust-rocket").Export(ctx, filepath.Join(r.b.TempDir(), "rust-rocket"))
			require.NoError(r.b, err)
		})
	})
}
