# Makes the data folder $PGSEED: USER DATABASE PASSWORD [SETTING...]
user=$1 database=$2 password=$3
shift 3
export PGDATA="$PGSEED"

if command -v docker-ensure-initdb.sh > /dev/null; then
	export POSTGRES_USER="$user" POSTGRES_DB="$database" POSTGRES_PASSWORD="$password"
	export POSTGRES_INITDB_ARGS="--encoding=UTF8 --locale=C.UTF-8 --auth-local=trust --no-sync"
	exec docker-ensure-initdb.sh "$@"
fi

# Beside the data folder, which has to be empty.
printf '%s\n' "$password" > "$PGDATA.password"
initdb --username="$user" --pwfile="$PGDATA.password" --encoding=UTF8 --locale=C.UTF-8 \
	--auth-local=trust --auth-host=scram-sha-256 --no-sync > "$PGDATA.log" || { cat "$PGDATA.log" >&2; exit 1; }
rm "$PGDATA.password" "$PGDATA.log"
echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"

set -- postgres -D "$PGDATA" -c listen_addresses= -c unix_socket_directories="$PGHOST" -c fsync=off "$@"
"$@" &
server=$!
export PGUSER="$user"
tries=0
until psql -X -d postgres -c 'select 1' > /dev/null 2>&1; do
	kill -0 "$server" 2> /dev/null || { wait "$server"; exit 1; }
	[ "$((tries += 1))" -lt 3000 ] || { echo 'PostgreSQL does not answer' >&2; exit 1; }
	sleep 0.02
done
psql() { command psql -X -q -v ON_ERROR_STOP=1 "$@"; }
[ "$database" = postgres ] || psql -d postgres -v name="$database" << 'END'
create database :"name";
END
for file in /docker-entrypoint-initdb.d/*.sql; do
	[ ! -e "$file" ] || psql -d "$database" -f "$file"
done
kill -INT "$server"
wait "$server"
