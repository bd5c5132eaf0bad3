package engine_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
)

func TestSecretValues(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		value := "v-" + unique()
		s := e.c.SetSecret("token", value)
		plain, err := s.Plaintext(ctx)
		require.NoError(t, err)
		require.Equal(t, value, plain)
		name, err := s.Name(ctx)
		require.NoError(t, err)
		require.Equal(t, "token", name)

		sum := hex.EncodeToString([]byte(value)) + "\n"
		require.Equal(t, sum, run(t, e.box(t).WithEnvVariable("N", unique()).WithSecretVariable("TOKEN", s), "hex", "TOKEN"), "commands see it")
		file := e.box(t).WithEnvVariable("N", unique()).WithMountedSecret("/run/secret", s)
		require.Equal(t, sum, run(t, file, "hexdump", "/run/secret"))
		require.NotContains(t, run(t, file.WithSecretVariable("T", s).WithoutSecretVariable("T"), "env"), "\nT=")
		require.Equal(t, "(unset)\n", run(t, e.box(t).WithSecretVariable("T", s).WithoutSecretVariable("T"), "env", "T"))
		require.Equal(t, "plain\n", run(t, e.box(t).WithSecretVariable("T", s).WithEnvVariable("T", "plain"), "env", "T"), "the last one counts")
		require.Equal(t, "***\n", run(t, e.box(t).WithEnvVariable("T", "plain").WithSecretVariable("T", s), "env", "T"))
		require.NotContains(t, run(t, e.box(t).WithSecretVariable("TOKEN", s), "ls", "/"), "TOKEN", "and no file of it")
		list, err := e.box(t).WithSecretVariable("TOKEN", s).EnvVariables(ctx)
		require.NoError(t, err)
		require.Empty(t, list, "it is no variable of the image")
		_, err = e.box(t).WithMountedSecret("/run/secret", s).File("/run/secret").Contents(ctx)
		require.ErrorContains(t, err, "lies in a secret")
	})
}

func TestSecretProviders(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		value := "v-" + unique()
		variable := "BODKIN_TEST_" + unique()
		require.NoError(t, os.Setenv(variable, value))
		t.Cleanup(func() { _ = os.Unsetenv(variable) })
		path := filepath.Join(hostTree(t, map[string]string{"s": value}), "s")
		for _, uri := range []string{"env://" + variable, "file://" + path, "cmd://echo " + value} {
			s := e.c.Secret(uri)
			plain, err := s.Plaintext(ctx)
			require.NoError(t, err, uri)
			require.Equal(t, value, plain, uri)
			got, err := s.URI(ctx)
			require.NoError(t, err)
			require.Equal(t, uri, got)
			out := run(t, e.box(t).WithEnvVariable("N", unique()).WithSecretVariable("S", s), "hex", "S", ";", "env", "S")
			require.Equal(t, hex.EncodeToString([]byte(value))+"\n***\n", out, uri)
		}
		for uri, want := range map[string]string{
			"env://BODKIN_TEST_NOT_SET": "environment variable BODKIN_TEST_NOT_SET is not set",
			"file:///no/such/file":      "/no/such/file",
			"cmd://exit 3":              "exit status 3",
		} {
			_, err := e.c.Secret(uri).Plaintext(ctx)
			require.ErrorContains(t, err, want)
			_, err = e.box(t).WithEnvVariable("N", unique()).WithSecretVariable("S", e.c.Secret(uri)).WithExec(box("true")).Sync(ctx)
			require.ErrorContains(t, err, want, "also when an exec needs it")
		}
		_, err := e.c.Secret("op://vault/item").Plaintext(ctx)
		require.ErrorContains(t, err, `secret provider "op" is not served`)
		_, err = e.c.Secret("plain").Plaintext(ctx)
		require.ErrorContains(t, err, "invalid secret URI")
	})
}

func TestMountedSecretOwnerAndMode(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := e.c.SetSecret("s", "12345")
		ctr := e.withAccounts(t).WithEnvVariable("NAME", "by-env").WithWorkdir("/w").
			WithMountedSecret("/a", s).
			WithMountedSecret("b", s, dagger.ContainerWithMountedSecretOpts{Owner: "worker:extra", Mode: 0o440}).
			WithMountedSecret("/$NAME", s, dagger.ContainerWithMountedSecretOpts{Owner: "7", Mode: 0o600, Expand: true})
		require.Equal(t, lines("/a file 0400 0:0 5", "/w/b file 0440 1234:3456 5", "/by-env file 0600 7:7 5"), run(t, ctr, "stat", "/a", "/w/b", "/by-env"))
		require.Equal(t, "***", run(t, ctr.WithUser("worker:extra"), "cat", "/w/b"))
		require.Contains(t, fails(t, ctr.WithUser("worker"), "cat", "/a").Stderr, "permission denied")
	})
}

