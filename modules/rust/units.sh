# Runs cargo on packages of which it may have compiled some before:
# `units.sh STORE PACKAGES COMMAND...`. PACKAGES names one package of the source on
# each line, with its folder, the folders of those it depends on, and those that it
# does not depend on: NAME|FOLDERS|FOLDERS, each list with a colon after each folder.
# What is compiled of a package is in STORE under what cargo does not look at:
# system, variables, and the content of files of the source, but those of packages
# that it does not depend on; with a list of the compiled dependencies beside which it
# was compiled: compiled again, they need not be the same. Cargo itself knows versions,
# features and profiles.
set -eu
store=$1 packages=$2
shift 2
work=$(mktemp -d)
root=/src target=$CARGO_TARGET_DIR here=$PWD
keep=8 # states of one package and command
with=.dependencies

hash() { sha256sum | cut -c1-40; }

common() {
	rustc -vV
	cat /var/lib/dpkg/status /lib/apk/db/installed 2>/dev/null || true
	env | grep -viE '^(hostname|pwd|oldpwd|shlvl|_|[a-z]+_proxy|cargo_(net|http|registry|registries)_[a-z_]*)=' | sort
	printf '%s\n' "$here" "$@"
	find $root -type f -path '*/.sqlx/*' -print0 |
		sort -z | xargs -0r sha256sum
}

# files DEPENDS OTHERS lists files of the source.
files() (
	depends=$1: others=$2
	set --
	case ":$others" in *:.:*) ;; *) set -- $root ;; esac
	while [ "${depends%%:*}" ]; do
		set -- "$@" "$root/${depends%%:*}"
		depends=${depends#*:}
	done
	set -- "$@" \( -name target -o -name Cargo.lock
	while [ "${others%%:*}" ]; do
		set -- "$@" -o -path "$root/${others%%:*}"
		others=${others#*:}
	done
	find "$@" \) -prune -o \( -type f -o -type l \) -print
)

# units NAME prints the hashes of what cargo has compiled for other packages.
units() {
	find "$target" -path "*/.fingerprint/$1-*/*" \( -name 'lib-*' -o -name '*build-script*' \) |
		sed -n 's/.*\/\.fingerprint\/[^\/]*\(-[0-9a-f]\{16\}\)\/[^\/]*$/\1/p' | sort -u
}

# whole LIST UNITS says whether compilers read only files in LIST.
whole() {
	find "$target" -path '*/deps/*.d' -o -path '*/build/*.d' | grep -F -f "$2" | while read -r d; do
		sed -n 's/:$//p' "$d"
	done | sort -u | while read -r file; do
		case $file in
		"$target"/* | "$CARGO_HOME"/* | /usr/*) ;;
		/*) grep -qxF -e "$file" "$1" || echo "$file" ;;
		*) grep -qxF -e "$here/$file" -e "$root/$file" "$1" || echo "$file" ;;
		esac
	done >"$work/outside"
	find "$target" -path '*/build/*/output' | grep -F -f "$2" | xargs -r grep -hE 'rerun-if-changed=(/|.*\.\.)' >>"$work/outside" || true
	! [ -s "$work/outside" ]
}

# dependencies lists what of the published packages compilers read.
dependencies() {
	find "$target" \( -name '*.rmeta' -o -name '*.so' \) -print0 | xargs -0r stat -c '%n %s %Y' | sort
}

dependencies >"$work/dependencies"
base=$(common "$@" | hash)
command=$(printf '%s\n' "$@" | hash | cut -c1-12)
touch "$work/now"
printf '%s\n' "$packages" | while IFS='|' read -r name depends others; do
	files "$depends" "$others" | sort -u >"$work/$name.list"
	key=$({ echo "$base"; tr '\n' '\0' <"$work/$name.list" | xargs -0r sha256sum 2>&1; } | hash)
	echo "$store/$name/$command/$key" >"$work/$name.key"
	: >"$work/$name.restored"
	[ -d "$store/$name/$command/$key" ] || continue
	! grep -qvxF -f "$work/dependencies" "$store/$name/$command/$key/$with" || continue
	touch "$store/$name/$command/$key"
	# As old as each other, and younger than the source: cargo goes by that.
	(cd "$store/$name/$command/$key" && find . -type f ! -name $with | tee "$work/$name.found" | tr '\n' '\0' | xargs -0r cp -a --parents -t "$target") || true
	(cd "$target" && tr '\n' '\0' <"$work/$name.found" | xargs -0r touch -c -r "$work/now")
	(cd "$store/$name/$command/$key" && find . -type d -name out) | (cd "$target" && xargs -r mkdir -p)
	units "$name" >"$work/$name.restored"
done

"$@"

printf '%s\n' "$packages" | while IFS='|' read -r name depends others; do
	key=$(cat "$work/$name.key")
	units "$name" >"$work/$name.units"
	! [ -d "$key" ] || grep -q -v -x -F -f "$work/$name.restored" "$work/$name.units" || continue
	[ -s "$work/$name.units" ] && whole "$work/$name.list" "$work/$name.units" || continue
	mkdir -p "${key%/*}"
	new=$(mktemp -d "${key%/*}/.new.XXXXXX")
	(
		cd "$target"
		find . -type d -name out | grep -F -f "$work/$name.units" | (cd "$new" && xargs -r mkdir -p) || true
		find . -type f | grep -F -f "$work/$name.units" | tr '\n' '\0' | xargs -0r cp -a --parents -t "$new"
	)
	cp "$work/dependencies" "$new/$with"
	# Versions of dependencies that are in use side by side are kept side by side.
	[ ! -d "$key" ] || mv "$key" "$(mktemp -d "${key%/*}/.old.XXXXXX")" || true
	mv -T "$new" "$key" 2>/dev/null || rm -rf "$new"
	ls -t "${key%/*}" | tail -n +$((keep + 1)) | (cd "${key%/*}" && xargs -r rm -rf)
	rm -rf "${key%/*}"/.old.*
	find "${key%/*}" -maxdepth 1 -name '.new.*' -mmin +600 -exec rm -rf {} +
done
rm -rf "$work"
