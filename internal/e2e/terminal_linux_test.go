package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/ptytest"
	"github.com/bodkin-ci/bodkin/modules/postgres"
)

// TestTerminalNextToADatabase asks a bound database from a terminal.
func TestTerminalNextToADatabase(t *testing.T) {
	needsEmbedded(t)
	screen := ptytest.New(t)
	c, err := engine.Connect(t.Context(), engine.WithAddress("embedded"), engine.WithTerminal(engine.Terminal{In: screen.TTY, Out: screen.TTY}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	client, err := postgres.New(c, postgres.Options{}).Client(t.Context())
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := client.Terminal().Sync(t.Context())
		ended <- err
	}()
	screen.Expect("$ ")
	screen.Type("psql\r")
	screen.Expect("=# ")
	screen.Type("select 'answer ' || (40 + 2)::text;\r")
	screen.Expect("answer 42")
	screen.Type("\\q\r")
	screen.Expect("$ ")
	screen.Type("exit\r")
	require.NoError(t, <-ended)
}
