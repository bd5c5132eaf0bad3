package postgres

import (
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	archive "github.com/bodkin-ci/bodkin/internal/debian"
)

func TestOptionsThatContradict(t *testing.T) {
	base := &dagger.Container{}
	for message, opts := range map[string]Options{
		"Image and Base both say what to run":                           {Image: "postgres:17", Base: base},
		"leave Version out":                                             {Image: "postgres:17", Version: "17"},
		"put them in there":                                             {Base: base, Extensions: []string{"pgvector"}},
		`"work mem" is not the name of a setting`:                       {Settings: map[string]string{"work mem": "1MB"}},
		`"../x" is not the name of an extension's package`:              {Extensions: []string{"../x"}},
		"Debian has no PostgreSQL 9.6: choose 15 or 17, or set Image o": {Version: "9.6"},
	} {
		_, err := New(nil, opts).Service(t.Context())
		require.ErrorContains(t, err, message)
		_, err = New(nil, opts).Bind(t.Context(), "db")
		require.ErrorContains(t, err, message)
	}
}

func TestArguments(t *testing.T) {
	args := func(opts Options) string { return strings.Join(New(nil, opts).arguments(), " ") }
	require.Equal(t, "-c fsync=off -c full_page_writes=off -c jit=off -c listen_addresses=* -c synchronous_commit=off", args(Options{}))
	require.Equal(t, "-c listen_addresses=* -c work_mem=1MB", args(Options{Settings: map[string]string{"work_mem": "1MB"}, Volume: &dagger.CacheVolume{}}))
}

func TestLocksAreForThePackages(t *testing.T) {
	for _, version := range Versions() {
		release, err := ReleaseOf(version)
		require.NoError(t, err)
		for _, arch := range []string{"amd64", "arm64"} {
			text, err := locks.ReadFile("locks/" + release.Suite + "-" + arch + ".lock")
			require.NoError(t, err)
			lock, err := archive.ParseLock(string(text))
			require.NoError(t, err)
			require.Equal(t, [][]string{release.Packages, release.Without}, [][]string{lock.Requested, lock.Without},
				"go generate has not been run after a change of the packages")
		}
	}
}
