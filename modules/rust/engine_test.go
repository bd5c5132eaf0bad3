package rust_test

import (
	"context"
	"debug/elf"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	bkclient "github.com/moby/buildkit/client"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/modules/internal/moduletest"
	"github.com/bodkin-ci/bodkin/modules/rust"
)

var tests = moduletest.New(func(ctx context.Context, address string) (*dagger.Client, error) {
	return engine.Connect(ctx, engine.WithAddress(address))
})

func TestMain(m *testing.M) { tests.Main(m) }

func client(t testing.TB) *dagger.Client {
	t.Helper()
	return tests.Client(t)
}

// kinds of commands, by a part of what the engine calls them.
var kinds = map[string]string{
	"exec cargo fetch": "fetch", "dependencies.sh": "dependencies", "exec cargo build": "build", "exec cargo clippy": "clippy",
}

// watch returns the kinds of commands that were not cached, in order of their
// names, while f used a client of its own.
func watch(t *testing.T, f func(c *dagger.Client)) []string {
	t.Helper()
	client(t)
	if os.Getenv("DAGGER_SESSION_PORT") != "" {
		t.Skip("a Dagger engine reports its progress itself")
	}
	seen := map[string]bool{}
	c, err := engine.Connect(context.Background(), engine.WithAddress(moduletest.Address()), engine.WithProgress(func(status *bkclient.SolveStatus) {
		for _, v := range status.Vertexes {
			for part, kind := range kinds {
				if v.Completed != nil && !v.Cached && strings.Contains(v.Name, part) {
					seen[kind] = true
				}
			}
		}
	}))
	require.NoError(t, err)
	f(c)
	require.NoError(t, c.Close())
	return slices.Sorted(maps.Keys(seen))
}

// Crates that the tests' packages depend on, as Cargo.lock has them.
const (
	itoa = `
[[package]]
name = "itoa"
version = "1.0.15"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "4a5f13b858c8d314ee3e8f639011f7ccefe71f97f96e50151fb991f267928e2c"
`
	lockHead = "version = 4\n"
	manifest = "[package]\nname = \"hello\"\nversion = \"1.2.3\"\nedition = \"2021\"\n\n[dependencies]\nitoa = \"1\"\n"
	lock     = lockHead + "\n[[package]]\nname = \"hello\"\nversion = \"1.2.3\"\ndependencies = [\"itoa\"]\n" + itoa
	hello    = "fn main() {\n    println!(\"hello {}\", itoa::Buffer::new().format(42));\n}\n"
)

// source returns a package with a program that no other test has.
func source(c *dagger.Client, unique string) *dagger.Directory {
	return c.Directory().
		WithNewFile("Cargo.toml", manifest+"# "+unique+"\n").
		WithNewFile("Cargo.lock", lock).
		WithNewFile("src/main.rs", hello)
}

func unique() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }

func export(t *testing.T, f *dagger.File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	_, err := f.Export(context.Background(), path)
	require.NoError(t, err)
	return path
}

// build builds a program and returns what it prints.
func build(t *testing.T, r *rust.Rust, opts rust.BuildOptions) string {
	t.Helper()
	file, err := r.Build(context.Background(), opts)
	require.NoError(t, err)
	out, err := exec.Command(export(t, file)).CombinedOutput()
	require.NoError(t, err)
	return string(out)
}

// TestEdits looks at what runs again after which change, and whether an edited
// file that is older than what was built of the one before is noticed.
func TestEdits(t *testing.T) {
	name := unique()
	run := func(edit func(*dagger.Directory) *dagger.Directory) (out string, commands []string) {
		commands = watch(t, func(c *dagger.Client) {
			out = build(t, rust.New(c, edit(source(c, name)), rust.Options{}), rust.BuildOptions{})
		})
		return out, commands
	}
	none := func(src *dagger.Directory) *dagger.Directory { return src }
	edited := func(src *dagger.Directory) *dagger.Directory {
		return src.WithNewFile("src/main.rs", strings.ReplaceAll(hello, "42", "43")).WithTimestamps(1)
	}
	out, commands := run(none)
	require.Equal(t, "hello 42\n", out)
	require.Equal(t, []string{"build", "dependencies", "fetch"}, commands)

	out, commands = run(edited)
	require.Equal(t, "hello 43\n", out)
	require.Equal(t, []string{"build"}, commands)

	out, commands = run(func(src *dagger.Directory) *dagger.Directory {
		return edited(src).WithNewFile("src/bin/more.rs", "fn main() {}").WithNewFile("README", "new")
	})
	require.Equal(t, "hello 43\n", out)
	require.Equal(t, []string{"build"}, commands)

	out, commands = run(none)
	require.Equal(t, "hello 42\n", out, "an edit was undone")
	require.Empty(t, commands)
}

