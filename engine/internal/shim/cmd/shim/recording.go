//go:build linux

package main

import (
	"errors"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/scrub"
)

// recording keeps what a command writes.
type recording struct {
	stdout, stderr *sink
	files          []*file
	err            error // the first failure to keep something
}

// sink is where one stream of the command goes: to the shim's own stream, to
// show progress, and to files.
type sink struct {
	rec    *recording
	live   int  // file descriptor, -1 once nobody reads it
	within bool // the last byte shown did not end a line
	hidden bool // what the command writes goes to files alone
	files  []*file
	stream *scrub.Stream // nil without secrets
	buf    []byte
}

// newRecording opens the files of an exec.
func newRecording(spec protocol.Spec, secrets *scrub.Set) (*recording, error) {
	r := &recording{}
	combined, err := r.create(outFile(protocol.CombinedFile))
	if err != nil {
		return nil, err
	}
	r.stdout, err = r.sink(1, protocol.StdoutFile, combined, secrets)
	if err != nil {
		return nil, err
	}
	r.stderr, err = r.sink(2, protocol.StderrFile, combined, secrets)
	if err != nil {
		return nil, err
	}
	return r, r.redirect(spec)
}

// newLive returns a recording that only shows what the command writes.
func newLive(secrets *scrub.Set) *recording {
	r := &recording{}
	r.stdout, r.stderr = r.show(1, secrets), r.show(2, secrets)
	return r
}

func outFile(name string) string {
	return filepath.Join(root, protocol.OutName, name)
}

func (r *recording) sink(live int, name string, combined *file, secrets *scrub.Set) (*sink, error) {
	own, err := r.create(outFile(name))
	if err != nil {
		return nil, err
	}
	s := r.show(live, secrets)
	s.files = []*file{own, combined}
	return s, nil
}

// show returns a sink that writes to the shim's own stream alone.
func (r *recording) show(live int, secrets *scrub.Set) *sink {
	s := &sink{rec: r, live: live}
	if secrets != nil {
		s.stream = secrets.Stream()
	}
	return s
}

// redirect adds the files that the spec asks for: what goes there is not shown,
// as in a shell. One file for both streams is opened once, so that they do not
// overwrite each other.
func (r *recording) redirect(spec protocol.Spec) error {
	var stdout *file
	var err error
	if spec.Stdout != "" {
		if stdout, err = r.create(spec.Stdout); err != nil {
			return errors.New("redirecting stdout: " + err.Error())
		}
		r.stdout.files, r.stdout.hidden = append(r.stdout.files, stdout), true
	}
	if spec.Stderr == "" {
		return nil
	}
	stderr := stdout
	if stdout == nil || filepath.Clean(spec.Stderr) != filepath.Clean(spec.Stdout) {
		if stderr, err = r.create(spec.Stderr); err != nil {
			return errors.New("redirecting stderr: " + err.Error())
		}
	}
	r.stderr.files, r.stderr.hidden = append(r.stderr.files, stderr), true
	return nil
}

func (r *recording) create(path string) (*file, error) {
	f, err := create(path)
	if err == nil {
		r.files = append(r.files, f)
	}
	return f, err
}

// fail keeps the first error.
func (r *recording) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// finish flushes and closes everything, and then leaves the exit code.
func (r *recording) finish(code int) error {
	r.stdout.flush()
	r.stderr.flush()
	for _, f := range r.files {
		if err := f.Close(); err != nil {
			r.fail(err)
		}
	}
	if r.err != nil {
		return r.err
	}
	return writeFile(outFile(protocol.ExitCodeFile), strconv.Itoa(code))
}

// write passes on what the command wrote.
func (s *sink) write(text []byte) {
	if s.stream != nil {
		s.buf = s.stream.Next(s.buf[:0], text)
		text = s.buf
	}
	s.emit(text)
}

// line shows a line of the shim's own.
func (s *sink) line(text string) {
	if s.within {
		text = "\n" + text
	}
	s.within = false
	s.show([]byte(text + "\n"))
}

// flush passes on what was held back.
func (s *sink) flush() {
	if s.stream != nil {
		s.emit(s.stream.Flush(s.buf[:0]))
	}
}

func (s *sink) emit(text []byte) {
	if len(text) == 0 {
		return
	}
	if !s.hidden {
		s.within = text[len(text)-1] != '\n'
		s.show(text)
	}
	for _, f := range s.files {
		if _, err := f.Write(text); err != nil {
			s.rec.fail(err)
		}
	}
}

// show writes to the shim's own stream. That nobody reads it is no reason to
// stop: the result is in the files.
func (s *sink) show(text []byte) {
	for s.live >= 0 && len(text) > 0 {
		n, err := syscall.Write(s.live, text)
		switch err {
		case nil:
			text = text[n:]
		case syscall.EINTR:
		case syscall.EAGAIN:
			// Somebody made the stream non-blocking; waiting is what is wanted.
			if syscall.SetNonblock(s.live, false) != nil {
				s.live = -1
			}
		default:
			s.live = -1
		}
	}
}
