package engine_test

import (
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// sickly is a container whose service answers at once, and is healthy after a while.
func sickly(t *testing.T, c *dagger.Client, after string) *dagger.Container {
	return boxIn(t, c).WithEnvVariable("TEST", unique()).WithExposedPort(keeperPort).WithDefaultArgs(box("keep", "8080", after))
}

func TestServiceHealthcheck(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		check := box("ok", "http://127.0.0.1:8080/healthy")
		svc := sickly(t, e.c, "700ms").WithDockerHealthcheck(check).AsService()
		run(t, e.box(t).WithServiceBinding("store", svc), "ok", "http://store:8080/healthy")

		svc = sickly(t, e.c, "1h").WithDockerHealthcheck(check).WithoutDockerHealthcheck().AsService()
		failed := fails(t, e.box(t).WithServiceBinding("store", svc), "ok", "http://store:8080/healthy")
		require.Contains(t, failed.Stderr, "503", "without the check the port's answer is enough")
	})
}

func TestHealthcheckRunsAsTheServiceDoes(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		say := box("env", "PLACE", "PASSWORD", ";", "pwd", ";", "id", ";", "exit", "1")
		_, err := sickly(t, e.c, "1h").WithEnvVariable("PLACE", "here").WithWorkdir("/work").WithUser("1234:99").
			WithSecretVariable("PASSWORD", e.c.SetSecret("health", "hunter2hunter2")).
			WithDockerHealthcheck(say, dagger.ContainerWithDockerHealthcheckOpts{Interval: "100ms", Retries: 1}).
			AsService().Start(t.Context())
		require.ErrorContains(t, err, "here\n***\n/work\n1234 99 [99]")
	})
}

func TestServiceThatIsUnhealthy(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		svc := sickly(t, e.c, "1h").WithDockerHealthcheck(box("err", "no tables yet", ";", "exit", "3"),
			dagger.ContainerWithDockerHealthcheckOpts{Interval: "100ms", Retries: 2}).AsService()
		_, err := e.box(t).WithServiceBinding("store", svc).WithExec(box("get", "http://store:8080/")).Sync(t.Context())
		require.ErrorContains(t, err, "did not start: it is unhealthy")
		require.ErrorContains(t, err, "no tables yet")
		require.ErrorContains(t, err, "keeping on port 8080")
	})
}

func TestHealthcheckThatHangsOrIsMissing(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		few := dagger.ContainerWithDockerHealthcheckOpts{Timeout: "200ms", Interval: "100ms", Retries: 1, StartPeriod: "300ms", StartInterval: "50ms"}
		_, err := sickly(t, e.c, "1h").WithDockerHealthcheck(box("echo", "hanging", ";", "sleep", "1h"), few).AsService().Start(t.Context())
		require.ErrorContains(t, err, "hanging\n(ended after 200ms)")
		few.Shell = true
		_, err = sickly(t, e.c, "1h").WithDockerHealthcheck([]string{"exit 0"}, few).AsService().Start(t.Context())
		require.ErrorContains(t, err, "/bin/sh: no such file or directory")
	})
}

func TestDockerHealthcheck(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		opts := dagger.ContainerWithDockerHealthcheckOpts{
			Shell: true, Interval: "1m", Timeout: "3s", StartPeriod: "10s", StartInterval: "500ms", Retries: 5,
		}
		ctr := e.box(t).WithDockerHealthcheck([]string{"test -e /ready"}, opts)
		path, err := ctr.Export(ctx, filepath.Join(t.TempDir(), "image.tar"))
		require.NoError(t, err)
		for _, ctr := range []*dagger.Container{ctr, e.c.Container().Import(e.c.Host().File(path))} {
			check := ctr.DockerHealthcheck()
			args, err := check.Args(ctx)
			require.NoError(t, err)
			require.Equal(t, []string{"test -e /ready"}, args)
			shell, err := check.Shell(ctx)
			require.NoError(t, err)
			require.True(t, shell)
			retries, err := check.Retries(ctx)
			require.NoError(t, err)
			require.Equal(t, 5, retries)
			for want, get := range map[string]func() (string, error){
				"1m0s":  func() (string, error) { return check.Interval(ctx) },
				"3s":    func() (string, error) { return check.Timeout(ctx) },
				"10s":   func() (string, error) { return check.StartPeriod(ctx) },
				"500ms": func() (string, error) { return check.StartInterval(ctx) },
			} {
				got, err := get()
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
		}
		args, err := ctr.WithoutDockerHealthcheck().DockerHealthcheck().Args(ctx)
		require.NoError(t, err)
		require.Empty(t, args)
	})
}

func TestDockerHealthcheckRefused(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		for want, ctr := range map[string]*dagger.Container{
			"needs a command": e.c.Container().WithDockerHealthcheck(nil),
			"one argument":    e.c.Container().WithDockerHealthcheck([]string{"a", "b"}, dagger.ContainerWithDockerHealthcheckOpts{Shell: true}),
			`timeout "soon"`:  e.c.Container().WithDockerHealthcheck([]string{"a"}, dagger.ContainerWithDockerHealthcheckOpts{Timeout: "soon"}),
			"retries -1":      e.c.Container().WithDockerHealthcheck([]string{"a"}, dagger.ContainerWithDockerHealthcheckOpts{Retries: -1}),
		} {
			_, err := ctr.Sync(t.Context())
			require.ErrorContains(t, err, want)
		}
	})
}
