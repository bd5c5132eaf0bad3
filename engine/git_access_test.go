package engine_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
	"github.com/bodkin-ci/bodkin/engine/internal/gittest"
)

const gitToken = "planted-token-8451"

func TestGitOverHTTPWithLogin(t *testing.T) {
	g := gittest.New(t)
	h := newHistory(t, g, "app")
	basic := g.HTTP(t, func(r *http.Request) bool {
		name, password, ok := r.BasicAuth()
		return ok && password == gitToken && (name == "x-access-token" || name == "oauth2")
	})
	header := g.HTTP(t, func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+gitToken })
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		c := e.connect(t)
		token := c.SetSecret("token", gitToken)
		for name, repo := range map[string]*dagger.GitRepository{
			"token":    c.Git(basic+"/app", dagger.GitOpts{HTTPAuthToken: token}),
			"username": c.Git(basic+"/app", dagger.GitOpts{HTTPAuthUsername: "oauth2", HTTPAuthToken: token}),
			"header":   c.Git(header+"/app", dagger.GitOpts{HTTPAuthHeader: c.SetSecret("header", "Bearer "+gitToken)}),
			"url":      c.Git(strings.Replace(basic, "://", "://oauth2:"+gitToken+"@", 1) + "/app"),
		} {
			commit, err := repo.Head().Commit(ctx)
			require.NoError(t, err, name)
			require.Equal(t, h.main, commit, name)
			config, err := repo.Head().Tree().File(".git/config").Contents(ctx)
			require.NoError(t, err, name)
			require.NotContains(t, config, gitToken, name)
		}
		for name, c := range map[string]struct {
			repo *dagger.GitRepository
			want string
		}{
			"nothing":  {c.Git(basic + "/app"), "it wants a login"},
			"username": {c.Git(basic+"/app", dagger.GitOpts{HTTPAuthUsername: "root", HTTPAuthToken: token}), "it refuses the login"},
			"header":   {c.Git(header+"/app", dagger.GitOpts{HTTPAuthToken: token}), "it refuses the login"},
			"url":      {c.Git(strings.Replace(basic, "://", "://root:"+gitToken+"@", 1) + "/app"), "it refuses the login"},
		} {
			_, err := c.repo.Tags(ctx)
			require.ErrorContains(t, err, c.want, name)
			require.ErrorContains(t, err, "reading git repository http://127.0.0.1:", name)
			require.NotContains(t, err.Error(), gitToken, name)
		}
	})
}

// A server that leads elsewhere does not get there what logs in.
func TestGitLoginStaysAtItsHost(t *testing.T) {
	g := gittest.New(t)
	newHistory(t, g, "app")
	var got []string
	elsewhere := g.HTTP(t, func(r *http.Request) bool {
		got = append(got, r.Header.Get("Authorization"))
		return true
	})
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere+r.URL.String(), http.StatusTemporaryRedirect)
	}))
	t.Cleanup(first.Close)
	c := enginetest.Connect(t)
	commit, err := c.Git(first.URL+"/app", dagger.GitOpts{HTTPAuthToken: c.SetSecret("token", gitToken)}).Head().Commit(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, commit)
	require.NotEmpty(t, got)
	for _, value := range got {
		require.Empty(t, value)
	}
}

func TestGitOverSSH(t *testing.T) {
	g := gittest.New(t)
	h := newHistory(t, g, "app")
	server := g.SSH(t)
	other := g.SSH(t)
	host, port, err := net.SplitHostPort(server.Address)
	require.NoError(t, err)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	strangers := gittest.Agent(t, stranger)
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		at := "ssh://git@" + server.Address + "/app"
		agent := e.c.Host().UnixSocket(server.Agent)
		for name, opts := range map[string]dagger.GitOpts{
			"known":   {SSHAuthSocket: agent, SSHKnownHosts: server.HostKey},
			"unknown": {SSHAuthSocket: agent},
		} {
			entries, err := e.c.Git(at, opts).Branch("main").Tree(dagger.GitRefTreeOpts{DiscardGitDir: true}).Entries(ctx)
			require.NoError(t, err, name)
			require.Equal(t, []string{"README", "bin/", "deep/", "link"}, entries, name)
			commit, err := e.c.Git(at, opts).Tag("v1.0.0").Commit(ctx)
			require.NoError(t, err, name)
			require.Equal(t, h.first, commit, name)
		}
		for name, c := range map[string]struct {
			opts dagger.GitOpts
			want string
		}{
			"host": {dagger.GitOpts{SSHAuthSocket: agent, SSHKnownHosts: "[" + host + "]:1 " + strings.SplitN(server.HostKey, " ", 2)[1]}, "is none of sshKnownHosts"},
			"key":  {dagger.GitOpts{SSHAuthSocket: agent, SSHKnownHosts: "[" + host + "]:" + port + " " + strings.SplitN(other.HostKey, " ", 2)[1]}, "is another one than the known"},
			"user": {dagger.GitOpts{SSHAuthSocket: e.c.Host().UnixSocket(strangers)}, "it refuses the keys of the SSH agent"},
		} {
			_, err := e.c.Git(at, c.opts).Head().Commit(ctx)
			require.ErrorContains(t, err, c.want, name)
			require.ErrorContains(t, err, "reading git repository "+at, name)
		}
	})
}

