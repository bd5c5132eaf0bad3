# Runs a command in a root, on the host's network: ROOT FOLDERS COMMAND [ARG...].
# FOLDERS, separated by colons, are the host's; the current one is kept. It needs a
# mount namespace of its own, with which everything that it mounts goes.
root=$1 folders=$2
shift 2
mount --make-rprivate /
IFS=:
for folder in /proc /dev $folders; do
	mkdir -p "$root$folder"
	mount --rbind "$folder" "$root$folder"
done
unset IFS
here=$(pwd)
exec chroot "$root" /usr/bin/env -C "$here" "$@"
