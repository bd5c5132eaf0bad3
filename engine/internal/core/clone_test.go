package core

import (
	"testing"

	"github.com/moby/buildkit/client/llb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
)

// Two chains that start at the same container do not change each other's mounts.
func TestChainsShareTheirBase(t *testing.T) {
	base := NewContainer(ocispecs.Platform{OS: "linux", Architecture: "amd64"})
	for _, target := range []string{"/a", "/b", "/c"} {
		base = base.WithMount(Mount{Kind: MountDirectory, Target: target, Path: "/", State: llb.Scratch()})
	}
	want := targets(base)
	state := base.Mounts[0].State
	one, other := base.WithMount(Mount{Kind: MountTemp, Target: "/one"}), base.WithMount(Mount{Kind: MountTemp, Target: "/other"})
	edited, err := base.WithNewFile("/a/f", "x", 0, "")
	require.NoError(t, err)
	run, err := base.WithExec(ExecOptions{Args: []string{"x"}})
	require.NoError(t, err)
	require.Equal(t, append(want, "/one"), targets(one))
	require.Equal(t, append(want, "/other"), targets(other))
	require.Equal(t, []string{"/a", "/c"}, targets(base.WithoutMount("/b")))
	require.Equal(t, want, targets(base))
	require.Equal(t, state.Output(), base.Mounts[0].State.Output())
	require.NotEqual(t, state.Output(), edited.Mounts[0].State.Output())
	require.NotEqual(t, state.Output(), run.Mounts[0].State.Output())
}

func targets(c Container) []string {
	var all []string
	for _, m := range c.Mounts {
		all = append(all, m.Target)
	}
	return all
}
