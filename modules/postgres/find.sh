# Where distributions and images put PostgreSQL's programs.
for bin in /usr/lib/postgresql/*/bin /usr/libexec/postgresql* /usr/pgsql-*/bin /usr/local/pgsql/bin; do
	[ ! -x "$bin/postgres" ] || PATH=$bin:$PATH
done
