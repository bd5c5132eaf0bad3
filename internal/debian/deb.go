package debian

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
)

// debFile is an opened .deb: an ar archive of two tar files.
type debFile struct {
	file          *os.File
	control, data debMember
}

type debMember struct {
	ext string // of its compression, such as ".xz"
	at  *io.SectionReader
}

const (
	arMagic  = "!<arch>\n"
	arHeader = 60
	// maxControl bounds the control files of one package.
	maxControl = 64 << 20
)

func openDeb(path string) (*debFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	d := &debFile{file: f}
	if err := d.readMembers(); err != nil {
		f.Close()
		return nil, err
	}
	return d, nil
}

func (d *debFile) Close() error { return d.file.Close() }

func (d *debFile) readMembers() error {
	magic := make([]byte, len(arMagic))
	if _, err := io.ReadFull(d.file, magic); err != nil || string(magic) != arMagic {
		return errors.New("it is not a Debian package")
	}
	offset := int64(len(arMagic))
	for {
		var h [arHeader]byte
		if _, err := d.file.ReadAt(h[:], offset); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(h[48:58])), 10, 64)
		if err != nil || size < 0 {
			return errors.New("it is a damaged ar archive")
		}
		name := strings.TrimSuffix(strings.TrimSpace(string(h[:16])), "/")
		m := debMember{ext: path.Ext(name), at: io.NewSectionReader(d.file, offset+arHeader, size)}
		switch {
		case strings.HasPrefix(name, "control.tar"):
			d.control = m
		case strings.HasPrefix(name, "data.tar"):
			d.data = m
		}
		offset += arHeader + size + size%2
	}
	if d.control.at == nil || d.data.at == nil {
		return errors.New("it has no control.tar or no data.tar")
	}
	return nil
}

// open returns the member's tar stream, uncompressed.
func (m debMember) open() (io.ReadCloser, error) {
	if _, err := m.at.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return decompress(m.at, m.ext)
}

// controlFiles returns the files of control.tar by name: control, md5sums,
// maintainer scripts and so on.
func (d *debFile) controlFiles() (map[string][]byte, error) {
	r, err := d.control.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	files := map[string][]byte{}
	t := tar.NewReader(io.LimitReader(r, maxControl))
	for {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading control.tar: %w", err)
		}
		name := strings.TrimPrefix(h.Name, "./")
		if h.Typeflag != tar.TypeReg || strings.Contains(name, "/") {
			continue
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(t); err != nil {
			return nil, fmt.Errorf("reading control.tar: %w", err)
		}
		files[name] = b.Bytes()
	}
	if files["control"] == nil {
		return nil, errors.New("control.tar has no control file")
	}
	return files, nil
}
