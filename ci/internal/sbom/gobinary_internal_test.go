package sbom

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestModulesOf(t *testing.T) {
	var urls []string
	for _, c := range modulesOf(&debug.BuildInfo{
		GoVersion: "go1.26.8 X:nocoverageredesign",
		Main:      debug.Module{Path: "example.com/app", Version: "(devel)"},
		Deps: []*debug.Module{
			{Path: "example.com/a/v2", Version: "v2.1.0"},
			{Path: "example.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/fork", Version: "v1.0.1"}},
			{Path: "example.com/c", Version: "v1.0.0", Replace: &debug.Module{Path: "../c"}},
		},
	}, "/app") {
		urls = append(urls, c.url.ToString())
	}
	require.Equal(t, []string{
		"pkg:golang/stdlib@1.26.8", "pkg:golang/example.com/app", "pkg:golang/example.com/a/v2@v2.1.0", "pkg:golang/example.com/fork@v1.0.1",
	}, urls)
}
