package config_test

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/config"
)

func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestLoadDefaults(t *testing.T) {
	t.Parallel()
	c, err := config.Load(env(map[string]string{"DATABASE_URL": "postgres://api@db.example:5433/api"}))
	require.NoError(t, err)
	require.Equal(t, "db.example", c.Database.ConnConfig.Host)
	require.EqualValues(t, 5433, c.Database.ConnConfig.Port)
	c.Database = nil
	require.Equal(t, config.Config{
		ListenAddr:      ":8080",
		LogLevel:        slog.LevelInfo,
		CheckTimeout:    5 * time.Second,
		StartupTimeout:  30 * time.Second,
		RequestTimeout:  15 * time.Second,
		ShutdownTimeout: 10 * time.Second,
	}, c)
}

func TestLoadEverything(t *testing.T) {
	t.Parallel()
	c, err := config.Load(env(map[string]string{
		"DATABASE_URL":         "host=/run/postgresql dbname=api",
		"LISTEN_ADDR":          "127.0.0.1:0",
		"LOG_LEVEL":            "warn",
		"CHECK_TIMEOUT":        "250ms",
		"CHECK_ALLOW_NETWORKS": "10.0.0.0/8, fd00::/8",
		"STARTUP_TIMEOUT":      "1m",
		"REQUEST_TIMEOUT":      "20s",
		"SHUTDOWN_TIMEOUT":     "1s",
	}))
	require.NoError(t, err)
	require.Equal(t, "/run/postgresql", c.Database.ConnConfig.Host)
	c.Database = nil
	require.Equal(t, config.Config{
		ListenAddr:      "127.0.0.1:0",
		LogLevel:        slog.LevelWarn,
		CheckTimeout:    250 * time.Millisecond,
		CheckAllow:      []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		StartupTimeout:  time.Minute,
		RequestTimeout:  20 * time.Second,
		ShutdownTimeout: time.Second,
	}, c)
}

func TestLoadNamesEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := config.Load(env(map[string]string{
		"LISTEN_ADDR":          "8080",
		"LOG_LEVEL":            "loud",
		"CHECK_TIMEOUT":        "5",
		"CHECK_ALLOW_NETWORKS": "10.0.0.0/8,here",
		"STARTUP_TIMEOUT":      "-1s",
		"SHUTDOWN_TIMEOUT":     "0s",
	}))
	require.EqualError(t, err, `DATABASE_URL is not set: name the database, such as postgres://user:password@host:5432/name
LOG_LEVEL must be debug, info, warn or error, not "loud"
CHECK_TIMEOUT must be a time above zero such as 500ms, 5s or 1m, not "5"
CHECK_ALLOW_NETWORKS must list networks such as 10.0.0.0/8,fd00::/8, not "here"
STARTUP_TIMEOUT must be a time above zero such as 500ms, 5s or 1m, not "-1s"
SHUTDOWN_TIMEOUT must be a time above zero such as 500ms, 5s or 1m, not "0s"
LISTEN_ADDR must be host:port or :port with a port number, not "8080"`)
}

func TestListenAddr(t *testing.T) {
	t.Parallel()
	for _, good := range []string{":80", "127.0.0.1:0", "[::1]:8080", "localhost:65535"} {
		addr, err := config.ListenAddr(env(map[string]string{"LISTEN_ADDR": good}))
		require.NoError(t, err)
		require.Equal(t, good, addr)
	}
	for _, bad := range []string{"8080", "localhost", ":", ":http", ":65536", "::1:80"} {
		_, err := config.ListenAddr(env(map[string]string{"LISTEN_ADDR": bad}))
		require.ErrorContains(t, err, "LISTEN_ADDR must be host:port", bad)
	}
}

func TestLoadWantsChecksShorterThanRequests(t *testing.T) {
	t.Parallel()
	_, err := config.Load(env(map[string]string{"DATABASE_URL": "postgres://db/api", "CHECK_TIMEOUT": "15s"}))
	require.EqualError(t, err, "CHECK_TIMEOUT (15s) must be shorter than REQUEST_TIMEOUT (15s)")
}

func TestLoadHidesThePassword(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://api:s3cret@db:notaport/api",
		"postgres://api:s3cret@db/api?sslmode=sometimes",
		"host=db password=s3cret port=notaport",
		"postgres://api:s3cret@db/api?pool_max_conns=none",
		"postgres://api:s3cret@[db/api",
		"mysql://api:s3cret@db/api",
	} {
		_, err := config.Load(env(map[string]string{"DATABASE_URL": dsn}))
		require.ErrorContains(t, err, "DATABASE_URL: ", dsn)
		require.NotContains(t, err.Error(), "s3cret")
	}
}
