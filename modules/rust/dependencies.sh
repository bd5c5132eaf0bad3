# Compiles the dependencies of packages: `dependencies.sh FOLDER PACKAGES
# COMMAND...` runs cargo on sources that are stubs. What was compiled before is in
# a cache volume at $CARGO_TARGET_DIR; what the command needs of it, and nothing
# of the stubs, is copied to FOLDER. PACKAGES names those that may fail, one on each
# line.
out=$1 packages=$2
shift 2
units=/tmp/bodkin-units
mkdir -p "$out"

if ! "$@" --message-format=json-render-diagnostics >$units; then
	# A stub need not compile, such as one in a package that forbids it to be
	# without comments, nor what uses a stub. Whatever else fails is an error.
	going=--keep-going
	[ "$2" != test ] || going=--no-fail-fast
	"$@" $going --message-format=json-render-diagnostics >$units 2>$units.errors || true
	sed -n 's/^error: could not compile `\([^`]*\)`.*/\1/p' $units.errors >$units.failed
	printf '%s\n' "$packages" >$units.packages
	if ! [ -s $units.failed ] || grep -qvxF -f $units.packages $units.failed; then
		exit 101
	fi
	echo "these errors come of the stand-ins for sources, and do no harm" >&2
fi

# Everything that belongs to a compiled unit has its hash in the path.
cd "$CARGO_TARGET_DIR"
grep -v '"package_id":"[^"]*path+file:' $units | grep -o -e '-[0-9a-f]\{16\}' | sort -u >$units.hashes || true
if [ -s $units.hashes ]; then
	find . -type d -name out | grep -F -f $units.hashes >$units.folders || true
	(cd "$out" && xargs -r mkdir -p <$units.folders)
	find . -type f | grep -F -f $units.hashes | tr '\n' '\0' | xargs -0 -r cp -a --parents -t "$out"
fi
rm -f $units*
