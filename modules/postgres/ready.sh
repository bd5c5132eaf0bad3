# Whether the database answers as its clients use it, over TCP: USER DATABASE PASSWORD-FILE
PGPASSWORD=$(cat "$3")
export PGPASSWORD
exec psql -X -q -h 127.0.0.1 -U "$1" -d "$2" -c 'select 1' > /dev/null
