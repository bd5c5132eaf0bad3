package postgres_test

import (
	"context"
	"os"
	"runtime"
	"sync"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	archive "github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/modules/postgres"
)

// connect returns a client on the engine that all tests of this package share.
var connect = sync.OnceValues(func() (*dagger.Client, error) {
	return engine.Connect(context.Background(), engine.WithAddress(os.Getenv("BODKIN_TEST_ENGINE")))
})

var connected bool

func TestMain(m *testing.M) {
	code := m.Run()
	if connected {
		if c, err := connect(); err == nil {
			_ = c.Close()
		}
	}
	os.Exit(code)
}

func client(t testing.TB) *dagger.Client {
	t.Helper()
	if testing.Short() {
		t.Skip("needs an engine and the network")
	}
	if os.Getenv("BODKIN_TEST_ENGINE") == "" && (runtime.GOOS != "linux" || os.Getuid() != 0) {
		t.Skip("the embedded engine needs Linux and root; set BODKIN_TEST_ENGINE")
	}
	if _, err := archive.HostSource(""); err != nil {
		t.Skip(err)
	}
	connected = true
	c, err := connect()
	require.NoError(t, err)
	return c
}

// psql runs SQL next to a database and returns what it says.
func psql(t *testing.T, db *postgres.Postgres, sql string) string {
	t.Helper()
	out, err := tryPsql(t, db, sql)
	require.NoError(t, err)
	return out
}

func tryPsql(t *testing.T, db *postgres.Postgres, sql string) (string, error) {
	t.Helper()
	ctr, err := db.Client(t.Context())
	require.NoError(t, err)
	// The variable makes it a step of this test alone.
	return ctr.WithEnvVariable("TEST", t.Name()+t.TempDir()).WithExec([]string{"psql", "-X", "-v", "ON_ERROR_STOP=1", "-Atc", sql}).Stdout(t.Context())
}

func TestVersions(t *testing.T) {
	for _, version := range postgres.Versions() {
		t.Run(version, func(t *testing.T) {
			db := postgres.New(client(t), postgres.Options{Version: version})
			require.Regexp(t, `^`+version+`\d{4}\n$`, psql(t, db, "show server_version_num"))
			require.Equal(t, "UTF8|C.UTF-8|off|off|off\n", psql(t, db, `select current_setting('server_encoding'), datcollate,
				current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes')
				from pg_database where datname = current_database()`))
		})
	}
}
