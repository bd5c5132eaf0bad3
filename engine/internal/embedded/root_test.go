package embedded

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/internal/debian"
)

func TestRootThatCannotBeFetchedLeavesNothing(t *testing.T) {
	cache := t.TempDir()
	t.Setenv(cachedir.EnvVar, cache)
	t.Setenv(debian.MirrorEnv, "http://127.0.0.1:1/debian")
	_, err := engineRoot(context.Background(), log.New(io.Discard))
	var mirror *debian.MirrorError
	require.ErrorAs(t, err, &mirror)
	left, err := filepath.Glob(filepath.Join(cache, "engine-root", "[a-z]*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestFinishedRootHasWhatScriptsWouldMake(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"usr/bin", "usr/sbin", "usr/share/doc/git"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	require.NoError(t, finishRoot(dir))
	require.NoError(t, finishRoot(dir), "a second time")
	for link, want := range map[string]string{
		"usr/sbin/iptables": "xtables-nft-multi", "usr/sbin/ip6tables": "xtables-nft-multi", "usr/bin/sh": "dash",
	} {
		target, err := os.Readlink(filepath.Join(dir, link))
		require.NoError(t, err)
		require.Equal(t, want, target)
	}
	require.NoDirExists(t, filepath.Join(dir, "usr/share/doc"))
	require.DirExists(t, filepath.Join(dir, "run"))
}

func TestRootIsNamedAfterWhatItHolds(t *testing.T) {
	before := rootKey()
	defer func(old []string) { rootPackages = old }(rootPackages)
	rootPackages = append([]string{"another"}, rootPackages...)
	require.NotEqual(t, before, rootKey())
}
