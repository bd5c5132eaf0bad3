package engine_test

import (
	"fmt"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// Of all execs of one evaluation everything is kept, however many there are: what they
// have written is read without running them again.
func TestManyExecsRunOnce(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		const length = 12
		key := unique()
		steps := []*dagger.Container{counting(t, e.c, key).WithEnvVariable("N", unique())}
		for i := range length {
			steps = append(steps, steps[i].WithExec(box("count", "/count/n", ";", "echo", fmt.Sprint("step ", i))))
		}
		_, err := steps[length].Sync(t.Context())
		require.NoError(t, err)
		for i, step := range steps[1:] {
			out, err := step.Stdout(t.Context())
			require.NoError(t, err)
			require.Contains(t, out, fmt.Sprintf("step %d\n", i))
		}
		require.Equal(t, length, counted(t, e.c, key))
	})
}

// A tree may come from more steps than Linux mounts layers. What was there before
// is what it was.
func TestManyLayers(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		const files = 510
		base := e.c.Directory().WithNewFile("a", unique(), dagger.DirectoryWithNewFileOpts{Permissions: 0o751}).
			WithSymlink("a", "b").WithNewDirectory("c").Chown("a", "7:8")
		many := base
		for i := range files {
			many = many.WithNewFile(fmt.Sprint("f", i), fmt.Sprint(i))
		}
		require.Len(t, entries(t, many), files+3)
		require.Equal(t, "509", contents(t, many.File("f509")))
		require.Equal(t, e.tree(t, base), e.tree(t, many.WithoutFile("f*")))
	})
}
