package engine_test

import (
	"errors"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

func TestInteractiveShellSeesWhatTheFailedCommandLeft(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := newScreen(t)
		c := e.connect(t, s.terminal(), engine.WithInteractive())
		wait := await(t, func() error {
			_, err := boxIn(t, c).WithWorkdir("/work").WithEnvVariable("TEST", unique()).WithMountedDirectory("/mounted", c.Directory().WithNewFile("a", "")).
				WithExec(box("write", "/work/left", "behind\n", ";", "write", "/mounted/also", "there\n", ";", "err", "no luck", ";", "exit", "7")).Sync(t.Context())
			return err
		})
		s.Expect("failed with exit code 7")
		s.Expect("no luck\r\n")
		s.Expect("in /work as root")
		s.Expect("# ")
		s.Type("cat left /mounted/also; exit\r")
		s.Expect("behind\r\nthere\r\n")
		var failed *dagger.ExecError
		require.ErrorAs(t, wait(), &failed)
		require.Equal(t, 7, failed.ExitCode)
		require.Contains(t, failed.Stderr, "no luck")
	})
}

func TestInteractiveOpensOneShellForOneFailure(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := newScreen(t)
		c := e.connect(t, s.terminal(), engine.WithInteractive())
		broken := boxIn(t, c).WithEnvVariable("TEST", unique()).WithExec(box("exit", "5"))
		var waits []func() error
		for _, name := range []string{"a", "b", "c"} {
			waits = append(waits, await(t, func() error {
				_, err := broken.WithExec(box("echo", name)).Sync(t.Context())
				return err
			}))
		}
		s.Expect("# ")
		s.Type("exit\r")
		for _, wait := range waits {
			var failed *dagger.ExecError
			require.ErrorAs(t, wait(), &failed)
			require.Equal(t, 5, failed.ExitCode)
		}
	})
}

func TestInteractiveFailuresSideBySide(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := newScreen(t)
		c := e.connect(t, s.terminal(), engine.WithInteractive())
		wait := await(t, func() error {
			errs := make(chan error, 2)
			for _, name := range []string{"first", "second"} {
				go func() {
					_, err := boxIn(t, c).WithEnvVariable("TEST", unique()).WithDefaultTerminalCmd(box("echo", "looking into "+name)).
						WithExec(box("exit", "5")).Sync(t.Context())
					errs <- err
				}()
			}
			return errors.Join(<-errs, <-errs)
		})
		require.Error(t, wait())
		require.Contains(t, s.Shown(), "looking into first\r\n")
		require.Contains(t, s.Shown(), "looking into second\r\n")
	})
}

func TestInteractiveServicesAnswer(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := newScreen(t)
		c := e.connect(t, s.terminal(), engine.WithInteractive())
		wait := await(t, func() error {
			_, err := boxIn(t, c).WithServiceBinding("store", keeper(t, c)).
				WithExec(box("get", "http://store:8080/set/a?v=before", ";", "exit", "1")).Sync(t.Context())
			return err
		})
		s.Expect("# ")
		s.Type("wget -qO- http://store:8080/get/a; exit\r")
		s.Expect("before")
		require.Error(t, wait())
	})
}

func TestInteractiveDockerfile(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := newScreen(t)
		c := e.connect(t, s.terminal(), engine.WithInteractive())
		context := c.Directory().WithFile("box", c.Host().File(enginetest.Testbox(t))).
			WithNewFile("Dockerfile", "FROM scratch\nCOPY box /bin/box\nWORKDIR /made\nRUN [\"/bin/box\", \"write\", \"left\", \""+unique()+"\", \";\", \"exit\", \"9\"]\n")
		wait := await(t, func() error {
			_, err := context.DockerBuild().Sync(t.Context())
			return err
		})
		s.Expect("failed with exit code 9")
		s.Expect("in /made as root")
		s.Expect("# ")
		s.Type("ls; exit\r")
		s.Expect("left")
		require.Error(t, wait())
	})
}
