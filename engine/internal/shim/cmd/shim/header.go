//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// header describes what a path leads to. A socket is an empty file, as BuildKit's
// exporters have it.
func (s *scanned) header(name string) (*tar.Header, error) {
	n := s.inodes[name]
	hdr := &tar.Header{
		Typeflag: tar.TypeReg, Name: name, Format: tar.FormatPAX,
		Mode: int64(n.stat.Mode & 0o7777), Uid: int(n.stat.Uid), Gid: int(n.stat.Gid),
	}
	var err error
	switch n.stat.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		hdr.Typeflag, hdr.Name = tar.TypeDir, name+"/"
	case syscall.S_IFLNK:
		hdr.Typeflag = tar.TypeSymlink
		if hdr.Linkname, err = s.target(name); err != nil {
			return nil, err
		}
	case syscall.S_IFCHR, syscall.S_IFBLK:
		hdr.Typeflag = tar.TypeChar
		if n.is(syscall.S_IFBLK) {
			hdr.Typeflag = tar.TypeBlock
		}
		hdr.Devmajor = int64(n.stat.Rdev>>8) & 0xfff
		hdr.Devminor = int64(n.stat.Rdev&0xff | n.stat.Rdev>>12&0xfff00)
	case syscall.S_IFIFO:
		hdr.Typeflag = tar.TypeFifo
	case syscall.S_IFREG:
		hdr.Size = n.stat.Size
	}
	hdr.PAXRecords, err = s.attributes(name)
	return hdr, err
}

// attributes are the extended attributes that an image keeps, as records of a tar.
func (s *scanned) attributes(name string) (map[string]string, error) {
	if s.inodes[name].is(syscall.S_IFLNK) {
		return nil, nil // what images keep, links cannot have
	}
	path := s.path(name)
	size, err := syscall.Listxattr(path, nil)
	if err != nil || size == 0 {
		return nil, nil // the file system has none
	}
	names := make([]byte, size)
	if size, err = syscall.Listxattr(path, names); err != nil {
		return nil, err
	}
	var records map[string]string
	for _, attribute := range bytes.Split(bytes.TrimRight(names[:size], "\x00"), []byte{0}) {
		if !protocol.KeepAttribute(string(attribute)) {
			continue
		}
		value, err := getAttribute(path, string(attribute))
		if err != nil {
			return nil, err
		}
		if records == nil {
			records = map[string]string{}
		}
		records[protocol.AttributeRecord+string(attribute)] = string(value)
	}
	return records, nil
}

func getAttribute(path, name string) ([]byte, error) {
	size, err := syscall.Getxattr(path, name, nil)
	if err != nil {
		return nil, err
	}
	value := make([]byte, size)
	size, err = syscall.Getxattr(path, name, value)
	return value[:max(size, 0)], err
}
