package engine_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// leaking is a session with secrets in it: a token, and one of several lines.
type leaking struct {
	c            *dagger.Client
	ctr          *dagger.Container // has both as variables and files
	token, lines string
	secret       *dagger.Secret // the token
}

// hidden are the secrets' values and what base64 makes of them.
func (l *leaking) hidden() []string {
	hidden := append(strings.Split(l.lines, "\n"), l.token)
	for _, value := range []string{l.token, l.lines} {
		hidden = append(hidden, base64.StdEncoding.EncodeToString([]byte(value))[:16])
	}
	return append(hidden, base64.StdEncoding.EncodeToString([]byte("user:" + l.token))[8:24])
}

// output is everything that a command writes, wherever that is asked for.
func (l *leaking) output(t *testing.T, ctr *dagger.Container, args ...string) string {
	t.Helper()
	exec := ctr.WithExec(box(args...), dagger.ContainerWithExecOpts{RedirectStdout: "/out", Expect: dagger.ReturnTypeAny})
	var all strings.Builder
	for _, get := range []func() (string, error){
		func() (string, error) { return exec.Stdout(t.Context()) },
		func() (string, error) { return exec.Stderr(t.Context()) },
		func() (string, error) { return exec.CombinedOutput(t.Context()) },
		func() (string, error) { return exec.File("/out").Contents(t.Context()) },
	} {
		text, err := get()
		require.NoError(t, err)
		all.WriteString(text)
	}
	require.Contains(t, all.String(), "***", "it has been written")
	return all.String()
}

// failure is everything that is told of a command that fails.
func (l *leaking) failure(t *testing.T, ctr *dagger.Container, args ...string) string {
	t.Helper()
	failed := fails(t, ctr, args...)
	return strings.Join(append([]string{failed.Error(), failed.Stdout, failed.Stderr}, failed.Cmd...), "\n")
}

func reason(t *testing.T, err error) string {
	t.Helper()
	require.Error(t, err)
	return err.Error()
}

