package engine_test

import (
	"context"
	"os"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
)

// atTerminal opens a session with a screen, and a terminal in ctr; script sits at
// the screen. It returns what became of the chain.
func atTerminal(t *testing.T, e *env, script func(*screen), open func(*dagger.Client) *dagger.Container) error {
	t.Helper()
	s := newScreen(t)
	c := e.connect(t, s.terminal())
	before := s.State()
	wait := await(t, func() error {
		_, err := open(c).Sync(t.Context())
		return err
	})
	script(s)
	err := wait()
	require.Equal(t, before, s.State(), "the terminal is as it was")
	require.Zero(t, s.suspended.Load())
	return err
}

func TestTerminal(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		err := atTerminal(t, e, func(s *screen) {
			s.Expect("# ")
			require.EqualValues(t, 1, s.suspended.Load())
			s.Type("cat greeting; pwd; echo $NAME\r")
			s.Expect("hello from the host\r\n/work\r\nvalue")
			s.Type("echo changed >greeting; exit 3\r")
		}, func(c *dagger.Client) *dagger.Container {
			return boxIn(t, c).WithWorkdir("/work").WithNewFile("greeting", "hello from the host\n").WithEnvVariable("NAME", "value").
				Terminal().WithExec(box("cat", "greeting"))
		})
		require.NoError(t, err, "neither the exit code counts nor what was changed")
	})
}

func TestTerminalCommands(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		require.NoError(t, atTerminal(t, e, func(s *screen) { s.Expect("by default\r\n"); s.Expect("by name\r\n") },
			func(c *dagger.Client) *dagger.Container {
				return boxIn(t, c).WithDefaultTerminalCmd(box("echo", "by default")).Terminal().
					Terminal(dagger.ContainerTerminalOpts{Cmd: box("echo", "by name")})
			}))
		err := atTerminal(t, e, func(*screen) {}, func(c *dagger.Client) *dagger.Container {
			return boxIn(t, c).Terminal(dagger.ContainerTerminalOpts{Cmd: []string{"nosuch"}})
		})
		require.ErrorContains(t, err, "nosuch: command not found in PATH")
	})
}

func TestTerminalSize(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		require.NoError(t, atTerminal(t, e, func(s *screen) {
			s.Expect("# ")
			s.Type("stty size\r")
			s.Expect("24 80\r\n")
			s.resize(t, 132, 43)
			s.Type("until stty size | grep 43; do sleep 0.1; done\r")
			s.Expect("43 132\r\n")
			s.Type("exit\r")
		}, func(c *dagger.Client) *dagger.Container { return boxIn(t, c).Terminal() }))
	})
}

func TestTerminalInterruptIsForTheCommand(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		require.NoError(t, atTerminal(t, e, func(s *screen) {
			s.Expect("# ")
			s.Type("sh -c \"echo sleep''ing; exec sleep 1000\"\r")
			s.Expect("sleeping\r\n")
			s.Type("\x03")
			s.Expect("# ")
			s.Type("echo still he''re; exit\r")
			s.Expect("still here")
		}, func(c *dagger.Client) *dagger.Container { return boxIn(t, c).Terminal() }))
	})
}

func TestTerminalsOneAfterTheOther(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := newScreen(t)
		c := e.connect(t, s.terminal())
		var waits []func() error
		for range 3 {
			waits = append(waits, await(t, func() error {
				_, err := boxIn(t, c).Terminal().Sync(t.Context())
				return err
			}))
		}
		for range waits {
			s.Expect("a shell in a container")
			s.Expect("# ")
			require.EqualValues(t, 1, s.suspended.Load())
			s.Type("exit\r")
		}
		for _, wait := range waits {
			require.NoError(t, wait())
		}
	})
}

