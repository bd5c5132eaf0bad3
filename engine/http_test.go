package engine_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func TestHTTPThroughServices(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/file.txt", http.StatusFound)
		case r.URL.Path == "/private" && r.Header.Get("Authorization") != "Bearer planted-header":
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path == "/missing":
			w.WriteHeader(http.StatusNotFound)
		default:
			w.Header().Set("Last-Modified", time.Unix(1234567890, 0).UTC().Format(http.TimeFormat))
			_, _ = w.Write([]byte("hello"))
		}
	}))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	require.NoError(t, err)
	port, err := strconv.Atoi(at.Port())
	require.NoError(t, err)
	const sum = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		c := e.connect(t)
		service := c.Host().Service([]dagger.PortForward{{Backend: port, Frontend: 80}}, dagger.HostServiceOpts{Host: "127.0.0.1"})
		host, err := service.Hostname(ctx)
		require.NoError(t, err)
		header := c.SetSecret("header", "Bearer planted-header")
		for name, f := range map[string]struct {
			file *dagger.File
			name string
			mode int
		}{
			"plain":   {c.HTTP("http://"+host+"/file.txt?x=y", dagger.HTTPOpts{ExperimentalServiceHost: service, Checksum: sum}), "file.txt", 0o600},
			"named":   {c.HTTP("http://"+host+"/moved", dagger.HTTPOpts{ExperimentalServiceHost: service, Name: "run", Permissions: 0o755}), "run", 0o755},
			"private": {c.HTTP("http://"+host+"/private", dagger.HTTPOpts{ExperimentalServiceHost: service, AuthHeader: header}), "private", 0o600},
		} {
			content, err := f.file.Contents(ctx)
			require.NoError(t, err, name)
			require.Equal(t, "hello", content, name)
			mode, err := f.file.Stat().Permissions(ctx)
			require.NoError(t, err, name)
			require.Equal(t, f.mode, mode, name)
			entries, err := c.Directory().WithFiles("/", []*dagger.File{f.file}).Entries(ctx)
			require.NoError(t, err, name)
			require.Equal(t, []string{f.name}, entries, name)
		}
		exported := filepath.Join(t.TempDir(), "file.txt")
		_, err = c.HTTP("http://"+host+"/file.txt", dagger.HTTPOpts{ExperimentalServiceHost: service}).Export(ctx, exported)
		require.NoError(t, err)
		info, err := os.Stat(exported)
		require.NoError(t, err)
		require.EqualValues(t, 1234567890, info.ModTime().Unix())
		for want, file := range map[string]*dagger.File{
			"the server answers 403 Forbidden": c.HTTP("http://"+host+"/private", dagger.HTTPOpts{ExperimentalServiceHost: service}),
			"the server answers 404 Not Found": c.HTTP("http://"+host+"/missing", dagger.HTTPOpts{ExperimentalServiceHost: service}),
			"does not expose port 81":          c.HTTP("http://"+host+":81/", dagger.HTTPOpts{ExperimentalServiceHost: service}),
			"its checksum is " + sum:           c.HTTP("http://"+host+"/", dagger.HTTPOpts{ExperimentalServiceHost: service, Checksum: "sha256:" + sum[len(sum)-64:len(sum)-1] + "5"}),
			"a name without slashes is needed": c.HTTP("http://"+host+"/", dagger.HTTPOpts{ExperimentalServiceHost: service, Name: "a/b"}),
		} {
			_, err := file.Contents(ctx)
			require.ErrorContains(t, err, want)
		}
	})
}
