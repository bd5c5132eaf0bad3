package rust_test

import (
	"context"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"dagger.io/dagger"
	bkclient "github.com/moby/buildkit/client"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/modules/internal/moduletest"
	"github.com/bodkin-ci/bodkin/modules/rust"
)

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
