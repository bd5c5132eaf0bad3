// Package debian is a client of Debian archives that needs no Debian host: it
// verifies the archive's signature, picks packages and what they depend on,
// downloads them, and unpacks them into a folder or a container layer.
//
// Start with HostSource, then Source.Resolve, which gives a Lock: the exact
// packages, by name, version and SHA-256. Unpack writes a lock's packages into
// a folder, WriteLayer into a tar. A Lock kept in a file gives the same bytes
// on every machine and needs no index.
package debian