func TestGitTransports(t *testing.T) {
	g := gittest.New(t)
	h := newHistory(t, g, "app")
	daemon := g.Daemon(t)
	website := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<!doctype html>")) }))
	t.Cleanup(website.Close)
	page := website.URL
	server := g.HTTP(t, nil)
	at, err := url.Parse(server)
	require.NoError(t, err)
	port, err := strconv.Atoi(at.Port())
	require.NoError(t, err)
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		service := e.c.Host().Service([]dagger.PortForward{{Backend: port, Frontend: 8080}}, dagger.HostServiceOpts{Host: "127.0.0.1"})
		name, err := service.Hostname(ctx)
		require.NoError(t, err)
		for name, repo := range map[string]*dagger.GitRepository{
			"git":     e.c.Git(daemon + "/app"),
			"file":    e.c.Git("file://" + h.Dir),
			"bare":    e.c.Git("file://" + filepath.Join(h.Dir, ".git")),
			"service": e.c.Git("http://"+name+":8080/app", dagger.GitOpts{ExperimentalServiceHost: service}),
		} {
			ref := repo.Branch("feature/side")
			commit, err := ref.Commit(ctx)
			require.NoError(t, err, name)
			require.Equal(t, h.side, commit, name)
			content, err := ref.Tree(dagger.GitRefTreeOpts{Depth: 5}).File("side").Contents(ctx)
			require.NoError(t, err, name)
			require.Equal(t, "side", content, name)
		}
		downloaded, err := e.c.HTTP("http://"+name+":8080/app/info/refs?service=git-upload-pack", dagger.HTTPOpts{ExperimentalServiceHost: service}).Contents(ctx)
		require.NoError(t, err)
		require.Contains(t, downloaded, "refs/tags/v1.0.0")
		for address, want := range map[string]string{
			server + "/missing":      "it is not there, or hidden from this login",
			"file:///missing/folder": "it is no git repository",
			"ftp://example.com/app":  `its transport "ftp" is none of http, https, ssh, git and file`,
			"https://example.com":    "it lacks a host or a path",
			h.Dir:                    "for a folder of this machine, use file:// and its absolute path",
			"http://127.0.0.1:1/app": "connection refused",
			page + "/app":            "is no git server, or a page to log in at",
		} {
			_, err := e.c.Git(address).Head().Commit(ctx)
			require.ErrorContains(t, err, want, address)
		}
		_, err = e.c.Git(server + "/app").Branch("missing").Commit(ctx)
		require.ErrorContains(t, err, `git repository `+server+`/app has no ref "refs/heads/missing"`)
		_, err = e.c.Git(server + "/app").Commit("missing").Commit(ctx)
		require.ErrorContains(t, err, `invalid commit ID "missing"`)
		_, err = e.c.Git(server + "/app").Commit(strings.Repeat("0", 39) + "1").Tree().Entries(ctx)
		require.ErrorContains(t, err, "has no commit 0000")
	})
}

// The authorities of the host's own bundle are trusted.
func TestGitOverTLS(t *testing.T) {
	g := gittest.New(t)
	newHistory(t, g, "app")
	server := httptest.NewTLSServer(g.Handler(nil))
	t.Cleanup(server.Close)
	_, err := enginetest.Connect(t).Git(server.URL + "/app").Head().Commit(t.Context())
	require.ErrorContains(t, err, "certificate")
	bundle := filepath.Join(t.TempDir(), "bundle.pem")
	require.NoError(t, os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	t.Setenv("SSL_CERT_FILE", bundle)
	_, err = enginetest.Connect(t).Git(server.URL + "/app").Head().Tree().Sync(t.Context())
	require.NoError(t, err)
}

// A private repository is read with what this machine's credential helpers know.
func TestGitWithCredentialsOfTheHost(t *testing.T) {
	g := gittest.New(t)
	h := newHistory(t, g, "app")
	server := g.HTTP(t, func(r *http.Request) bool {
		name, password, ok := r.BasicAuth()
		return ok && name == "me" && password == gitToken
	})
	bin := t.TempDir()
	asked := filepath.Join(bin, "asked")
	require.NoError(t, os.WriteFile(filepath.Join(bin, "git"), []byte("#!/bin/sh\n"+
		"[ \"$*\" = 'credential fill' ] || exit 1\ncat > "+asked+"\necho username=me\necho password="+gitToken+"\n"), 0o755))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	content, err := enginetest.Connect(t).Git(server + "/app").Head().Tree().File("README").Contents(t.Context())
	require.NoError(t, err)
	require.Equal(t, "third", content)
	question, err := os.ReadFile(asked)
	require.NoError(t, err)
	require.Equal(t, "protocol=http\nhost="+strings.TrimPrefix(server, "http://")+"\npath=app\n\n", string(question))
	require.NoError(t, os.WriteFile(filepath.Join(bin, "git"), []byte("#!/bin/sh\nexit 1\n"), 0o755))
	_, err = enginetest.Connect(t).Git(server + "/app").Commit(h.main).Tree(dagger.GitRefTreeOpts{Depth: 7}).Sync(t.Context())
	require.ErrorContains(t, err, "it wants a login")
}
