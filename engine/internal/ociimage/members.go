package ociimage

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// maxMembers bounds the members of an archive; real ones have a few per layer.
const maxMembers = 1 << 16

// maxLinks bounds how many links lead from one member to another.
const maxLinks = 8

// member is where the content of a file lies in an archive.
type member struct {
	offset, size int64
	target       string // path of the member it links to, "" for a file
}

// indexMembers notes where every file of a tar lies, reading headers alone. The
// tar must be of the kind that image archives are: files, folders and links
// with unique names inside its root.
func indexMembers(ctx context.Context, src *io.SectionReader, size int64) (map[string]member, error) {
	members := map[string]member{}
	tr := tar.NewReader(src) // reads whole blocks, and seeks over contents
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		hdr, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return members, nil
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("it ends in the middle: copied or downloaded incompletely?")
		}
		if err != nil {
			return nil, fmt.Errorf("not a tar, or a broken one: %w", err)
		}
		if hdr.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		offset, err := src.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		name, m, err := newMember(hdr, offset, size)
		if err != nil {
			return nil, fmt.Errorf("member %q: %w", hdr.Name, err)
		}
		if hdr.Typeflag == tar.TypeDir {
			continue
		}
		if _, ok := members[name]; ok {
			return nil, fmt.Errorf("member %q appears twice", name)
		}
		if len(members) == maxMembers {
			return nil, fmt.Errorf("it has more than %d members", maxMembers)
		}
		members[name] = m
	}
}

// newMember checks one header.
func newMember(hdr *tar.Header, offset, size int64) (string, member, error) {
	name, err := memberName(hdr.Name)
	if err != nil {
		return "", member{}, err
	}
	switch hdr.Typeflag {
	case tar.TypeDir:
		return name, member{}, nil
	case tar.TypeReg:
		for record := range hdr.PAXRecords {
			if strings.HasPrefix(record, "GNU.sparse.") {
				return "", member{}, fmt.Errorf("sparse files are not read")
			}
		}
		if hdr.Size < 0 || hdr.Size > size-offset {
			return "", member{}, fmt.Errorf("the archive ends in the middle of its %d bytes: copied or downloaded incompletely?", hdr.Size)
		}
		return name, member{offset: offset, size: hdr.Size}, nil
	case tar.TypeSymlink:
		if path.IsAbs(hdr.Linkname) {
			return "", member{}, fmt.Errorf("its link %q leads out of the archive", hdr.Linkname)
		}
		target := path.Join(path.Dir(name), hdr.Linkname)
		if target == ".." || strings.HasPrefix(target, "../") {
			return "", member{}, fmt.Errorf("its link %q leads out of the archive", hdr.Linkname)
		}
		return name, member{target: target}, nil
	case tar.TypeLink:
		target, err := memberName(hdr.Linkname)
		return name, member{target: target}, err
	}
	return "", member{}, fmt.Errorf("an image archive has no entries of type %q", hdr.Typeflag)
}

// memberName is the clean form of a name, which must stay inside the archive.
func memberName(name string) (string, error) {
	if path.IsAbs(name) || name == "" || strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("%q is not a name inside the archive", name)
	}
	clean := path.Clean(name)
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fmt.Errorf("%q climbs out of the archive", name)
	}
	return clean, nil
}

// lookup finds a file, following links.
func (a *Archive) lookup(name string) (member, error) {
	name, err := memberName(name)
	if err != nil {
		return member{}, err
	}
	for next, hops := name, 0; hops <= maxLinks; hops++ {
		m, ok := a.members[next]
		if !ok {
			return member{}, fmt.Errorf("%q is missing", next)
		}
		if m.target == "" {
			return m, nil
		}
		next = m.target
	}
	return member{}, fmt.Errorf("%q leads through more than %d links", name, maxLinks)
}