// waysOut are those in which a secret may come to be shown: each returns what the
// program sees. What the session shows of it is looked at afterwards.
var waysOut = map[string]func(t *testing.T, l *leaking) string{
	"variable":         func(t *testing.T, l *leaking) string { return l.output(t, l.ctr, "env", "TOKEN") },
	"environment":      func(t *testing.T, l *leaking) string { return l.output(t, l.ctr, "env") },
	"file":             func(t *testing.T, l *leaking) string { return l.output(t, l.ctr, "cat", "/token") },
	"file of lines":    func(t *testing.T, l *leaking) string { return l.output(t, l.ctr, "cat", "/lines") },
	"one line of many": func(t *testing.T, l *leaking) string { return l.output(t, l.ctr, "line", "LINES", "2") },
	"split writes":     func(t *testing.T, l *leaking) string { return l.output(t, l.ctr, "pieces", "TOKEN") },
	"split lines":      func(t *testing.T, l *leaking) string { return l.output(t, l.ctr, "pieces", "/lines") },
	"base64":           func(t *testing.T, l *leaking) string { return l.output(t, l.ctr, "base64", "TOKEN") },
	"base64 of a login": func(t *testing.T, l *leaking) string {
		return l.output(t, l.ctr, "base64", "TOKEN", "1000", "user:")
	},
	"base64 in lines":   func(t *testing.T, l *leaking) string { return l.output(t, l.ctr, "base64", "LINES", "76") },
	"standard error":    func(t *testing.T, l *leaking) string { return l.output(t, l.ctr, "complain", "TOKEN") },
	"failure":           func(t *testing.T, l *leaking) string { return l.failure(t, l.ctr, "complain", "LINES") },
	"output of failure": func(t *testing.T, l *leaking) string { return l.failure(t, l.ctr, "env", ";", "exit", "3") },
	"argument": func(t *testing.T, l *leaking) string {
		return l.failure(t, l.ctr, "err", l.token, ";", "exit", "3")
	},
	"argument of another step": func(t *testing.T, l *leaking) string {
		return l.failure(t, boxIn(t, l.c).WithEnvVariable("N", unique()), "err", "got", ";", "exit", "3", l.token)
	},
	"command that is missing": func(t *testing.T, l *leaking) string {
		_, err := l.ctr.WithExec([]string{"/" + l.token}).Sync(t.Context())
		return reason(t, err)
	},
	"path that is missing": func(t *testing.T, l *leaking) string {
		_, err := l.ctr.File("/" + l.token).Contents(t.Context())
		return reason(t, err)
	},
	"stdin": func(t *testing.T, l *leaking) string {
		_, err := l.ctr.WithExec(box("cat", "/dev/stdin", ";", "exit", "3"), dagger.ContainerWithExecOpts{Stdin: l.token}).Sync(t.Context())
		return reason(t, err)
	},
	"service": func(t *testing.T, l *leaking) string {
		svc := l.ctr.WithExposedPort(8080).WithDefaultArgs(box("env", ";", "complain", "TOKEN")).AsService()
		_, err := svc.Start(t.Context())
		return reason(t, err)
	},
	"download": func(t *testing.T, l *leaking) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, r.Header.Get("Authorization"), http.StatusForbidden)
		}))
		defer server.Close()
		_, err := l.c.HTTP(server.URL+"/"+unique(), dagger.HTTPOpts{AuthHeader: l.secret}).Contents(t.Context())
		return reason(t, err)
	},
	"address of a download": func(t *testing.T, l *leaking) string {
		server := httptest.NewServer(http.NotFoundHandler())
		defer server.Close()
		_, err := l.c.HTTP(server.URL + "/" + l.token).Contents(t.Context())
		return reason(t, err)
	},
	"login of a registry": func(t *testing.T, l *leaking) string {
		r := registrytest.Start(t, registrytest.Options{User: "me", Password: unique()})
		_, err := boxIn(t, l.c).WithRegistryAuth(r.Host, "me", l.secret).Publish(t.Context(), r.Host+"/private:1")
		return reason(t, err)
	},
	"login of a pull": func(t *testing.T, l *leaking) string {
		r := registrytest.Start(t, registrytest.Options{User: "me", Password: unique()})
		_, err := boxIn(t, l.c).WithRegistryAuth(r.Host, "me", l.secret).From(r.Host + "/private:1").Sync(t.Context())
		return reason(t, err)
	},
	"name of an image": func(t *testing.T, l *leaking) string {
		_, err := l.c.Container().From("127.0.0.1:1/" + l.token).Sync(t.Context())
		return reason(t, err)
	},
	"Dockerfile": func(t *testing.T, l *leaking) string {
		dir := dockerContext(t, l.c, "RUN --mount=type=secret,id=token cat /run/secrets/token && exit 3", nil)
		_, err := dir.DockerBuild(dagger.DirectoryDockerBuildOpts{Secrets: []*dagger.Secret{l.secret}}).Sync(t.Context())
		return reason(t, err)
	},
	"IDs": func(t *testing.T, l *leaking) string {
		exec, err := l.ctr.WithExec(box("true")).ID(t.Context())
		require.NoError(t, err)
		id, err := l.secret.ID(t.Context())
		require.NoError(t, err)
		return string(exec) + string(id)
	},
	"archive": func(t *testing.T, l *leaking) string {
		dir := t.TempDir()
		ctr := l.ctr.WithExec(box("env"), dagger.ContainerWithExecOpts{RedirectStdout: "/env"})
		_, err := ctr.Export(t.Context(), filepath.Join(dir, "image.tar"))
		require.NoError(t, err)
		_, err = ctr.Rootfs().Export(t.Context(), filepath.Join(dir, "root"))
		require.NoError(t, err)
		return strings.Join(found(t, dir, l.hidden()...), "\n")
	},
}

// Whatever way a secret takes, nobody sees it: not in what calls return, not in
// progress, not in the log.
func TestWaysToLeak(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		var console said
		told := &statuses{}
		c := e.connect(t, engine.WithProgress(told.add), engine.WithLogger(log.New(&console)))
		l := &leaking{c: c, token: "token-" + unique(), lines: "first-" + unique() + "\nsecond-" + unique()}
		l.secret = c.SetSecret("token", l.token)
		several := c.SetSecret("lines", l.lines)
		l.ctr = boxIn(t, c).WithEnvVariable("N", unique()).
			WithSecretVariable("TOKEN", l.secret).WithMountedSecret("/token", l.secret).
			WithSecretVariable("LINES", several).WithMountedSecret("/lines", several)
		for name, way := range waysOut {
			t.Run(name, func(t *testing.T) {
				seen := way(t, l)
				for _, hidden := range l.hidden() {
					require.NotContains(t, seen, hidden)
				}
			})
		}
		require.NoError(t, c.Close())
		require.Contains(t, told.text(), "***")
		for _, hidden := range l.hidden() {
			require.NotContains(t, told.text(), hidden, "in progress")
			require.NotContains(t, console.String(), hidden, "in the log")
		}
	})
}
