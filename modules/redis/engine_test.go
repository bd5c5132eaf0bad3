package redis_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/modules/debian"
	"github.com/bodkin-ci/bodkin/modules/internal/moduletest"
	"github.com/bodkin-ci/bodkin/modules/redis"
)

var tests = moduletest.New(func(ctx context.Context, address string) (*dagger.Client, error) {
	return engine.Connect(ctx, engine.WithAddress(address))
})

func TestMain(m *testing.M) { tests.Main(m) }

func client(t testing.TB) *dagger.Client {
	t.Helper()
	return tests.ClientWithDebian(t)
}

// cli runs a command next to a server and returns what it says.
func cli(t *testing.T, server *redis.Redis, args ...string) string {
	t.Helper()
	out, err := tryCLI(t, server, args...)
	require.NoError(t, err)
	return strings.TrimSpace(out)
}

func tryCLI(t *testing.T, server *redis.Redis, args ...string) (string, error) {
	t.Helper()
	ctr, err := server.Client(t.Context())
	require.NoError(t, err)
	script := `cli=$(command -v redis-cli || command -v valkey-cli); exec "$cli" -h redis "$@"`
	// The variable makes it a step of this test alone.
	return ctr.WithEnvVariable("TEST", t.TempDir()).WithExec(append([]string{"sh", "-c", script, "sh"}, args...)).Stdout(t.Context())
}

func TestServers(t *testing.T) {
	c := client(t)
	for name, opts := range map[string]redis.Options{"redis": {}, "valkey": {Valkey: true}} {
		t.Run(name, func(t *testing.T) {
			server := redis.New(c, opts)
			require.Equal(t, "OK", cli(t, server, "set", "greeting", "hello"))
			require.Equal(t, "hello", cli(t, server, "get", "greeting"), "it is there for the next step")
			require.Contains(t, cli(t, server, "info", "server"), name+"_version:")
			require.Equal(t, "save", cli(t, server, "config", "get", "save"))
			require.Equal(t, "appendonly\nno", cli(t, server, "config", "get", "appendonly"))
		})
	}
}

func TestPassword(t *testing.T) {
	c := client(t)
	password := `it's a "pass\word: $1`
	server := redis.New(c, redis.Options{Password: c.SetSecret("cache-password", password)})
	require.Equal(t, "PONG", cli(t, server, "ping"))
	require.Contains(t, cli(t, server, "--no-auth-warning", "-a", "guessed", "ping"), "NOAUTH")

	address, err := server.URL(t.Context(), "cache")
	require.NoError(t, err)
	text, err := address.Plaintext(t.Context())
	require.NoError(t, err)
	parsed, err := url.Parse(text)
	require.NoError(t, err)
	require.Equal(t, "cache:6379", parsed.Host)
	got, _ := parsed.User.Password()
	require.Equal(t, password, got)
}

func TestSettings(t *testing.T) {
	c := client(t)
	server := redis.New(c, redis.Options{Settings: map[string]string{"maxmemory": "9mb"}})
	require.Equal(t, "maxmemory\n9437184", cli(t, server, "config", "get", "maxmemory"))

	_, err := tryCLI(t, redis.New(c, redis.Options{Settings: map[string]string{"maxmemory": "much"}}), "ping")
	require.ErrorContains(t, err, "service /usr/local/bin/redis-start")
	require.ErrorContains(t, err, "did not start")
	require.ErrorContains(t, err, "argument must be a memory value")
}

func TestVolumeKeepsTheData(t *testing.T) {
	c := client(t)
	opts := redis.Options{Volume: c.CacheVolume("bodkin-test-redis-" + t.TempDir())}
	first := redis.New(c, opts)
	cli(t, first, "set", "kept", "yes")
	service, err := first.Service(t.Context())
	require.NoError(t, err)
	_, err = service.Stop(t.Context())
	require.NoError(t, err)

	opts.Password = c.SetSecret("later-password", "later")
	require.Equal(t, "yes", cli(t, redis.New(c, opts), "get", "kept"))
}

func TestBase(t *testing.T) {
	c := client(t)
	base, err := debian.New(c, debian.Options{Packages: []string{"redis-server"}}).Base(t.Context())
	require.NoError(t, err)
	require.Equal(t, "PONG", cli(t, redis.New(c, redis.Options{Base: base}), "ping"))
}

func TestBind(t *testing.T) {
	c := client(t)
	server := redis.New(c, redis.Options{})
	bind, err := server.Bind(t.Context(), "store")
	require.NoError(t, err)
	ctr, err := server.Client(t.Context())
	require.NoError(t, err)
	out, err := ctr.With(bind).WithEnvVariable("TEST", t.TempDir()).
		WithExec([]string{"sh", "-c", `redis-cli -u "$REDIS_URL" ping; echo "$REDIS_URL"`}).Stdout(t.Context())
	require.NoError(t, err)
	require.Equal(t, "PONG\n***\n", out)
}
