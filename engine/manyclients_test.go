package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
)

// manyPatience is how long all of the clients may take together: more is a deadlock.
const manyPatience = 5 * time.Minute

// 32 clients, each with a session of its own, share steps; every third gives up at some
// moment. Whoever does not gets the right result, and nobody waits for ever.
func TestManyClients(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		const clients = 32
		ctx, cancel := context.WithTimeout(t.Context(), manyPatience)
		defer cancel()
		key := unique()
		outs, errs := make([]string, clients), make([]error, clients)
		var wg sync.WaitGroup
		for i := range clients {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				if givesUp(i) {
					time.AfterFunc(rand.N(4*time.Second), cancel)
				}
				outs[i], errs[i] = e.takePart(ctx, t, i, key)
			})
		}
		wg.Wait()
		require.NoError(t, ctx.Err(), "nobody waits for ever")
		for i, out := range outs {
			if givesUp(i) && errs[i] != nil {
				require.ErrorIs(t, errs[i], context.Canceled)
				continue
			}
			require.NoError(t, errs[i])
			require.Equal(t, fmt.Sprintf("shared %s\nclient %d\n", key, i), out)
		}
		// BuildKit joins steps of different sessions once it knows that their inputs are
		// the same, which may be too late for one or the other.
		require.Less(t, counted(t, e.c, key), clients/2, "a step that they share does not run for each")
	})
}

func givesUp(client int) bool { return client%3 == 0 }

// takePart runs steps that all clients have, and one of its own.
func (e *env) takePart(ctx context.Context, t *testing.T, client int, key string) (string, error) {
	c, err := engine.Connect(ctx, engine.WithAddress(e.Address))
	if err != nil {
		return "", err
	}
	defer c.Close()
	ctr := counting(t, c, key).WithEnvVariable("N", key).
		WithExec(box("sleep", "100ms", ";", "count", "/count/n")).
		WithExec(box("sleep", "100ms", ";", "write", "/shared", "shared "+key+"\n"))
	if _, err := ctr.Directory("/").Entries(ctx); err != nil {
		return "", err
	}
	return ctr.WithExec(box("cat", "/shared", ";", "echo", fmt.Sprint("client ", client))).Stdout(ctx)
}
