package apps_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/apps"
)

// tree makes a folder with empty files at the given paths.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, file := range files {
		path := filepath.Join(root, file)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
	}
	return root
}

func TestUnderFindsApplicationsByName(t *testing.T) {
	root := tree(t, "b/go.mod", "a/go.mod", "notes/README", "c/Cargo.toml", "both/go.mod", "both/Cargo.toml", "deep/er/go.mod", "file")
	found, err := apps.Under(root)
	require.NoError(t, err)
	require.Equal(t, []apps.App{
		{Name: "a", Kind: apps.Go, Dir: filepath.Join(root, "a")},
		{Name: "b", Kind: apps.Go, Dir: filepath.Join(root, "b")},
		{Name: "both", Kind: apps.Go, Dir: filepath.Join(root, "both")},
		{Name: "c", Kind: apps.Rust, Dir: filepath.Join(root, "c")},
	}, found)
}

func TestFoldersWithoutApplications(t *testing.T) {
	root := tree(t, "docs/README", "mod/go.mod/README")
	for _, dir := range []string{"docs", "docs/README", "missing", "mod"} {
		_, err := apps.At(filepath.Join(root, dir))
		var problem *apps.Error
		require.ErrorAs(t, err, &problem, dir)
		require.Equal(t, filepath.Join(root, dir), problem.Dir)
		require.NotEmpty(t, problem.Advice)
	}
	for _, dir := range []string{".", "missing"} {
		_, err := apps.Under(filepath.Join(root, dir))
		require.ErrorAs(t, err, new(*apps.Error), dir)
	}
}

func TestSelect(t *testing.T) {
	all := []apps.App{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	selected, err := apps.Select(all, []string{"c", "a", "c"})
	require.NoError(t, err)
	require.Equal(t, []apps.App{{Name: "a"}, {Name: "c"}}, selected)

	selected, err = apps.Select(all, nil)
	require.NoError(t, err)
	require.Equal(t, all, selected)

	_, err = apps.Select(all, []string{"a", "d"})
	require.EqualError(t, err, `there is no application "d"; there is: a, b, c`)
}
