package engine_test

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // git's names of objects
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/hostca"
)

func TestDockerBuildHeredocsAndMounts(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		id := unique()
		rest := `FROM box AS last
RUN <<EOF
mkdir /made
write /made/by-shell yes
EOF
COPY <<one.txt <<two.txt /made/
1
one.txt
2
two.txt
RUN <<EOF
#!/bin/box script
write /made/by-script yes
EOF
RUN --mount=type=bind,from=box,source=/bin,target=/other --mount=type=tmpfs,target=/tmp/fs mounted /tmp/fs && write /tmp/fs/x x && ls /other
RUN --mount=type=cache,target=/cache,id=` + id + ` append /cache/log a-` + id + `-
RUN --mount=type=cache,target=/cache,id=` + id + `,sharing=locked append /cache/log b-` + id + ` && cat /cache/log
`
		text := e.told(t, func(c *dagger.Client) {
			ctr := dockerContext(t, c, rest, nil).DockerBuild()
			require.Equal(t, []string{"by-script", "by-shell", "one.txt", "two.txt"}, entries(t, ctr.Directory("/made")))
			require.Equal(t, "1\n", contents(t, ctr.File("/made/one.txt")))
			require.NotContains(t, all(t, ctr.Rootfs()), "dev/.bodkin/", "no mount point of the engine's stays behind")
		})
		require.Contains(t, text, "a-"+id+"-b-"+id)
	})
}

func TestDockerBuildSecrets(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		const dockerfile = `
ARG N
RUN --mount=type=secret,id=token hash /run/secrets/token && cat /run/secrets/token
RUN --mount=type=secret,id=token,target=/etc/it,mode=0444,uid=3 stat /etc/it
RUN --mount=type=secret,id=token,env=TOKEN env TOKEN && hex TOKEN
RUN --mount=type=secret,id=secret:other,target=/stolen ls / && echo nothing stolen
RUN --mount=type=secret,id=other ls /run/secrets
`
		value := "v-" + unique()
		text := e.told(t, func(c *dagger.Client) {
			id, err := c.SetSecret("other", "o-"+unique()).ID(ctx)
			require.NoError(t, err)
			require.NotEmpty(t, id)
			opts := dagger.DirectoryDockerBuildOpts{
				Secrets: []*dagger.Secret{c.SetSecret("token", value)}, BuildArgs: []dagger.BuildArg{arg("N", unique())},
			}
			_, err = dockerContext(t, c, dockerfile, nil).DockerBuild(opts).Sync(ctx)
			require.ErrorContains(t, err, "/run/secrets", "a secret that was not given is not there")

			must := "RUN --mount=type=secret,id=must,required=true echo " + unique()
			_, err = dockerContext(t, c, must, nil).DockerBuild(opts).Sync(ctx)
			require.ErrorContains(t, err, `secret "must" was not given`)
			opts.Secrets = []*dagger.Secret{c.Secret("env://HOME")}
			_, err = dockerContext(t, c, must, nil).DockerBuild(opts).Sync(ctx)
			require.ErrorContains(t, err, "setSecret")
		})
		require.NotContains(t, text, value, "values are kept out of logs")
		require.Contains(t, text, "***\n")
		require.Contains(t, text, "/etc/it file 0444 3:0")
		require.Contains(t, text, "nothing stolen\n")
		require.NotContains(t, text, "\nstolen\n", "only what was given can be reached")
	})
}

func TestDockerBuildNoInit(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		const leaves = "ARG N\nRUN spawn sleep 1000s && echo $N && mounted /dev/.bodkin/out && pid"
		for _, noInit := range []bool{false, true} {
			opts := dagger.DirectoryDockerBuildOpts{NoInit: noInit, BuildArgs: []dagger.BuildArg{arg("N", unique())}}
			_, err := e.dockerBuild(t, leaves, opts).Sync(t.Context())
			require.NoError(t, err, "what a command leaves behind ends with it")
		}
	})
}

// What answers at a socket of the host is the SSH agent of RUN steps that ask
// for one; other steps, and other sockets of the session, are out of reach.
func TestDockerBuildSSH(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		path := agent(t)
		text := e.told(t, func(c *dagger.Client) {
			opts := dagger.DirectoryDockerBuildOpts{SSH: c.Host().UnixSocket(path), BuildArgs: []dagger.BuildArg{arg("N", unique())}}
			ssh := "ARG N\nRUN --mount=type=ssh ask $SSH_AUTH_SOCK $N\nRUN --mount=type=ssh,id=other,required=true,target=/agent ask /agent $N"
			_, err := dockerContext(t, c, ssh, nil).DockerBuild(opts).Sync(ctx)
			require.NoError(t, err)
			for _, without := range []string{"RUN ask /agent x", "RUN --mount=type=ssh,id=bodkin.socket.1,target=/agent ask /agent x"} {
				_, err = dockerContext(t, c, without, nil).DockerBuild().Sync(ctx)
				require.ErrorContains(t, err, "connect: no such file or directory", without)
			}
			_, err = dockerContext(t, c, "RUN true", nil).DockerBuild(dagger.DirectoryDockerBuildOpts{SSH: c.Host().UnixSocket(os.Args[0])}).Sync(ctx)
			require.ErrorContains(t, err, "is no Unix socket")
			_, err = c.Host().UnixSocket("/none/such").ID(ctx)
			require.ErrorContains(t, err, "no such file or folder")
		})
		require.Equal(t, 2, strings.Count(text, "\nyou say "))
	})
}

