package redis

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
		"Image and Base both say what to run":    {Image: "redis:8", Base: base},
		"with Image or Base, leave it out":       {Image: "redis:8", Valkey: true},
		`"max memory" is not the name of a sett`: {Settings: map[string]string{"max memory": "1mb"}},
	} {
		_, err := New(nil, opts).Bind(t.Context(), "cache")
		require.ErrorContains(t, err, message)
	}
}

func TestArguments(t *testing.T) {
	args := func(opts Options) string { return strings.Join(New(nil, opts).arguments(), " ") }
	require.Equal(t, "--appendonly no --bind * -::* --dir /redisdata --port 6379 --protected-mode no --save ", args(Options{}))
	require.Equal(t, "--bind * -::* --dir /redisdata --maxmemory 9mb --port 6379 --protected-mode no",
		args(Options{Settings: map[string]string{"maxmemory": "9mb"}, Volume: &dagger.CacheVolume{}}))
}

func TestLocksAreForThePackages(t *testing.T) {
	for _, program := range Programs {
		packages, without := Packages(program)
		for _, arch := range []string{"amd64", "arm64"} {
			text, err := locks.ReadFile("locks/" + program + "/" + archive.DefaultSuite + "-" + arch + ".lock")
			require.NoError(t, err)
			lock, err := archive.ParseLock(string(text))
			require.NoError(t, err)
			require.Equal(t, [][]string{packages, without}, [][]string{lock.Requested, lock.Without},
				"go generate has not been run after a change of the packages")
		}
	}
}