// TestSameBytes builds a program twice, from manifests that differ in a comment,
// so that nothing is cached, and with cache volumes that are empty.
func TestSameBytes(t *testing.T) {
	ctx := context.Background()
	var contents []string
	for range 2 {
		commands := watch(t, func(c *dagger.Client) {
			r := rust.New(c, source(c, unique()), rust.Options{CachePrefix: "same-" + unique()})
			file, err := r.Build(ctx, rust.BuildOptions{})
			require.NoError(t, err)
			content, err := os.ReadFile(export(t, file))
			require.NoError(t, err)
			contents = append(contents, string(content))
		})
		require.Equal(t, []string{"build", "dependencies", "fetch"}, commands)
	}
	require.True(t, contents[0] == contents[1], "the programs differ")
}

func TestImage(t *testing.T) {
	c, ctx := client(t), context.Background()
	r := rust.New(c, source(c, "image"), rust.Options{})
	static, err := r.Image(ctx, rust.ImageOptions{
		CABundle: c.File("ca.pem", "certificates"),
		Ports:    []int{8080},
		Source:   "https://example.com/hello",
		Env:      map[string]string{"MODE": "production"},
	})
	require.NoError(t, err)
	files, err := static.Rootfs().Glob(ctx, "**/*")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"etc/", "etc/passwd", "etc/group", "etc/ssl/", "etc/ssl/certs/", "etc/ssl/certs/ca-certificates.crt", "usr/", "usr/local/", "usr/local/bin/", "usr/local/bin/hello",
	}, files)
	user, err := static.User(ctx)
	require.NoError(t, err)
	require.Equal(t, rust.DefaultUser, user)
	label, err := static.Label(ctx, "org.opencontainers.image.source")
	require.NoError(t, err)
	require.Equal(t, "https://example.com/hello", label)

	dynamic, err := r.Image(ctx, rust.ImageOptions{Build: rust.BuildOptions{Dynamic: true}})
	require.NoError(t, err)
	there, err := dynamic.Exists(ctx, "/etc/debian_version")
	require.NoError(t, err)
	require.True(t, there)

	for _, image := range []*dagger.Container{static, dynamic} {
		entrypoint, err := image.Entrypoint(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"/usr/local/bin/hello"}, entrypoint)
		out, err := image.WithExec(nil, dagger.ContainerWithExecOpts{UseEntrypoint: true}).Stdout(ctx)
		require.NoError(t, err)
		require.Equal(t, "hello 42\n", out)
	}
}

func TestBuildForAnotherPlatform(t *testing.T) {
	c, ctx := client(t), context.Background()
	r := rust.New(c, source(c, "cross"), rust.Options{})
	for platform, machine := range map[dagger.Platform]elf.Machine{"linux/amd64": elf.EM_X86_64, "linux/arm64": elf.EM_AARCH64} {
		image, err := r.Image(ctx, rust.ImageOptions{Build: rust.BuildOptions{Platform: platform}})
		require.NoError(t, err)
		made, err := image.Platform(ctx)
		require.NoError(t, err)
		require.Equal(t, platform, made)
		program, err := elf.Open(export(t, image.File("/usr/local/bin/hello")))
		require.NoError(t, err)
		require.Equal(t, machine, program.Machine)
		libraries, err := program.ImportedLibraries()
		require.NoError(t, err)
		require.Empty(t, libraries, "it is static")
		require.NoError(t, program.Close())
	}
}

func TestErrors(t *testing.T) {
	c, ctx := client(t), context.Background()
	failure := func(src *dagger.Directory, opts rust.BuildOptions) error {
		file, err := rust.New(c, src, rust.Options{}).Build(ctx, opts)
		if err == nil {
			_, err = file.Sync(ctx)
		}
		return err
	}
	src := source(c, "errors")

	var missing *rust.NotPackageError
	require.ErrorAs(t, failure(c.Directory().WithNewFile("go.mod", "module x"), rust.BuildOptions{}), &missing)
	require.Equal(t, []string{"go.mod"}, missing.Entries)
	require.ErrorAs(t, failure(src.WithoutFile("Cargo.lock"), rust.BuildOptions{}), &missing)
	require.Equal(t, "Cargo.lock", missing.Missing)

	err := failure(src, rust.BuildOptions{Platform: "linux/s390x"})
	require.ErrorContains(t, err, "Debian's toolchain for platform \"linux/s390x\" is not known")
	err = failure(src.WithNewFile("Cargo.toml", "[package"), rust.BuildOptions{})
	require.ErrorContains(t, err, "reading Cargo.toml: ")

	for problem, wrong := range map[string]*dagger.Directory{
		"failed to parse lock file":                   src.WithNewFile("Cargo.lock", "version = 4\n[[package"),
		"lock file /src/Cargo.lock needs to be updat": src.WithNewFile("Cargo.lock", lockHead),
		"checksum": src.WithNewFile("Cargo.lock", strings.ReplaceAll(lock, "4a5f13b8", "00000000")),
		"no matching package named `there-is-no-such-crate-here` found": src.
			WithNewFile("Cargo.toml", manifest+"there-is-no-such-crate-here = \"1\"\n"),
		"cannot find value `nothing` in this scope": src.WithNewFile("src/main.rs", "fn main() { nothing }\n"),
	} {
		var failed *dagger.ExecError
		require.ErrorAs(t, failure(wrong, rust.BuildOptions{}), &failed, problem)
		require.Equal(t, 101, failed.ExitCode)
		require.Contains(t, failed.Stderr, problem)
	}
}