// The value, or what only it explains, is nowhere to be found.
func TestSecretsDoNotLeak(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		value := "planted-" + unique() + "\nsecond-" + unique()
		told := &statuses{}
		c := e.connect(t, engine.WithProgress(told.add))
		s := c.SetSecret("planted", value)
		ctr := boxIn(t, c).WithEnvVariable("N", unique()).WithSecretVariable("SECRET", s).WithMountedSecret("/secret", s)
		var seen bytes.Buffer
		for _, args := range [][]string{
			{"env"}, {"env", "SECRET"}, {"cat", "/secret"}, {"pieces", "SECRET"}, {"pieces", "/secret"}, {"err", "x", ";", "run", "/bin/box", "env"},
		} {
			exec := ctr.WithExec(box(args...), dagger.ContainerWithExecOpts{RedirectStdout: "/out"})
			for _, get := range []func() (string, error){
				func() (string, error) { return exec.Stdout(ctx) },
				func() (string, error) { return exec.Stderr(ctx) },
				func() (string, error) { return exec.CombinedOutput(ctx) },
				func() (string, error) { return exec.File("/out").Contents(ctx) },
			} {
				text, err := get()
				require.NoError(t, err)
				seen.WriteString(text)
			}
			require.Contains(t, seen.String(), "***")
			id, err := exec.ID(ctx)
			require.NoError(t, err)
			seen.WriteString(string(id))
		}
		failed := fails(t, ctr, "cat", "/secret", ";", "cat", "/no/such")
		seen.WriteString(failed.Error() + failed.Stdout + failed.Stderr + strings.Join(failed.Cmd, " "))
		id, err := s.ID(ctx)
		require.NoError(t, err)
		seen.WriteString(string(id))

		dir := t.TempDir()
		_, err = ctr.WithExec(box("env")).Export(ctx, filepath.Join(dir, "image.tar"))
		require.NoError(t, err)
		_, err = ctr.WithExec(box("env")).Rootfs().Export(ctx, filepath.Join(dir, "root"))
		require.NoError(t, err)
		require.NoError(t, c.Close())
		seen.WriteString(told.text())

		for _, part := range strings.Split(value, "\n") {
			require.NotContains(t, seen.String(), part)
			require.NotContains(t, seen.String(), base64.StdEncoding.EncodeToString([]byte(part)))
			requireNowhere(t, dir, part)
			if e.State != "" {
				requireNowhere(t, e.State, part)
			}
		}
	})
}

// requireNowhere reads everything below a folder.
func requireNowhere(t *testing.T, dir, text string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.Contains(path, "/proc/") {
			return nil //nolint:nilerr // a daemon at work removes files
		}
		if info, err := entry.Info(); err != nil || info.Size() > 20<<20 {
			return nil //nolint:nilerr // test data of other tests
		}
		content, err := os.ReadFile(path)
		if err == nil && bytes.Contains(content, []byte(text)) {
			t.Errorf("%s holds the secret", path)
		}
		return nil
	}))
}

// The value is no part of the cache key, the name is.
func TestSecretsAndTheCache(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		tag := unique()
		random := func(c *dagger.Client, name, value string) string {
			t.Helper()
			return run(t, boxIn(t, c).WithEnvVariable("N", tag).WithSecretVariable("S", c.SetSecret(name, value)), "random")
		}
		first := random(e.c, "name-"+tag, "one")
		require.Equal(t, first, random(e.connect(t), "name-"+tag, "two"), "another value of the same name in another session")
		require.NotEqual(t, first, random(e.c, "other-"+tag, "one"))
		require.NotEqual(t, first, random(e.c, "name-"+tag, "three"), "two values of one name within a session are two secrets")
	})
}

func TestVolatileVariables(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		tag := unique()
		ctr := func(c *dagger.Client, value string) *dagger.Container {
			return boxIn(t, c).WithEnvVariable("N", tag).WithVolatileVariable("RUN_ID", value)
		}
		first := run(t, ctr(e.c, "one"), "random", ";", "env", "RUN_ID")
		require.Contains(t, first, "one", "commands see it, and it is no secret")
		require.Equal(t, first, run(t, ctr(e.connect(t), "two"), "random", ";", "env", "RUN_ID"), "its value does not make a step run again")
		require.Equal(t, "(unset)\n", run(t, ctr(e.c, "one").WithoutVolatileVariable("RUN_ID"), "env", "RUN_ID"))
		require.NotEqual(t, first, run(t, boxIn(t, e.c).WithEnvVariable("N", tag).WithVolatileVariable("OTHER", "one"), "random", ";", "env", "RUN_ID"))
	})
}

func TestExpandRefusesSecrets(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctr := e.box(t).WithSecretVariable("SECRET", e.c.SetSecret("s", "value"))
		_, err := ctr.WithExec(box("echo", "$SECRET"), dagger.ContainerWithExecOpts{Expand: true}).Sync(t.Context())
		require.ErrorContains(t, err, "SECRET")
		require.ErrorContains(t, err, "secret")
		_, err = ctr.WithEnvVariable("X", "$SECRET", dagger.ContainerWithEnvVariableOpts{Expand: true}).Sync(t.Context())
		require.ErrorContains(t, err, "secret")
	})
}

func TestBigSecret(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		_, err := e.box(t).WithEnvVariable("N", unique()).WithMountedSecret("/s", e.c.SetSecret("big-"+unique(), strings.Repeat("x", 600<<10))).WithExec(box("true")).Sync(t.Context())
		require.ErrorContains(t, err, "BuildKit takes at most 512000")
	})
}
