# Whether the database answers as its clients use it, over TCP: USER DATABASE PASSWORD-FILE
#
# First it waits for the server to write that it is ready, which costs less than
# to ask too early, and asks in any case after some seconds.
tries=0
until [ "$((tries += 1))" -gt 1000 ]; do
	state=
	if [ -r "$PGDATA/postmaster.pid" ]; then
		while read -r line; do state=$line; done < "$PGDATA/postmaster.pid"
	fi
	[ "$state" != ready ] || break
	sleep 0.002
done
PGPASSWORD=$(cat "$3")
export PGPASSWORD
exec psql -X -q -h 127.0.0.1 -U "$1" -d "$2" -c 'select 1' > /dev/null