func TestClippyAndFmt(t *testing.T) {
	c, ctx := client(t), context.Background()
	src := source(c, "clippy")
	good := rust.New(c, src, rust.Options{})
	require.NoError(t, good.Clippy(ctx, rust.ClippyOptions{}))
	require.NoError(t, good.Fmt(ctx))

	odd := rust.New(c, src.WithNewFile("tests/odd.rs", "#[test]\nfn odd(){ let x = 1; assert!(x==x); return; }\n"), rust.Options{})
	err := odd.Clippy(ctx, rust.ClippyOptions{})
	var failed *dagger.ExecError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, 101, failed.ExitCode)
	require.Contains(t, failed.Stderr, "clippy::needless-return")

	err = odd.Fmt(ctx)
	var format *rust.FormatError
	require.ErrorAs(t, err, &format)
	require.Equal(t, []string{"tests/odd.rs"}, format.Files)

	broken := rust.New(c, src.WithNewFile("src/main.rs", "fn main( {"), rust.Options{})
	require.ErrorContains(t, broken.Fmt(ctx), "cargo fmt ended with exit code 1: ")
}

// TestVendored has dependencies in the source. One of them uses a package that
// the source replaces, so it does not compile before that package is there.
func TestVendored(t *testing.T) {
	src := func(c *dagger.Client) *dagger.Directory {
		return c.Directory().
			WithNewFile("Cargo.toml", strings.ReplaceAll(manifest, "itoa = \"1\"", "itoa = \"9\"\n[patch.crates-io]\nwords = { path = \"words\" }")).
			WithNewFile("Cargo.lock", strings.ReplaceAll(lock, "1.0.15", "9.0.0")+"dependencies = [\"words\"]\n\n[[package]]\nname = \"words\"\nversion = \"1.0.0\"\n").
			WithNewFile("words/Cargo.toml", "[package]\nname = \"words\"\nversion = \"1.0.0\"\n").
			WithNewFile("words/src/lib.rs", "pub const WORD: &str = \"vendored\";\n").
			WithNewFile("src/main.rs", "fn main() { println!(\"{}\", itoa::vendored()); }\n").
			WithNewFile(".cargo/config.toml", "[source.crates-io]\nreplace-with = \"own\"\n[source.own]\ndirectory = \"vendor\"\n").
			WithNewFile("vendor/itoa/Cargo.toml", "[package]\nname = \"itoa\"\nversion = \"9.0.0\"\n[dependencies]\nwords = \"1\"\n").
			WithNewFile("vendor/itoa/src/lib.rs", "extern crate words;\npub fn vendored() -> &'static str { words::WORD }\n").
			WithNewFile("vendor/itoa/.cargo-checksum.json", `{"files":{},"package":"4a5f13b858c8d314ee3e8f639011f7ccefe71f97f96e50151fb991f267928e2c"}`).
			WithNewFile("unique", unique())
	}
	var out string
	commands := watch(t, func(c *dagger.Client) { out = build(t, rust.New(c, src(c), rust.Options{}), rust.BuildOptions{}) })
	require.Equal(t, "vendored\n", out)
	require.NotContains(t, commands, "fetch")
}

func TestBase(t *testing.T) {
	c, ctx := client(t), context.Background()
	base, err := rust.New(c, c.Directory(), rust.Options{}).Base(ctx)
	require.NoError(t, err)
	own := base.WithoutMount("/cargo").WithNewFile("/etc/marker", "own")
	require.Equal(t, "hello 42\n", build(t, rust.New(c, source(c, "base"), rust.Options{Base: own}), rust.BuildOptions{}))
}
