package rust_test

import (
	"context"
	"debug/elf"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// workspace has a library that is a procedural macro, one with a build script,
// several programs, and a package outside of the workspace.
func workspace(c *dagger.Client) *dagger.Directory {
	pkg := func(name, rest string) string {
		return "[package]\nname = \"" + name + "\"\nversion = \"0.1.0\"\nedition = \"2021\"\n" + rest
	}
	return c.Directory().
		WithNewFile("all/Cargo.toml", "[workspace]\nmembers = [\"app\", \"macros\", \"made\"]\nresolver = \"2\"\n").
		WithNewFile("all/Cargo.lock", lockHead+
			"\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"itoa\", \"macros\", \"made\", \"outside\"]\n"+itoa+
			"\n[[package]]\nname = \"macros\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"outside\"\nversion = \"0.1.0\"\n").
		WithNewFile("all/app/Cargo.toml", pkg("app", "[dependencies]\nitoa = \"1\"\nmacros = { path = \"../macros\" }\nmade = { path = \"../made\" }\noutside = { path = \"../../outside\" }\n")).
		WithNewFile("all/app/src/bin/one.rs", "fn main() { println!(\"one {} {}\", made::NAME, macros::answer!()); }\n").
		WithNewFile("all/app/src/bin/two/main.rs", "mod more;\nfn main() { println!(\"two {} {}\", outside::NAME, more::text()); }\n").
		WithNewFile("all/app/src/bin/two/more.rs", "pub fn text() -> String { itoa::Buffer::new().format(2).to_owned() }\n").
		// Stubs have no comments, which this one forbids.
		WithNewFile("all/macros/Cargo.toml", pkg("macros", "[lib]\nproc-macro = true\n[lints.rust]\nmissing_docs = \"forbid\"\n")).
		WithNewFile("all/macros/src/lib.rs", "//! Macros\n/// Answers\n#[proc_macro]\npub fn answer(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"42\".parse().unwrap() }\n").
		WithNewFile("all/made/Cargo.toml", pkg("made", "")).
		WithNewFile("all/made/build.rs", "fn main() { println!(\"cargo::rustc-env=NAME=made\"); }\n").
		WithNewFile("all/made/src/lib.rs", "pub const NAME: &str = env!(\"NAME\");\n").
		WithNewFile("outside/Cargo.toml", pkg("outside", "")).
		WithNewFile("outside/src/lib.rs", "pub const NAME: &str = \"outside\";\n")
}

func TestWorkspace(t *testing.T) {
	c := client(t)
	r := rust.New(c, workspace(c), rust.Options{Path: "all"})
	require.Equal(t, "one made 42\n", build(t, r, rust.BuildOptions{Package: "app", Bin: "one"}))
	require.Equal(t, "two outside 2\n", build(t, r, rust.BuildOptions{Package: "app", Bin: "two"}))
	_, err := r.Build(context.Background(), rust.BuildOptions{})
	require.ErrorContains(t, err, "say with Package which one to build; there is: app, macros, made, outside")

	member := rust.New(c, workspace(c), rust.Options{Path: "all/app"})
	require.Equal(t, "one made 42\n", build(t, member, rust.BuildOptions{Bin: "one"}))
}

// compiled returns the packages of which something was compiled while f used a
// client of its own, stand-ins left out.
func compiled(t *testing.T, f func(c *dagger.Client)) []string {
	t.Helper()
	client(t)
	if os.Getenv("DAGGER_SESSION_PORT") != "" {
		t.Skip("a Dagger engine reports its progress itself")
	}
	var mu sync.Mutex
	standIns, logs := map[string]bool{}, map[string]string{}
	c, err := engine.Connect(context.Background(), engine.WithAddress(moduletest.Address()), engine.WithProgress(func(status *bkclient.SolveStatus) {
		mu.Lock()
		defer mu.Unlock()
		for _, v := range status.Vertexes {
			standIns[v.Digest.String()] = strings.Contains(v.Name, "dependencies.sh")
		}
		for _, l := range status.Logs {
			logs[l.Vertex.String()] += string(l.Data)
		}
	}))
	require.NoError(t, err)
	f(c)
	require.NoError(t, c.Close())
	mu.Lock()
	defer mu.Unlock()
	names := map[string]bool{}
	for vertex, log := range logs {
		for _, line := range regexp.MustCompile(`(?m)^ *Compiling (\S+) v`).FindAllStringSubmatch(log, -1) {
			if !standIns[vertex] {
				names[line[1]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// TestWorkspaceEdits looks at which packages are compiled after which edit, and
// whether files that a package reads from outside of its folder are noticed.
func TestWorkspaceEdits(t *testing.T) {
	name := "edits-" + unique()
	run := func(want string, edit func(*dagger.Directory) *dagger.Directory) []string {
		return compiled(t, func(c *dagger.Client) {
			src := edit(workspace(c).
				WithNewFile("all/app/note", name).
				// So that dependencies are compiled into this test's volume, too.
				WithNewFile("all/.cargo/config.toml", "# "+name).
				WithNewFile("all/made/build.rs", "fn main() { println!(\"cargo::rustc-env=NAME=made\"); println!(\"cargo::rerun-if-changed=build.rs\"); }\n// "+name))
			require.Equal(t, want, build(t, rust.New(c, src, rust.Options{Path: "all", CachePrefix: name}), rust.BuildOptions{Package: "app", Bin: "one"}))
		})
	}
	file := func(path, old, with string) func(*dagger.Directory) *dagger.Directory {
		return func(src *dagger.Directory) *dagger.Directory {
			content, err := src.File(path).Contents(context.Background())
			require.NoError(t, err)
			return src.WithNewFile(path, strings.ReplaceAll(content, old, with))
		}
	}
	require.Subset(t, run("one made 42\n", func(src *dagger.Directory) *dagger.Directory { return src }), []string{"app", "made"})
	require.Equal(t, []string{"app"}, run("1 made 42\n", file("all/app/src/bin/one.rs", "one ", "1 ")))
	require.Equal(t, []string{"app", "macros"}, run("one made 43\n", file("all/macros/src/lib.rs", "42", "43")))
	require.Equal(t, []string{"app", "made"}, run("one new 42\n", file("all/made/build.rs", "NAME=made", "NAME=new")))

	outside := func(text string) func(*dagger.Directory) *dagger.Directory {
		return func(src *dagger.Directory) *dagger.Directory {
			return src.WithNewFile("all/app/text", text).
				WithNewFile("all/made/src/lib.rs", "pub const NAME: &str = include_str!(\"../../app/text\");\n")
		}
	}
	require.Equal(t, []string{"app", "made"}, run("one a 42\n", outside("a")))
	require.Equal(t, []string{"app", "made"}, run("one b 42\n", outside("b")), "it reads what it does not depend on")

	dependency := func(src *dagger.Directory) *dagger.Directory {
		src = file("all/Cargo.lock", "version = 4\n", "version = 4\n\n[[package]]\nname = \"extra\"\nversion = \"0.1.0\"\n")(src)
		src = file("all/Cargo.lock", "[\"itoa\",", "[\"extra\", \"itoa\",")(src)
		return file("all/app/Cargo.toml", "[dependencies]", "[dependencies]\nextra = { path = \"../../extra\" }")(src).
			WithNewFile("extra/Cargo.toml", "[package]\nname = \"extra\"\nversion = \"0.1.0\"\n").
			WithNewFile("extra/src/lib.rs", "")
	}
	require.Equal(t, []string{"app", "extra"}, run("one made 42\n", dependency))
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

// TestRecompiledDependencies has a published package be compiled again to something
// else, as compilers do not always give the same, while what is kept of a package
// that uses it stays.
func TestRecompiledDependencies(t *testing.T) {
	const volumes = "recompiled-"
	name := unique()
	build := func(c *dagger.Client, comment string) string {
		src := c.Directory().
			WithNewFile("Cargo.toml", "[workspace]\nmembers = [\"inner\"]\n[package]\nname = \"outer\"\nversion = \"1.0.0\"\n[dependencies]\ninner = { path = \"inner\" }\n# "+comment+name).
			WithNewFile("Cargo.lock", lockHead+"\n[[package]]\nname = \"inner\"\nversion = \"1.0.0\"\ndependencies = [\"itoa\"]\n"+
				strings.ReplaceAll(itoa, "1.0.15", "9.0.0")+"\n[[package]]\nname = \"outer\"\nversion = \"1.0.0\"\ndependencies = [\"inner\"]\n").
			WithNewFile("src/main.rs", "extern crate inner;\nfn main() { println!(\"{}\", inner::twice().len()); }\n").
			WithNewFile("inner/Cargo.toml", "[package]\nname = \"inner\"\nversion = \"1.0.0\"\n[dependencies]\nitoa = \"9\"\n").
			WithNewFile("inner/src/lib.rs", "extern crate itoa;\npub fn twice() -> String { format!(\"{0}{0}\", itoa::NOW) }\n// "+name).
			WithNewFile(".cargo/config.toml", "[source.crates-io]\nreplace-with = \"own\"\n[source.own]\ndirectory = \"vendor\"\n").
			WithNewFile("vendor/itoa/Cargo.toml", "[package]\nname = \"itoa\"\nversion = \"9.0.0\"\n").
			WithNewFile("vendor/itoa/build.rs", "fn main() { println!(\"cargo:rustc-env=NOW={:?}\", std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()); }\n").
			WithNewFile("vendor/itoa/src/lib.rs", "pub const NOW: &str = env!(\"NOW\");\n").
			WithNewFile("vendor/itoa/.cargo-checksum.json", `{"files":{},"package":"4a5f13b858c8d314ee3e8f639011f7ccefe71f97f96e50151fb991f267928e2c"}`)
		return build(t, rust.New(c, src, rust.Options{CachePrefix: volumes + name}), rust.BuildOptions{})
	}
	require.Subset(t, compiled(t, func(c *dagger.Client) { require.Equal(t, "20\n", build(c, "")) }), []string{"inner", "outer"})
	require.NotContains(t, compiled(t, func(c *dagger.Client) { require.Equal(t, "20\n", build(c, "more ")) }), "inner")

	c := client(t)
	base, err := rust.New(c, c.Directory(), rust.Options{}).Base(t.Context())
	require.NoError(t, err)
	_, err = base.WithMountedCache("/volume", c.CacheVolume(volumes+name+"-target")).WithExec([]string{"sh", "-c", "rm -r /volume/* # " + name}).Sync(t.Context())
	require.NoError(t, err)
	require.Subset(t, compiled(t, func(c *dagger.Client) { require.Equal(t, "20\n", build(c, "once more ")) }), []string{"inner", "outer"})
}