func TestTerminalHasWhatExecsHave(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		require.NoError(t, atTerminal(t, e, func(s *screen) {
			s.Expect("$ ")
			s.Type("id -u; cat /secret; echo; echo $TOKEN; cat /cache/note\r")
			s.Expect("1000\r\nhidden\r\nhidden\r\nkept")
			s.Type("wget -qO- 'http://store:8080/set/a?v=typed'; exit\r")
			s.Expect("typed")
		}, func(c *dagger.Client) *dagger.Container {
			secret := c.SetSecret("token", "hidden")
			cache := c.CacheVolume("terminal-" + unique())
			return boxIn(t, c).WithEnvVariable("TEST", unique()).WithMountedCache("/cache", cache).WithExec(box("write", "/cache/note", "kept\n")).
				WithMountedSecret("/secret", secret, dagger.ContainerWithMountedSecretOpts{Mode: 0o444}).WithSecretVariable("TOKEN", secret).
				WithServiceBinding("store", keeper(t, c)).WithUser("1000").Terminal()
		}))
	})
}

func TestTerminalOfADirectory(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := newScreen(t)
		c := e.connect(t, s.terminal())
		wait := await(t, func() error {
			_, err := c.Directory().WithNewFile("note", "in a directory\n").Terminal().
				Terminal(dagger.DirectoryTerminalOpts{Container: boxIn(t, c), Cmd: box("cat", "note")}).Sync(t.Context())
			return err
		})
		s.Expect("/src # ")
		s.Type("cat note; exit\r")
		s.Expect("in a directory\r\n")
		s.Expect("in a directory\r\n")
		require.NoError(t, wait())
	})
}

func TestTerminalOfAService(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := newScreen(t)
		c := e.connect(t, s.terminal())
		svc := boxIn(t, c).WithEnvVariable("N", unique()).WithServiceBinding("other", keeper(t, c)).WithExposedPort(keeperPort).
			AsService(dagger.ContainerAsServiceOpts{Args: box("keep", "8080")})
		wait := await(t, func() error {
			_, err := svc.Terminal(dagger.ServiceTerminalOpts{Cmd: box("get", "http://127.0.0.1:8080/set/a?v=typed", ";", "get", "http://other:8080/set/a?v=1", ";", "echo", "done")}).Endpoint(t.Context())
			return err
		})
		s.Expect("done\r\n")
		require.NoError(t, wait())
		require.Equal(t, "typed\n", run(t, boxIn(t, c).WithServiceBinding("store", svc), "get", "http://store:8080/get/a"), "it is the running one")
		_, err := svc.Terminal(dagger.ServiceTerminalOpts{Cmd: []string{"nosuch"}}).Endpoint(t.Context())
		require.ErrorContains(t, err, "nosuch: command not found in PATH")
	})
}

func TestTerminalIsGivenBackWhenCancelled(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := newScreen(t)
		c := e.connect(t, s.terminal())
		before := s.State()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		wait := await(t, func() error {
			_, err := boxIn(t, c).Terminal().Sync(ctx)
			return err
		})
		s.Expect("# ")
		require.NotEqual(t, before, s.State())
		cancel()
		require.ErrorIs(t, wait(), context.Canceled)
		require.Equal(t, before, s.State())
	})
}

func TestTerminalTakesWhatWasTypedAhead(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		require.NoError(t, atTerminal(t, e, func(s *screen) {
			s.Type("echo typed ah''ead; exit\r")
			s.Expect("typed ahead\r\n")
		}, func(c *dagger.Client) *dagger.Container { return boxIn(t, c).Terminal() }))
	})
}

func TestTerminalWithoutAWorkingShell(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		require.NoError(t, atTerminal(t, e, func(s *screen) {
			s.Expect("BusyBox comes along")
			s.Expect("# ")
			s.Type("cat /bin/sh; exit\r")
			s.Expect("#!/nosuch\r\n")
		}, func(c *dagger.Client) *dagger.Container {
			return boxIn(t, c).WithNewFile("/bin/sh", "#!/nosuch\n", dagger.ContainerWithNewFileOpts{Permissions: 0o755}).Terminal()
		}))
	})
}

func TestNoTerminal(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		in, out, err := os.Pipe()
		require.NoError(t, err)
		defer in.Close()
		defer out.Close()
		piped := engine.Terminal{In: in, Out: out}
		_, err = boxIn(t, e.connect(t, engine.WithTerminal(piped))).Terminal().Sync(t.Context())
		require.ErrorContains(t, err, "standard input is not one")
		_, err = engine.Connect(t.Context(), engine.WithAddress(e.Address), engine.WithTerminal(piped), engine.WithInteractive())
		var none *engine.NoTerminalError
		require.ErrorAs(t, err, &none)
	})
}
