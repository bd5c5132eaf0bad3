package engine_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
	"github.com/bodkin-ci/bodkin/engine/internal/gittest"
)

func TestAddress(t *testing.T) {
	g := gittest.New(t)
	h := newHistory(t, g, "app")
	at := g.HTTP(t, nil) + "/app"
	secrets := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secrets, []byte("from a file"), 0o600))
	socket := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	t.Cleanup(server.Close)
	t.Setenv("BODKIN_TEST_SECRET", "from the environment")
	e := envOf(t, enginetest.Engines(t)[0])
	ctx := t.Context()
	c := e.c

	value, err := c.Address(at).Value(ctx)
	require.NoError(t, err)
	require.Equal(t, at, value)
	for address, want := range map[string][]string{
		at:                {".git/", "README", "bin/", "deep/", "link"},
		at + "#v1.0.0":    {".git/", "README", "bin/", "link"},
		at + "#main:deep": {"er/"},
		at + "#:deep":     {"er/"},
		h.Dir:             {".git/", "README", "bin/", "deep/", "link"},
		"file://" + h.Dir: {".git/", "README", "bin/", "deep/", "link"},
	} {
		entries, err := c.Address(address).Directory().Entries(ctx)
		require.NoError(t, err, address)
		require.Equal(t, want, entries, address)
	}
	for _, address := range []string{h.Dir, at} {
		entries, err := c.Address(address).Directory(dagger.AddressDirectoryOpts{Exclude: []string{".git", "deep"}}).Entries(ctx)
		require.NoError(t, err, address)
		require.Equal(t, []string{"README", "bin/", "link"}, entries, address)
	}
	for _, address := range []string{filepath.Join(h.Dir, "deep/er/file"), at + "#main:deep/er/file"} {
		content, err := c.Address(address).File().Contents(ctx)
		require.NoError(t, err, address)
		require.Equal(t, "deep", content, address)
	}
	for _, address := range []string{at + "#v1.2.0", h.Dir + "#v1.2.0"} {
		commit, err := c.Address(address).GitRef().Commit(ctx)
		require.NoError(t, err, address)
		require.Equal(t, h.second, commit, address)
	}
	for _, address := range []string{at, h.Dir} {
		branches, err := c.Address(address).GitRepository().Branches(ctx)
		require.NoError(t, err, address)
		require.Equal(t, []string{"feature/side", "main"}, branches, address)
	}
	for address, want := range map[string]string{
		"BODKIN_TEST_SECRET":                         "from the environment",
		"env:BODKIN_TEST_SECRET":                     "from the environment",
		"env://BODKIN_TEST_SECRET?cacheKey=anything": "from the environment",
		"file://" + secrets:                          "from a file",
		"cmd://echo said":                            "said",
	} {
		plain, err := c.Address(address).Secret().Plaintext(ctx)
		require.NoError(t, err, address)
		require.Equal(t, want, plain, address)
	}
	service := c.Address(strings.Replace(server.URL, "http://", "tcp://", 1)).Service()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	require.NoError(t, err)
	out, err := e.box(t).WithServiceBinding("host", service).WithExec(box("get", "http://host:"+port)).Stdout(ctx)
	require.NoError(t, err)
	require.Equal(t, "hello", strings.TrimSpace(out))
	for _, address := range []string{socket, "unix://" + socket} {
		id, err := c.Address(address).Socket().ID(ctx)
		require.NoError(t, err, address)
		require.NotEmpty(t, id)
	}
	for want, call := range map[string]func() error{
		"the address is empty":                  func() error { _, err := c.Address("").Value(ctx); return err },
		"names no file of the git repository":   func() error { _, err := c.Address(at).File().Contents(ctx); return err },
		"has a ref or a path behind #":          func() error { _, err := c.Address(at + "#main").GitRepository().Branches(ctx); return err },
		"has a path behind it":                  func() error { _, err := c.Address(at + "#main:deep").GitRef().Commit(ctx); return err },
		"expected tcp://host:port":              func() error { _, err := c.Address("http://x:1").Service().Hostname(ctx); return err },
		"this engine forwards TCP only":         func() error { _, err := c.Address("udp://x:1").Service().Hostname(ctx); return err },
		"there is no such file or folder":       func() error { _, err := c.Address("/missing").Directory().Entries(ctx); return err },
		"invalid image reference":               func() error { _, err := c.Address("No Image").Container().Sync(ctx); return err },
		"is no Unix socket":                     func() error { _, err := c.Address(secrets).Socket().ID(ctx); return err },
		`secret provider "vault" is not served`: func() error { _, err := c.Address("vault://x").Secret().Plaintext(ctx); return err },
	} {
		require.ErrorContains(t, call(), want)
	}
}
