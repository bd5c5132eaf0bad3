package volumes_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes"
)

// What was not used for longest goes; what is kept can still be restored.
func TestTheLeastUsedVolumeGoes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	store, err := volumes.OpenFolder(dir, 5<<20)
	require.NoError(t, err)
	saved := map[string]*engine{}
	for _, name := range []string{"a", "b", "c"} {
		e := newEngine(t)
		e.write(map[string]string{"f": random(t, 2<<20)})
		_, err := volumes.Save(t.Context(), store, volumes.Volume{Name: name}, e.carrier)
		require.NoError(t, err)
		saved[name] = e
	}
	require.NoError(t, store.Used(t.Context(), []string{"a"}))
	removed, err := store.Tidy(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"b"}, removed)
	_, err = store.Find(t.Context(), "b")
	require.ErrorIs(t, err, volumes.ErrNotStored)
	for _, name := range []string{"a", "c"} {
		to := newEngine(t)
		_, err := volumes.Restore(t.Context(), store, volumes.Volume{Name: name}, to.carrier)
		require.NoError(t, err)
		require.Equal(t, saved[name].facts(), to.facts())
	}
	removed, err = store.Tidy(t.Context())
	require.NoError(t, err)
	require.Empty(t, removed)
}

func TestReferences(t *testing.T) {
	for _, good := range []string{"/a/b", "./a", "~/a", "oci:a", "../x", "registry.example.com/team/cache", "localhost/x", "127.0.0.1:5000/x"} {
		require.NoError(t, volumes.Check(good), good)
	}
	for _, bad := range []string{"", "oci:", "a b", "UPPER/x", "team/cache", "registry.example.com/UPPER"} {
		require.Error(t, volumes.Check(bad), bad)
	}
}
