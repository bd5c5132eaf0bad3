package engine_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dagger.io/dagger"
	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// runner is an engine that has seen nothing yet, as an ephemeral one of a CI.
var runner = sync.OnceValues(func() (*enginetest.Plain, error) {
	p, err := enginetest.StartPlain(context.Background())
	if err == nil {
		enginetest.AtEnd(func() { _ = p.Close() })
	}
	return p, err
})

func newRunner(t *testing.T) *env {
	t.Helper()
	p, err := runner()
	require.NoError(t, err)
	return &env{Engine: enginetest.Engine{Name: "runner", Address: p.Address}}
}

// said is a log that tests can read while it is written.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// travel runs a pipeline with travelling cache volumes and returns what was logged.
func (e *env) travel(t *testing.T, store string, pipeline func(c *dagger.Client)) string {
	t.Helper()
	var out said
	c := e.connect(t, engine.WithLogger(log.New(&out)), engine.WithCacheVolumes(engine.CacheVolumes{Store: store}))
	pipeline(c)
	require.NoError(t, c.Close())
	return out.String()
}

func TestCacheVolumesTravel(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		for _, way := range []struct{ from, to *env }{{e, newRunner(t)}, {newRunner(t), e}} {
			store, key := t.TempDir(), unique()
			in := func(c *dagger.Client) *dagger.Container {
				return boxIn(t, c).WithMountedCache("/c", c.CacheVolume(key)).WithEnvVariable("N", unique())
			}
			var want string
			text := way.from.travel(t, store, func(c *dagger.Client) {
				want = run(t, in(c), "mkdir", "/c/a", ";", "write", "/c/a/f", "content", ";", "link", "/c/a/f", "/c/hard", ";", "ln", "a/f", "/c/soft", ";",
					"random-file", "/c/big", "3000", ";", "chown", "77", "/c/big", ";", "chmod", "4751", "/c/big", ";",
					"settime", "1600000000123456789", "/c/a/f", ";", "settime", "1500000000987654321", "/c/a", ";", "facts", "/c")
			})
			require.Contains(t, text, "saved cache volume")
			text = way.to.travel(t, store, func(c *dagger.Client) {
				require.Equal(t, want, run(t, in(c), "facts", "/c"))
				require.Equal(t, want, run(t, in(c), "facts", "/c"), "restored once")
			})
			require.Equal(t, 1, strings.Count(text, "restored cache volume"), text)
			require.NotContains(t, text, "saved", "nothing has changed")
			text = way.to.travel(t, store, func(c *dagger.Client) { run(t, in(c), "write", "/c/more", "x") })
			require.NotContains(t, text, "restored", "the engine has it")
			require.Contains(t, text, "saved")
		}
	})
}

// However a volume is mounted, it is there before the first command.
func TestEveryKindOfCacheVolumeTravels(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		store, id := t.TempDir(), unique()
		mounts := func(c *dagger.Client) map[string]*dagger.Container {
			seed := c.Directory().WithNewFile("seed", "seed "+id)
			mount := func(name string, o dagger.ContainerWithMountedCacheOpts) *dagger.Container {
				return boxIn(t, c).WithEnvVariable("N", unique()).WithMountedCache("/c", c.CacheVolume(name+id), o)
			}
			return map[string]*dagger.Container{
				"locked":  mount("locked", dagger.ContainerWithMountedCacheOpts{Sharing: dagger.CacheSharingModeLocked}),
				"private": mount("private", dagger.ContainerWithMountedCacheOpts{Sharing: dagger.CacheSharingModePrivate}),
				"owned":   mount("owned", dagger.ContainerWithMountedCacheOpts{Owner: "123:456"}),
				"seeded":  mount("seeded", dagger.ContainerWithMountedCacheOpts{Source: seed}),
			}
		}
		e.travel(t, store, func(c *dagger.Client) {
			for kind, ctr := range mounts(c) {
				run(t, ctr, "write", "/c/f", kind)
			}
		})
		newRunner(t).travel(t, store, func(c *dagger.Client) {
			for kind, ctr := range mounts(c) {
				require.Equal(t, kind, run(t, ctr, "cat", "/c/f"))
			}
		})
	})
}

// What the cache holds does not matter: a pipeline goes on without.
func TestABrokenStoreOfCacheVolumesStopsNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		store, key := t.TempDir(), unique()
		fill := func(c *dagger.Client) {
			run(t, boxIn(t, c).WithMountedCache("/c", c.CacheVolume(key)).WithEnvVariable("N", unique()), "random-file", "/c/big", "3000")
		}
		e.travel(t, store, fill)
		harmBlobs(t, store)
		text := newRunner(t).travel(t, store, func(c *dagger.Client) {
			names := run(t, boxIn(t, c).WithMountedCache("/c", c.CacheVolume(key)).WithEnvVariable("N", unique()), "ls", "/c")
			require.Empty(t, names, "nothing of it is used")
		})
		require.Contains(t, text, "cache volume was not restored")
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o644))
		_, err := engine.Connect(t.Context(), engine.WithAddress(e.Address), engine.WithCacheVolumes(engine.CacheVolumes{Store: file}))
		require.ErrorContains(t, err, "is no folder")
	})
}

// harmBlobs changes a byte in each blob that is larger than a manifest.
func harmBlobs(t *testing.T, store string) {
	t.Helper()
	const small = 4 << 10
	harmed := 0
	require.NoError(t, filepath.WalkDir(filepath.Join(store, "blobs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || len(data) < small {
			return err
		}
		harmed++
		data[len(data)/2] ^= 1
		return os.WriteFile(path, data, 0o644)
	}))
	require.NotZero(t, harmed)
}
