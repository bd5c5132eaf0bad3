#!/bin/sh
# Whether the server answers PING: PASSWORD-FILE|-
set -eu
client=redis-cli
command -v "$client" > /dev/null || client=valkey-cli
if [ "$1" != - ]; then
	REDISCLI_AUTH=$(cat "$1")
	export REDISCLI_AUTH
fi
answer=$("$client" -h 127.0.0.1 ping 2>&1) || true
[ "$answer" = PONG ] || { echo "$answer"; exit 1; }
