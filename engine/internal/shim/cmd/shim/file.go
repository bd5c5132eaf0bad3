//go:build linux

package main

import (
	"io/fs"
	"syscall"
)

// file is an open file. Unlike an os.File it is not tried with the runtime's
// poller, whose set-up would take a tenth of the shim's whole time.
type file struct {
	fd   int
	path string
}

// openRead opens the file at path for reading.
func openRead(path string) (*file, error) { return open(path, syscall.O_RDONLY) }

// create opens the file at path for writing, empty. A new one has the mode that
// the umask leaves of 0666.
func create(path string) (*file, error) {
	return open(path, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_TRUNC)
}

func open(path string, flags int) (*file, error) {
	for {
		fd, err := syscall.Open(path, flags|syscall.O_CLOEXEC|syscall.O_LARGEFILE, 0o666)
		if err == nil {
			return &file{fd, path}, nil
		}
		if err != syscall.EINTR {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

// Write writes all of text.
func (f *file) Write(text []byte) (int, error) {
	written := 0
	for written < len(text) {
		n, err := syscall.Write(f.fd, text[written:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return written, &fs.PathError{Op: "write", Path: f.path, Err: err}
		}
		written += n
	}
	return written, nil
}

// Close reports what a file system only finds out at the end.
func (f *file) Close() error {
	if err := syscall.Close(f.fd); err != nil {
		return &fs.PathError{Op: "close", Path: f.path, Err: err}
	}
	return nil
}

// readFile returns the content of the file at path.
func readFile(path string) ([]byte, error) {
	f, err := openRead(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content := make([]byte, 0, 512)
	for {
		n, err := syscall.Read(f.fd, content[len(content):cap(content)])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		case n == 0:
			return content, nil
		}
		content = content[:len(content)+n]
		if len(content) == cap(content) {
			content = append(content, 0)[:len(content)]
		}
	}
}

// writeFile leaves content in the file at path.
func writeFile(path, content string) error {
	f, err := create(path)
	if err != nil {
		return err
	}
	if _, err := f.Write([]byte(content)); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
