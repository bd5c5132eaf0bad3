# Ends when the database answers over TCP, as its clients use it: USER DATABASE PASSWORD-FILE
# It waits by itself, since starting a check takes longer than the server does.
PGPASSWORD=$(cat "$3")
export PGPASSWORD
until psql -X -q -h 127.0.0.1 -U "$1" -d "$2" -c 'select 1' > /dev/null 2>&1; do
	sleep 0.01
done
