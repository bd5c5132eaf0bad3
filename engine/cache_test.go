package engine_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// counting is a container whose commands are counted in a cache volume, which
// is no part of their cache key.
func counting(t *testing.T, c *dagger.Client, key string) *dagger.Container {
	return boxIn(t, c).WithMountedCache("/count", c.CacheVolume(key))
}

// counted returns how often "count /count/n" ran.
func counted(t *testing.T, c *dagger.Client, key string) int {
	t.Helper()
	return len(run(t, counting(t, c, key).WithEnvVariable("N", unique()), "append", "/count/n", "", ";", "cat", "/count/n"))
}

func TestExecsAreLazy(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		key := unique()
		ctr := counting(t, e.c, key).WithEnvVariable("N", unique()).WithExec(box("count", "/count/n", ";", "exit", "1"))
		_, err := ctr.ID(ctx)
		require.NoError(t, err)
		_, err = ctr.WithExec(box("true")).WithNewFile("/f", "").Directory("/").ID(ctx)
		require.NoError(t, err)
		env, err := ctr.EnvVariable(ctx, "N")
		require.NoError(t, err, "what is known without running needs no run")
		require.NotEmpty(t, env)
		require.Zero(t, counted(t, e.c, key), "nothing has run")
		_, err = ctr.Sync(ctx)
		require.Error(t, err)
		require.Equal(t, 1, counted(t, e.c, key))
		_, err = ctr.Sync(ctx)
		require.Error(t, err)
		require.Equal(t, 2, counted(t, e.c, key), "what failed is tried again")
	})
}

func TestExecsAreCachedAcrossSessions(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		tag := unique()
		random := func(c *dagger.Client, change func(*dagger.Container) *dagger.Container) string {
			t.Helper()
			return run(t, change(boxIn(t, c).WithEnvVariable("N", tag).WithNewFile("/in", tag)), "random")
		}
		same := func(ctr *dagger.Container) *dagger.Container { return ctr }
		first := random(e.c, same)
		other := e.connect(t)
		require.Equal(t, first, random(e.c, same))
		require.Equal(t, first, random(other, same), "in another session")
		for name, change := range map[string]func(*dagger.Container) *dagger.Container{
			"file": func(c *dagger.Container) *dagger.Container { return c.WithNewFile("/in", tag+"!") },
			"mode": func(c *dagger.Container) *dagger.Container {
				return c.WithNewFile("/in", tag, dagger.ContainerWithNewFileOpts{Permissions: 0o600})
			},
			"variable": func(c *dagger.Container) *dagger.Container { return c.WithEnvVariable("X", "") },
			"user":     func(c *dagger.Container) *dagger.Container { return c.WithUser("1") },
			"workdir":  func(c *dagger.Container) *dagger.Container { return c.WithWorkdir("/w") },
			"mount":    func(c *dagger.Container) *dagger.Container { return c.WithMountedTemp("/t") },
		} {
			require.NotEqual(t, first, random(other, change), name)
		}
		unseen := func(c *dagger.Container) *dagger.Container {
			return c.WithLabel("a", "b").WithEntrypoint(box("x")).WithDefaultArgs([]string{"y"}).WithExposedPort(1).WithAnnotation("c", "d")
		}
		require.Equal(t, first, random(other, unseen), "what commands do not see does not count")
	})
}

// The content of host folders counts, not when or where they were written.
func TestHostFoldersAreCachedByContent(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		tag := unique()
		random := func(files map[string]string) string {
			t.Helper()
			c := e.connect(t)
			return run(t, boxIn(t, c).WithDirectory("/src", c.Host().Directory(hostTree(t, files))).WithEnvVariable("N", tag), "random")
		}
		first := random(map[string]string{"a": "1", "b/c": "2"})
		require.Equal(t, first, random(map[string]string{"a": "1", "b/c": "2"}))
		require.NotEqual(t, first, random(map[string]string{"a": "1", "b/c": "3"}))
		require.NotEqual(t, first, random(map[string]string{"a": "1", "b/d": "2"}))
	})
}

