// Package ociimage reads and writes image archives on the client, with no help
// from an engine, so that they are the same bytes wherever they are made.
//
// WriteFile (or Write, for any io.Writer) assembles an archive from exported
// root file systems. Open reads one: Archive.Resolve picks the image, and
// Archive.Store hands its blobs to a BuildKit session.
//
// # What is written
//
// An archive is an OCI image layout in a tar that also carries Docker's
// manifest.json, so that `docker load`, skopeo and crane all read it. Its bytes
// depend on the file systems' contents and the options alone: entries are
// sorted by path, all times are Options.Time, owners are numeric, and the only
// extended attributes kept are those that belong to a program rather than to
// the machine it was built on (see protocol.KeepAttribute). Compression runs in blocks of a
// fixed size, whatever the number of processors.
//
// What a layer cannot express is refused rather than dropped: sockets, names
// that start with ".wh.", two entries for one path.
package ociimage
