package rust

import (
	"context"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func TestCommand(t *testing.T) {
	const triple = "x86_64-unknown-linux-gnu"
	b := BuildOptions{Bin: "app", Target: triple}.command()
	require.Equal(t, []string{"cargo", "build", "--locked", "--profile=release", "--target=" + triple, "--bin=app"}, b.args)
	require.Equal(t, b.args[:len(b.args)-1], b.dependencies)
	require.Equal(t, "/target/"+triple+"/release/app", b.output)
	require.Equal(t, map[string]string{
		"CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS": "-Ctarget-feature=+crt-static",
		"CARGO_PROFILE_RELEASE_STRIP":                     "symbols",
	}, b.env)

	b = BuildOptions{
		Bin: "app", Target: triple, Package: "tools", Profile: "dev", Features: []string{"a", "b"}, NoDefaultFeatures: true,
		Dynamic: true, Symbols: true, Env: map[string]string{"KEY": "value"},
	}.command()
	require.Equal(t, []string{
		"cargo", "build", "--locked", "--profile=dev", "--target=" + triple, "--package=tools", "--no-default-features", "--features=a,b", "--bin=app",
	}, b.args)
	require.Equal(t, "/target/"+triple+"/debug/app", b.output)
	require.Equal(t, map[string]string{"KEY": "value"}, b.env)
}

func TestDebianTriple(t *testing.T) {
	for platform, want := range map[string]string{
		"linux/amd64": "x86_64-unknown-linux-gnu", "linux/arm64": "aarch64-unknown-linux-gnu", "linux/arm64/v8": "aarch64-unknown-linux-gnu",
	} {
		triple, err := debianTriple(dagger.Platform(platform))
		require.NoError(t, err)
		require.Equal(t, want, triple)
	}
	_, err := debianTriple("windows/amd64")
	require.ErrorContains(t, err, "set Options.Image")
}

func TestOptionsThatContradict(t *testing.T) {
	for problem, opts := range map[string]Options{
		"Image and Base both":  {Image: "rust:1.95", Base: &dagger.Container{}},
		"Packages and Lock":    {Image: "rust:1.95", Packages: []string{"libssl-dev"}},
		"is not within":        {Path: "../other"},
		"/abs is not within":   {Path: "/abs"},
		"are for Debian's too": {Base: &dagger.Container{}, Lock: "lock"},
	} {
		_, err := New(nil, nil, opts).Build(context.Background(), BuildOptions{})
		require.ErrorContains(t, err, problem)
	}
}
