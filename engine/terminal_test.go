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
	before := s.state()
	wait := await(t, func() error {
		_, err := open(c).Sync(t.Context())
		return err
	})
	script(s)
	err := wait()
	require.Equal(t, before, s.state(), "the terminal is as it was")
	require.Zero(t, s.suspended)
	return err
}

func TestTerminal(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		err := atTerminal(t, e, func(s *screen) {
			s.expect("# ")
			require.Equal(t, 1, s.suspended)
			s.types("cat greeting; pwd; echo $NAME\r")
			s.expect("hello from the host\r\n/work\r\nvalue")
			s.types("echo changed >greeting; exit 3\r")
		}, func(c *dagger.Client) *dagger.Container {
			return boxIn(t, c).WithWorkdir("/work").WithNewFile("greeting", "hello from the host\n").WithEnvVariable("NAME", "value").
				Terminal().WithExec(box("cat", "greeting"))
		})
		require.NoError(t, err, "neither the exit code counts nor what was changed")
	})
}

func TestTerminalCommands(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		require.NoError(t, atTerminal(t, e, func(s *screen) { s.expect("by default\r\n"); s.expect("by name\r\n") },
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
			s.expect("# ")
			s.types("stty size\r")
			s.expect("24 80\r\n")
			s.resize(132, 43)
			s.types("until stty size | grep 43; do sleep 0.1; done\r")
			s.expect("43 132\r\n")
			s.types("exit\r")
		}, func(c *dagger.Client) *dagger.Container { return boxIn(t, c).Terminal() }))
	})
}

func TestTerminalInterruptIsForTheCommand(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		require.NoError(t, atTerminal(t, e, func(s *screen) {
			s.expect("# ")
			s.types("sh -c \"echo sleep''ing; exec sleep 1000\"\r")
			s.expect("sleeping\r\n")
			s.types("\x03")
			s.expect("# ")
			s.types("echo still he''re; exit\r")
			s.expect("still here")
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
			s.expect("a shell in a container")
			s.expect("# ")
			require.Equal(t, 1, s.suspended)
			s.types("exit\r")
		}
		for _, wait := range waits {
			require.NoError(t, wait())
		}
	})
}

func TestTerminalHasWhatExecsHave(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		require.NoError(t, atTerminal(t, e, func(s *screen) {
			s.expect("$ ")
			s.types("id -u; cat /secret; echo; echo $TOKEN; cat /cache/note\r")
			s.expect("1000\r\nhidden\r\nhidden\r\nkept")
			s.types("wget -qO- 'http://store:8080/set/a?v=typed'; exit\r")
			s.expect("typed")
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
		s.expect("/src # ")
		s.types("cat note; exit\r")
		s.expect("in a directory\r\n")
		s.expect("in a directory\r\n")
		require.NoError(t, wait())
	})
}

func TestTerminalIsGivenBackWhenCancelled(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := newScreen(t)
		c := e.connect(t, s.terminal())
		before := s.state()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		wait := await(t, func() error {
			_, err := boxIn(t, c).Terminal().Sync(ctx)
			return err
		})
		s.expect("# ")
		require.NotEqual(t, before, s.state())
		cancel()
		require.ErrorIs(t, wait(), context.Canceled)
		require.Equal(t, before, s.state())
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
