package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/modules/debian"
	"github.com/bodkin-ci/bodkin/modules/internal/moduletest"
	"github.com/bodkin-ci/bodkin/modules/postgres"
)

var tests = moduletest.New(func(ctx context.Context, address string) (*dagger.Client, error) {
	return engine.Connect(ctx, engine.WithAddress(address))
})

func TestMain(m *testing.M) { tests.Main(m) }

func client(t testing.TB) *dagger.Client {
	t.Helper()
	return tests.ClientWithDebian(t)
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

// files returns a directory with a file for each pair of name and content.
func files(c *dagger.Client, pairs ...string) *dagger.Directory {
	dir := c.Directory()
	for i := 0; i < len(pairs); i += 2 {
		dir = dir.WithNewFile(pairs[i], pairs[i+1])
	}
	return dir
}

func TestInit(t *testing.T) {
	c := client(t)
	opts := postgres.Options{User: "keeper", Database: "shop", Init: files(c,
		"2-rows.sql", "insert into goods values ('screw'), ('nail');\n",
		"1-table.sql", "create extension pgcrypto;\ncreate table goods (name text primary key);\n",
		"notes.txt", "no SQL",
	)}
	require.Equal(t, "keeper|shop|nail,screw|64\n", psql(t, postgres.New(c, opts), `select current_user, current_database(),
		(select string_agg(name, ',' order by name) from goods), length(encode(digest('x', 'sha256'), 'hex'))`))

	opts.Init = files(c, "1-table.sql", "create table goods (name text);\n", "2-rows.sql", "-- goods\ninsert into god values ('screw');\n")
	_, err := tryPsql(t, postgres.New(c, opts), "select 1")
	require.ErrorContains(t, err, `psql:/docker-entrypoint-initdb.d/2-rows.sql:2: ERROR:  relation "god" does not exist`)
	require.ErrorContains(t, err, "LINE 1: insert into god values ('screw');")
}

func TestSettings(t *testing.T) {
	db := postgres.New(client(t), postgres.Options{Settings: map[string]string{
		"work_mem": "7MB", "fsync": "on", "shared_preload_libraries": "pg_stat_statements", "custom.note": "it's \"quoted\" $HOME",
	}})
	require.Equal(t, "7MB|on|off|pg_stat_statements|it's \"quoted\" $HOME\n", psql(t, db, `select current_setting('work_mem'), current_setting('fsync'),
		current_setting('synchronous_commit'), current_setting('shared_preload_libraries'), current_setting('custom.note')`))
}

func TestServerThatDoesNotStart(t *testing.T) {
	db := postgres.New(client(t), postgres.Options{Settings: map[string]string{"max_connections": "many"}})
	_, err := tryPsql(t, db, "select 1")
	require.ErrorContains(t, err, "service /usr/local/bin/postgres-start")
	require.ErrorContains(t, err, "did not start")
	require.ErrorContains(t, err, `FATAL:  invalid value for parameter "max_connections": "many"`)
}

func TestPassword(t *testing.T) {
	c := client(t)
	secret := c.SetSecret("database-password", `it's a "pass\word: $1`)
	db := postgres.New(c, postgres.Options{Password: secret})
	require.Equal(t, "1\n", psql(t, db, "select 1"))

	ctr, err := db.Client(t.Context())
	require.NoError(t, err)
	_, err = ctr.WithSecretVariable("PGPASSWORD", c.SetSecret("wrong-password", "guessed")).
		WithExec([]string{"psql", "-c", "select 1"}).Sync(t.Context())
	var failed *dagger.ExecError
	require.ErrorAs(t, err, &failed)
	require.Contains(t, failed.Stderr, `password authentication failed for user "postgres"`)

	// The URL holds it as URLs do.
	address, err := db.URL(t.Context(), "db")
	require.NoError(t, err)
	text, err := address.Plaintext(t.Context())
	require.NoError(t, err)
	parsed, err := url.Parse(text)
	require.NoError(t, err)
	password, _ := parsed.User.Password()
	require.Equal(t, `it's a "pass\word: $1`, password)
	require.Equal(t, "db:5432", parsed.Host)
}

func TestBind(t *testing.T) {
	c := client(t)
	db := postgres.New(c, postgres.Options{User: "u-1", Database: "d/1"})
	bind, err := db.Bind(t.Context(), "store")
	require.NoError(t, err)
	ctr, err := db.Client(t.Context())
	require.NoError(t, err)
	ctr = ctr.With(bind).WithEnvVariable("TEST", t.TempDir())
	out, err := ctr.WithExec([]string{"sh", "-c", `psql -Atc 'create table t (n int)'; echo "$PGHOST $PGPORT $PGUSER $PGDATABASE"`}).Stdout(t.Context())
	require.NoError(t, err)
	require.Equal(t, "CREATE TABLE\nstore 5432 u-1 d/1\n", out)
	// The state is there for the next step.
	out, err = ctr.WithExec([]string{"sh", "-c", `psql "$DATABASE_URL" -Atc "insert into t values (7) returning n" && echo "$DATABASE_URL"`}).Stdout(t.Context())
	require.NoError(t, err)
	require.Equal(t, "7\nINSERT 0 1\n***\n", out)
}

func TestDataIsInMemory(t *testing.T) {
	c := client(t)
	mount := "create temp table mounts (line text); copy mounts from '/proc/mounts'; select line from mounts where line like '% /pgdata %'"
	require.Regexp(t, `tmpfs /pgdata tmpfs `, psql(t, postgres.New(c, postgres.Options{}), mount))
}

func TestVolumeKeepsTheData(t *testing.T) {
	c := client(t)
	opts := postgres.Options{Volume: c.CacheVolume("bodkin-test-postgres-" + t.TempDir())}
	first := postgres.New(c, opts)
	require.Equal(t, "on\n", psql(t, first, "show fsync"))
	psql(t, first, "create table kept (n int)")
	service, err := first.Service(t.Context())
	require.NoError(t, err)
	_, err = service.Stop(t.Context())
	require.NoError(t, err)

	opts.Password = c.SetSecret("later-password", "later")
	require.Equal(t, "0\n", psql(t, postgres.New(c, opts), "select count(*) from kept"))
}

func TestExtensions(t *testing.T) {
	lock := filepath.Join(t.TempDir(), "postgres.lock")
	db := postgres.New(client(t), postgres.Options{Extensions: []string{"pgvector"}, Lock: lock})
	require.Contains(t, psql(t, db, "create extension vector; select '[1,2]'::vector <-> '[1,5]'"), "3\n")
	require.FileExists(t, lock)
}

// A container of one's own may have docker-ensure-initdb.sh, as the official
// images do.
func TestBase(t *testing.T) {
	c := client(t)
	base, err := debian.New(c, debian.Options{Packages: []string{"postgresql"}}).Base(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1\n", psql(t, postgres.New(c, postgres.Options{Base: base}), "select 1"))

	const ensure = `#!/bin/bash
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
initdb -U "$POSTGRES_USER" --pwfile=<(echo "$POSTGRES_PASSWORD") $POSTGRES_INITDB_ARGS
echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
echo "create database $POSTGRES_DB" | postgres --single -D "$PGDATA" postgres
cat /docker-entrypoint-initdb.d/*.sql | postgres --single -j -D "$PGDATA" "$POSTGRES_DB"
`
	official := base.WithNewFile("/usr/local/bin/docker-ensure-initdb.sh", ensure, dagger.ContainerWithNewFileOpts{Permissions: 0o755})
	db := postgres.New(c, postgres.Options{Base: official, Database: "shop", Init: files(c, "goods.sql", "create table goods (n int);\n\n")})
	require.Equal(t, "0\n", psql(t, db, "select count(*) from goods"))
}

func TestParallelUse(t *testing.T) {
	db := postgres.New(client(t), postgres.Options{})
	ctr, err := db.Client(t.Context())
	require.NoError(t, err)
	starts := make([]string, 20)
	var group errgroup.Group
	for i := range starts {
		group.Go(func() (err error) {
			starts[i], err = ctr.WithEnvVariable("TEST", fmt.Sprint(i, t.TempDir())).
				WithExec([]string{"psql", "-Atc", "select pg_postmaster_start_time()"}).Stdout(t.Context())
			return err
		})
	}
	require.NoError(t, group.Wait())
	for _, start := range starts {
		require.Equal(t, starts[0], start)
	}
}
