package rust

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func read(t *testing.T, dir, content string) crate {
	t.Helper()
	m, err := parseManifest("Cargo.toml", content)
	require.NoError(t, err)
	return crate{dir: dir, manifest: m}
}

func files(names ...string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	return set
}

func TestStubs(t *testing.T) {
	for name, test := range map[string]struct {
		manifest string
		has      map[string]bool
		want     map[string]string
	}{
		"what cargo finds": {
			`[package]
name = "a"
version.workspace = true`,
			files("a/src/lib.rs", "a/src/main.rs", "a/build.rs", "a/src/other.rs", "a/tests/api.rs", "a/src/bin/tool.rs"),
			map[string]string{"a/src/lib.rs": libStub, "a/src/main.rs": mainStub, "a/build.rs": mainStub},
		},
		"what the manifest names": {
			`[package]
name = "a"
build = "make.rs"
default-run = "tool"
[lib]
path = "a.rs"
[[bin]]
name = "main"
path = "cmd/main.rs"
[[bin]]
name = "folder"
[[test]]
name = "api"
harness = false
[[example]]
name = "show"`,
			files("a/src/bin/folder/main.rs", "a/src/bin/tool.rs", "a/tests/api/main.rs"),
			map[string]string{
				"a/a.rs": libStub, "a/make.rs": mainStub, "a/cmd/main.rs": mainStub, "a/src/bin/folder/main.rs": mainStub,
				"a/src/bin/tool.rs": mainStub, "a/tests/api/main.rs": mainStub, "a/examples/show.rs": mainStub,
			},
		},
		"a program in src/bin alone": {
			"[package]\nname = \"a\"", files("a/src/bin/a.rs"), map[string]string{"a/src/bin/a.rs": mainStub},
		},
		"no build script": {
			"[package]\nname = \"a\"\nbuild = false", files("a/src/main.rs", "a/build.rs"), map[string]string{"a/src/main.rs": mainStub},
		},
		"a workspace": {"[workspace]\nmembers = [\"b\"]", files("a/src/main.rs"), map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, read(t, "a", test.manifest).stubs(test.has))
		})
	}
}

func TestProgram(t *testing.T) {
	p := &project{
		files: files("src/main.rs", "src/bin/x.rs", "src/bin/y/main.rs", "src/bin/y/more.rs", "lib/src/lib.rs", "run/src/main.rs"),
		crates: []crate{
			read(t, ".", "[package]\nname = \"app\"\n[[bin]]\nname = \"z\"\npath = \"src/z.rs\""),
			read(t, "lib", "[package]\nname = \"lib\""),
			read(t, "run", "[package]\nname = \"run\"\ndefault-run = \"tool\""),
			read(t, "tools", "[package]\nname = \"tools\"\n[[bin]]\nname = \"a\"\n[[bin]]\nname = \"b\""),
			read(t, "all", "[workspace]"),
		},
	}
	require.Equal(t, []string{"app", "x", "y", "z"}, p.crates[0].programs(p.files))
	for _, test := range []struct{ dir, name, want, problem string }{
		{dir: ".", want: "app"},
		{dir: ".", name: "run", want: "tool"},
		{dir: "run", want: "tool"},
		{dir: "lib", problem: "package lib has no program"},
		{dir: "tools", problem: "package tools has several programs: say with Bin which one to build; there is: a, b"},
		{dir: "all", problem: "say with Package which one to build; there is: app, lib, run, tools"},
		{dir: ".", name: "gone", problem: `there is no package "gone" in the source; there is: app, lib, run, tools`},
	} {
		program, err := p.program(test.dir, test.name)
		if test.problem != "" {
			require.ErrorContains(t, err, test.problem)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, test.want, program)
	}
}
