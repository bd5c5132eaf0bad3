package golang

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBuildCommands(t *testing.T) {
	for name, c := range map[string]struct {
		opts BuildOptions
		args []string
		env  map[string]string
	}{
		"defaults": {
			BuildOptions{Platform: "linux/amd64"},
			[]string{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", "/out/hello", "."},
			map[string]string{"GOOS": "linux", "GOARCH": "amd64"},
		},
		"everything": {
			BuildOptions{
				Package: "./cmd/api", Output: "server", LDFlags: "-s", Version: "v1.2.3", Tags: []string{"netgo", "osusergo"},
				Platform: "linux/arm/v7", Env: map[string]string{"GOEXPERIMENT": "x"}, CGO: true,
			},
			[]string{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -X main.version=v1.2.3", "-tags=netgo,osusergo", "-o", "/out/server", "./cmd/api"},
			map[string]string{"GOOS": "linux", "GOARCH": "arm", "GOARM": "7", "CGO_ENABLED": "1", "GOEXPERIMENT": "x"},
		},
		"symbols kept": {
			BuildOptions{Platform: "darwin/arm64", LDFlags: " "},
			[]string{"go", "build", "-trimpath", "-buildvcs=false", "-o", "/out/hello", "."},
			map[string]string{"GOOS": "darwin", "GOARCH": "arm64"},
		},
		"version with a space": {
			BuildOptions{Platform: "linux/amd64/v3", Version: "1 (dev)"},
			[]string{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -X 'main.version=1 (dev)'", "-o", "/out/hello", "."},
			map[string]string{"GOOS": "linux", "GOARCH": "amd64", "GOAMD64": "v3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := c.opts.withDefaults(description{path: "example.com/hello"}).command()
			require.NoError(t, err)
			require.Equal(t, c.args, b.args)
			require.Equal(t, c.env, b.env)
		})
	}
}

func TestBuildRefusals(t *testing.T) {
	for want, opts := range map[string]BuildOptions{
		`Output "../hello" is not a file name`: {Output: "../hello"},
		`Output ".." is not a file name`:       {Output: ".."},
		`Version "it's" has quotes`:            {Version: "it's"},
		`reading platform "no/such/thing/x": `: {Platform: "no/such/thing/x"},
	} {
		if opts.Platform == "" {
			opts.Platform = "linux/amd64"
		}
		_, err := opts.withDefaults(description{path: "hello"}).command()
		require.ErrorContains(t, err, want)
	}
}

func TestDownloadCommand(t *testing.T) {
	require.Equal(t, []string{"go", "mod", "download"}, downloadArgs())
}
