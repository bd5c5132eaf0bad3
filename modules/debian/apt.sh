# $0 is the file of sources, the arguments are packages.
SOURCE_DATE_EPOCH=$(stat -c %Y /var/lib/dpkg/info/format)
export SOURCE_DATE_EPOCH DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
# The container is apt's sandbox: the user it would change to may not be able
# to read the mounts.
apt() {
	apt-get -q -o Dir::Etc::SourceList="$0" -o Dir::Etc::SourceParts=/dev/null -o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		${SSL_CERT_FILE:+-o Acquire::https::CaInfo="$SSL_CERT_FILE"} "$@"
}
apt update
apt install -y --no-install-recommends -- "$@"
