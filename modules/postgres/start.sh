# Runs the server on a copy of the data folder $PGSEED: USER PASSWORD-FILE|- [ARG...]
user=$1 password=$2
shift 2

if [ ! -s "$PGDATA/PG_VERSION" ]; then
	# Complete or not there at all, also in a volume.
	rm -rf "$PGDATA.new"
	cp -R "$PGSEED" "$PGDATA.new"
	chmod 700 "$PGDATA.new"
	mv "$PGDATA.new" "$PGDATA"
fi

# Asked to end with TERM, the server would wait for its clients.
postgres -c unix_socket_directories="$PGHOST" "$@" &
server=$!
trap 'kill -INT "$server" || true' INT TERM

if [ "$password" != - ]; then
	export PASSWORD_FILE="$password"
	until psql -X -q -v ON_ERROR_STOP=1 -U "$user" -d postgres 2> /dev/null << 'END'
set log_statement = none;
set log_min_duration_statement = -1;
\set password `cat "$PASSWORD_FILE"`
alter role current_user password :'password';
END
	do
		kill -0 "$server" 2> /dev/null || break
		sleep 0.01
	done
fi

status=0
wait "$server" || status=$?
# The first wait ends with the signal, the second with the server.
[ "$status" -lt 128 ] || { status=0; wait "$server" || status=$?; }
exit "$status"
