package rust

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKept(t *testing.T) {
	p := &project{
		files: map[string]bool{"made/build.rs": true},
		graph: sourceGraph("[[package]]\nname = \"app\"\ndependencies = [\"lib\", \"published\"]\n" +
			"[[package]]\nname = \"lib\"\n" +
			"[[package]]\nname = \"made\"\n" +
			"[[package]]\nname = \"published\"\nsource = \"registry\"\ndependencies = [\"made 1.0.0\"]\n"),
	}
	for dir, name := range map[string]string{".": "app", "lib": "lib", "made": "made"} {
		m, err := parseManifest("Cargo.toml", "[package]\nname = \""+name+"\"\n")
		require.NoError(t, err)
		p.crates = append(p.crates, crate{dir: dir, manifest: m})
	}
	require.Equal(t, []string{"app", "lib", "made"}, p.graph["app"], "also by way of a published package")
	require.Equal(t, []string{"lib|lib:|.:made:", "made|made:|.:lib:"}, p.kept(true))
	require.Equal(t, []string{"lib|lib:|.:made:"}, p.kept(false), "build scripts read what is not pinned")
}
