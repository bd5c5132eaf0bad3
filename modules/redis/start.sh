#!/bin/sh
# Runs the server: PASSWORD-FILE|- [ARG...]
set -eu
password=$1
shift
server=redis-server
command -v "$server" > /dev/null || server=valkey-server
if [ "$password" = - ]; then
	exec "$server" "$@"
fi
# On standard input, since everybody can read a command line. In quotes, the
# server reads bytes in hexadecimal, which od writes.
exec "$server" "$@" - << END
requirepass "$(od -An -v -tx1 "$password" | sed 's/ \(..\)/\\x\1/g' | tr -d '\n')"
END
