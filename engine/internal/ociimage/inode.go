package ociimage

import (
	"archive/tar"
	"fmt"
	"strings"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// newInode takes from hdr what an image keeps.
func newInode(hdr *tar.Header) (*inode, error) {
	n := &inode{
		typeflag: hdr.Typeflag,
		mode:     hdr.Mode & 0o7777,
		uid:      hdr.Uid,
		gid:      hdr.Gid,
	}
	switch hdr.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		n.typeflag = tar.TypeReg
		n.size = hdr.Size
	case tar.TypeSymlink:
		n.linkname = hdr.Linkname
		n.mode = 0o777
	case tar.TypeChar, tar.TypeBlock:
		n.devmajor, n.devminor = hdr.Devmajor, hdr.Devminor
	case tar.TypeDir, tar.TypeFifo:
	default:
		return nil, fmt.Errorf("an image cannot hold an entry of type %q", hdr.Typeflag)
	}
	for record, value := range hdr.PAXRecords {
		if name, ok := strings.CutPrefix(record, protocol.AttributeRecord); ok && protocol.KeepAttribute(name) {
			if n.xattrs == nil {
				n.xattrs = map[string]string{}
			}
			n.xattrs[record] = value
		}
	}
	return n, nil
}

// header is the entry that writes n as name.
func (n *inode) header(name string, at time.Time) *tar.Header {
	hdr := &tar.Header{
		Typeflag: n.typeflag,
		Name:     name,
		Mode:     n.mode,
		Uid:      n.uid,
		Gid:      n.gid,
		Size:     n.size,
		Linkname: n.linkname,
		Devmajor: n.devmajor,
		Devminor: n.devminor,
		ModTime:  at,
		// PAX holds every name and number; records appear only where the plain
		// header is too small.
		Format:     tar.FormatPAX,
		PAXRecords: n.xattrs,
	}
	if n.isDir() {
		hdr.Name += "/"
	}
	return hdr
}

// linkHeader is the entry that makes name a hard link to n's first name. It
// repeats the metadata: unpackers apply that of every entry, and changing the
// owner clears capabilities.
func (n *inode) linkHeader(name string, at time.Time) *tar.Header {
	return &tar.Header{
		Typeflag:   tar.TypeLink,
		Name:       name,
		Linkname:   n.names[0],
		Mode:       n.mode,
		Uid:        n.uid,
		Gid:        n.gid,
		ModTime:    at,
		Format:     tar.FormatPAX,
		PAXRecords: n.xattrs,
	}
}
