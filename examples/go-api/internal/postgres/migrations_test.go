package postgres

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestMigrationsAreInOrder(t *testing.T) {
	t.Parallel()
	list, err := readMigrations(sqlFiles, "migrations")
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, "0001_links.sql", list[0].Name)
	require.Equal(t, 2, list[1].Version)
	require.Contains(t, list[0].SQL, "CREATE TABLE links")
	require.NotEqual(t, list[0].checksum(), list[1].checksum())
}

func TestReadMigrationsRefuses(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		"migration 1_links.sql: the name must look like 0001_what_it_does.sql": {"1_links.sql"},
		"migration notes.txt: the name must look like 0001_what_it_does.sql":   {"0001_a.sql", "notes.txt"},
		"migration 0002_a.sql: its number should be 0001":                      {"0002_a.sql"},
		"migration 0003_b.sql: its number should be 0002":                      {"0001_a.sql", "0003_b.sql"},
		"migration 0001_b.sql: its number should be 0002":                      {"0001_a.sql", "0001_b.sql"},
	} {
		files := fstest.MapFS{}
		for _, name := range names {
			files["m/"+name] = &fstest.MapFile{Data: []byte("SELECT 1")}
		}
		_, err := readMigrations(files, "m")
		require.EqualError(t, err, want)
	}
	_, err := readMigrations(fstest.MapFS{}, "m")
	require.ErrorContains(t, err, "listing migrations")
}