// The second step with a folder of the host is found again as the first one is.
func TestStepsShareAHostFolder(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		tag := unique()
		dir := hostTree(t, map[string]string{"a": tag, "b/c": "2"})
		steps := func() []string {
			c := e.connect(t)
			src := c.Host().Directory(dir)
			mounted := boxIn(t, c).WithMountedDirectory("/src", src)
			copied := boxIn(t, c).WithDirectory("/src", src)
			part := boxIn(t, c).WithMountedDirectory("/src", src.Directory("b"))
			return []string{
				run(t, mounted, "random", "1"), run(t, mounted, "random", "2"),
				run(t, copied, "random", "1"), run(t, copied, "random", "2"),
				run(t, part, "random", tag),
			}
		}
		require.Equal(t, steps(), steps())
	})
}

func TestOneObjectRunsOnce(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		key := unique()
		ctr := counting(t, e.c, key).WithEnvVariable("N", unique()).WithExec(box("sleep", "200ms", ";", "count", "/count/n", ";", "random"))
		outs := make([]string, 8)
		var wg sync.WaitGroup
		for i := range outs {
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					outs[i], err = ctr.Stdout(t.Context())
				} else {
					outs[i], err = ctr.WithNewFile(fmt.Sprint("/f", i), "").WithExec(box("true")).WithWorkdir("/").Rootfs().Directory("/").Name(t.Context())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, outs[0], outs[2])
		require.Equal(t, outs[0], outs[6])
		require.Equal(t, 1, counted(t, e.c, key))
	})
}

func TestAnExecRunsOnceForAllItLeaves(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		key, tag := unique(), unique()
		steps := func(c *dagger.Client) (first, second *dagger.Container) {
			first = counting(t, c, key).
				WithEnvVariable("N", tag).
				WithMountedDirectory("/m", c.Directory()).
				WithExec(box("count", "/count/n", ";", "random"))
			return first, first.WithExec(box("count", "/count/n", ";", "random"))
		}
		first, second := steps(e.c)
		read := func(first, second *dagger.Container) (got []string) {
			for _, ctr := range []*dagger.Container{second, first} {
				out, err := ctr.Stdout(t.Context())
				require.NoError(t, err)
				_, err = ctr.Rootfs().Entries(t.Context())
				require.NoError(t, err)
				_, err = ctr.Directory("/m").Entries(t.Context())
				require.NoError(t, err)
				got = append(got, out)
			}
			return got
		}
		once := read(first, second)
		require.Equal(t, 2, counted(t, e.c, key))
		// Another session finds all of it in the cache.
		other := e.connect(t)
		require.Equal(t, once, read(steps(other)))
		require.Equal(t, 2, counted(t, other, key))
	})
}

func TestLongChains(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		d := e.c.Directory()
		ctr := e.c.Container()
		for i := range 100 {
			d = d.WithNewFile(fmt.Sprintf("f%03d", i), fmt.Sprint(i))
			ctr = ctr.WithEnvVariable(fmt.Sprintf("V%03d", i), fmt.Sprint(i))
		}
		require.Len(t, entries(t, d), 100)
		vars, err := ctr.EnvVariables(ctx)
		require.NoError(t, err)
		require.Len(t, vars, 100)

		exec := e.box(t).WithMountedDirectory("/w", e.c.Directory())
		for i := range 10 {
			exec = exec.WithExec(box("append", "/w/f", fmt.Sprint(i)))
		}
		require.Equal(t, "0123456789", contents(t, exec.File("/w/f")))

		deep := e.c.Container()
		for i := range 1000 {
			deep = deep.WithLabel(fmt.Sprint("l", i), strings.Repeat("x", 10))
		}
		labels, err := deep.Labels(ctx)
		require.NoError(t, err)
		require.Len(t, labels, 1000)
	})
}