// agent starts something that answers at a Unix socket, and returns its path.
func agent(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent-") //nolint:usetesting // t.TempDir is too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			_, _ = fmt.Fprint(conn, "you say "+line)
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

// A RUN trusts what the host trusts, and the image does not know of it.
func TestDockerBuildTrustsTheHost(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		require.NotEmpty(t, hostca.Path(), "this host has certificate authorities")
		ctr := e.dockerBuild(t, "ARG N\nRUN write /seen $SSL_CERT_FILE && hash $SSL_CERT_FILE",
			dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{arg("N", unique())}})
		require.NotEmpty(t, contents(t, ctr.File("/seen")))
		variables, err := ctr.EnvVariables(t.Context())
		require.NoError(t, err)
		for _, v := range variables {
			name, err := v.Name(t.Context())
			require.NoError(t, err)
			require.NotContains(t, name, "CERT")
		}
	})
}

// Steps of a Dockerfile are cached between sessions; an edit runs only what
// depends on it.
func TestDockerBuildCache(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		n := unique()
		build := func(source string) string {
			return e.told(t, func(c *dagger.Client) {
				dir := dockerContext(t, c, "RUN echo first "+n+"\nCOPY source /\nRUN cat /source", map[string]string{"source": source})
				_, err := dir.DockerBuild().Sync(t.Context())
				require.NoError(t, err)
			})
		}
		first, one, two := "\nfirst "+n, "one "+n, "two "+n
		require.Regexp(t, first+"(.|\n)*"+one, build(one))
		again := build(one)
		require.NotContains(t, again, first, "nothing runs again")
		require.NotContains(t, again, one)
		edited := build(two)
		require.NotContains(t, edited, first, "what comes before the edit does not run again")
		require.Contains(t, edited, two)
	})
}

// The files that the context consists of may be made by steps, which keep their
// own secrets.
func TestDockerBuildOfMadeFiles(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		made := e.box(t).WithSecretVariable("TOKEN", e.c.SetSecret("mine", "s-"+unique())).WithEnvVariable("N", unique()).
			WithExec(box("mkdir", "/out", ";", "env", "TOKEN", ";", "write", "/out/a", "made")).Directory("/out").
			WithNewFile("Dockerfile", "FROM scratch\nCOPY a /\n")
		require.Equal(t, "made", contents(t, made.DockerBuild().File("/a")))
	})
}

func TestDockerBuildAddsFromTheNet(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		content, token := "content "+unique(), "t-"+unique()
		root := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(root, "file.txt"), []byte(content), 0o600))
		bareRepository(t, filepath.Join(root, "app.git"), content)
		bareRepository(t, filepath.Join(root, "private.git"), "private "+content)
		files := http.FileServer(http.Dir(root))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, given, _ := r.BasicAuth(); strings.HasPrefix(r.URL.Path, "/private") && given != token {
				w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			files.ServeHTTP(w, r)
		}))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		t.Cleanup(server.Close)
		opts := dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{arg("AT", server.URL)}}
		dir := e.c.Directory().WithNewFile("Dockerfile", "FROM scratch\nARG AT\nADD $AT/file.txt /\nADD $AT/app.git#main /app/\n")
		ctr := dir.DockerBuild(opts)
		require.Equal(t, content, contents(t, ctr.File("/file.txt")))
		require.Equal(t, content, contents(t, ctr.File("/app/in-git")))

		dir = e.c.Directory().WithNewFile("Dockerfile", "FROM scratch\nARG AT\nADD $AT/private.git#main /app/\n")
		_, err := dir.DockerBuild(opts).Sync(t.Context())
		require.ErrorContains(t, err, "/private.git")
		opts.Secrets = []*dagger.Secret{e.c.SetSecret("GIT_AUTH_TOKEN", token)}
		require.Equal(t, "private "+content, contents(t, dir.DockerBuild(opts).File("/app/in-git")))
	})
}

// bareRepository makes a repository with one file on the branch main, for
// clients that only read files: three loose objects and a list of branches.
func bareRepository(t *testing.T, path, content string) {
	t.Helper()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(path, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(path, name), []byte(text), 0o600))
	}
	object := func(kind, body string) (name [sha1.Size]byte) {
		text := fmt.Sprintf("%s %d\x00%s", kind, len(body), body)
		name = sha1.Sum([]byte(text))
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		_, err := io.WriteString(z, text)
		require.NoError(t, err)
		require.NoError(t, z.Close())
		write(fmt.Sprintf("objects/%x/%x", name[:1], name[1:]), packed.String())
		return name
	}
	blob := object("blob", content)
	tree := object("tree", "100644 in-git\x00"+string(blob[:]))
	who := "test <test@example.com> 0 +0000"
	commit := object("commit", fmt.Sprintf("tree %x\nauthor %s\ncommitter %s\n\nadd a file\n", tree, who, who))
	write("HEAD", "ref: refs/heads/main\n")
	write("info/refs", fmt.Sprintf("%x\trefs/heads/main\n", commit))
}
