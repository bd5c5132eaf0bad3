package engine_test

import (
	"net"
	"strconv"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// A registry that only a service knows, under a name that nobody else has.
func TestRegistryThatIsAService(t *testing.T) {
	for name, options := range map[string]registrytest.Options{"open": {}, "login": {User: "me", Password: "pass word"}} {
		t.Run(name, func(t *testing.T) {
			onEngines(t, func(t *testing.T, e *env) {
				ctx := t.Context()
				_, port, err := net.SplitHostPort(registrytest.Start(t, options).Host)
				require.NoError(t, err)
				number, err := strconv.Atoi(port)
				require.NoError(t, err)
				c := e.connect(t)
				service := c.Host().Service([]dagger.PortForward{{Backend: number, Frontend: 5000}})
				address := "registry.nowhere.test:5000/team/app"
				ctr := boxIn(t, c).WithEnvVariable("N", unique()).WithEntrypoint(box("echo"))
				if options.User != "" {
					_, err := ctr.Publish(ctx, address+":1", dagger.ContainerPublishOpts{RegistryService: service})
					require.ErrorContains(t, err, "registry.nowhere.test:5000")
					ctr = ctr.WithRegistryAuth("registry.nowhere.test:5000", options.User, c.SetSecret(unique(), options.Password))
				}
				ref, err := ctr.Publish(ctx, address+":1", dagger.ContainerPublishOpts{RegistryService: service})
				require.NoError(t, err)
				require.Regexp(t, "^"+address+":1@sha256:[0-9a-f]{64}$", ref)
				for _, from := range []string{address + ":1", ref} {
					back := c.Container().From(from, dagger.ContainerFromOpts{RegistryService: service})
					require.Equal(t, "hi\n", run(t, back, "echo", "hi"))
					entrypoint, err := back.Entrypoint(ctx)
					require.NoError(t, err)
					require.Equal(t, box("echo"), entrypoint)
					got, err := back.ImageRef(ctx)
					require.NoError(t, err)
					require.Equal(t, ref, got)
				}
				_, err = c.Container().From(address+":none", dagger.ContainerFromOpts{RegistryService: service}).Sync(ctx)
				require.ErrorContains(t, err, address+":none")
			})
		})
	}
}
