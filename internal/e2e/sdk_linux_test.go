package e2e

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/modules/debian"
)

// sdk is a published SDK with a pipeline in its language.
type sdk struct {
	name     string
	runtime  []string // Debian packages that its programs need
	tools    []string // those that install it
	install  string   // shell script, in the folder of the pipeline's sources
	settings settings // of the registry that it comes from
	command  []string // runs the pipeline
}

// sdks are at the version of the API that is served, or nearest to it.
var sdks = []sdk{
	{
		name:     "python",
		runtime:  []string{"python3", "coreutils"},
		tools:    []string{"python3-pip", "dash"},
		install:  "python3 -m pip install --quiet --root-user-action ignore --only-binary :all: --target packages -r requirements.txt",
		settings: pipSettings,
		command:  []string{"/usr/bin/env", "PYTHONPATH=/pipeline/packages", "PYTHONDONTWRITEBYTECODE=1", "/usr/bin/python3", "/pipeline/pipeline.py"},
	},
	{
		name:     "typescript",
		runtime:  []string{"nodejs", "coreutils"},
		tools:    []string{"npm", "dash"},
		install:  "npm ci --ignore-scripts --no-audit --no-fund && node node_modules/typescript/bin/tsc",
		settings: npmSettings,
		command:  []string{"/usr/bin/node", "/pipeline/pipeline.js"},
	},
}

// TestPublishedSDKs runs pipelines with the SDKs for other languages: in a session
// that ci has started for them, and starting ci themselves.
func TestPublishedSDKs(t *testing.T) {
	needsEmbedded(t)
	ci := compile(t, "./ci")
	dag, err := engine.Connect(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dag.Close()) })
	for _, s := range sdks {
		t.Run(s.name, func(t *testing.T) {
			root := s.root(t, dag)
			t.Run("session", func(t *testing.T) {
				dir, greeting := s.workdir(t, dag)
				check(t, dir, greeting, output(t, dir, nil, append([]string{ci, "session", "--"}, s.enter(t, root, ci, dir)...)...))
			})
			t.Run("started by the SDK", func(t *testing.T) {
				dir, greeting := s.workdir(t, dag)
				check(t, dir, greeting, output(t, dir, []string{"_EXPERIMENTAL_DAGGER_CLI_BIN=" + ci}, s.enter(t, root, ci, dir)...))
			})
		})
	}
}

// trust puts the authorities that an exec has been given where Debian has them: pip
// reads them there whatever it is told, and the host's settings may name the place.
const trust = `if [ -n "$SSL_CERT_FILE" ]; then mkdir -p /etc/ssl/certs; cp "$SSL_CERT_FILE" /etc/ssl/certs/ca-certificates.crt; fi
`

// root makes a folder with the language's runtime, the SDK and the pipeline.
func (s sdk) root(t *testing.T, dag *dagger.Client) string {
	t.Helper()
	unpacked := func(packages []string) *dagger.Container {
		ctr, err := debian.New(dag, debian.Options{Packages: packages}).Unpacked(t.Context())
		require.NoError(t, err)
		return ctr
	}
	sources, err := filepath.Abs(filepath.Join("testdata", s.name))
	require.NoError(t, err)
	installed := s.settings.of(dag, unpacked(append(s.tools, s.runtime...))).
		WithEnvVariable("PATH", "/usr/bin").WithEnvVariable("HOME", "/root").
		WithDirectory("/pipeline", dag.Host().Directory(sources)).WithWorkdir("/pipeline").
		WithMountedCache("/root/.cache", dag.CacheVolume("e2e-sdk-"+s.name)).
		WithExec([]string{"/usr/bin/dash", "-ec", trust + s.install})
	root := unpacked(s.runtime).WithDirectory("/pipeline", installed.Directory("/pipeline")).Rootfs()
	packed := unpacked([]string{"tar"}).WithMountedDirectory("/root", root).
		WithExec([]string{"/usr/bin/tar", "-C", "/root", "-cf", "/root.tar", "."}).File("/root.tar")
	dir := filepath.Join(t.TempDir(), "root")
	_, err = packed.Export(t.Context(), dir+".tar")
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(dir, 0o755))
	run(t, dir, "tar", "-xf", dir+".tar")
	require.NoError(t, os.Remove(dir+".tar"))
	return dir
}

// workdir makes the folder that the pipeline runs in, with what it reads: an image,
// and a greeting as there has been none before, so that nothing is in the cache.
func (s sdk) workdir(t *testing.T, dag *dagger.Client) (dir, greeting string) {
	t.Helper()
	dir, greeting = t.TempDir(), "hello from "+s.name+", "+rand.Text()+"\n"
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "src"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "src", "greeting.txt"), []byte(greeting), 0o644))
	base, err := debian.New(dag, debian.Options{Packages: []string{"busybox"}}).Unpacked(t.Context())
	require.NoError(t, err)
	_, err = base.AsTarball().Export(t.Context(), filepath.Join(dir, "base.tar"))
	require.NoError(t, err)
	return dir, greeting
}

// enter is the command that runs the pipeline in the root. It finds there what ci
// needs of the host when the SDK starts it.
func (s sdk) enter(t *testing.T, root, ci, dir string) []string {
	t.Helper()
	cache, err := cachedir.Path()
	require.NoError(t, err)
	script, err := filepath.Abs("testdata/enter.sh")
	require.NoError(t, err)
	folders := []string{filepath.Dir(ci), dir, cache}
	for _, name := range []string{"GOROOT", "GOCACHE", "GOMODCACHE"} {
		folders = append(folders, strings.TrimSpace(run(t, repository(t), "go", "env", name)))
	}
	folders = append(folders, authorityFolders()...)
	return append([]string{"sh", "-e", script, root, strings.Join(folders, ":")}, s.command...)
}

// authorityFolders are the folders of this machine's certificate authorities.
func authorityFolders() []string {
	var folders []string
	for _, folder := range []string{"/etc/ssl", filepath.Dir(os.Getenv("SSL_CERT_FILE"))} {
		if _, err := os.Stat(folder); err == nil && filepath.IsAbs(folder) {
			folders = append(folders, folder)
		}
	}
	return folders
}

// output runs a command in a mount namespace of its own and returns what it wrote
// to standard output.
func output(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, "%s", said.String())
	return string(out)
}

// check compares what the pipeline saw with what there is to see.
func check(t *testing.T, dir, greeting, printed string) {
	t.Helper()
	shouted := strings.ToUpper(greeting)
	var seen map[string]any
	require.NoError(t, json.Unmarshal([]byte(printed), &seen), printed)
	require.Equal(t, map[string]any{
		"version": "v0.21.8",
		"entries": []any{"greeting.txt", "out.txt"},
		"kept":    shouted,
		"served":  "served\n",
		"failure": map[string]any{"exitCode": 3.0, "stdout": "said\n", "stderr": "wrong\n"},
		"masked":  "it is ***\n",
	}, seen)
	exported, err := os.ReadFile(filepath.Join(dir, "out", "result.txt"))
	require.NoError(t, err)
	require.Equal(t, shouted, string(exported))
}
