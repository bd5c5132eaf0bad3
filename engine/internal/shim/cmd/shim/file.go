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
func readFile(path string) ([]byte, error) { return readInto(nil, path, 0) }

// readInto returns the content of the file at path, of about size bytes, in buffer
// if it is long enough.
func readInto(buffer []byte, path string, size int64) ([]byte, error) {
	f, err := openRead(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if int64(cap(buffer)) <= size {
		buffer = make([]byte, 0, size+512)
	}
	buffer = buffer[:0]
	for {
		n, err := syscall.Read(f.fd, buffer[len(buffer):cap(buffer)])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		case n == 0:
			return buffer, nil
		}
		buffer = buffer[:len(buffer)+n]
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
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
