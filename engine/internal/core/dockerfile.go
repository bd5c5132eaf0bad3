package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// DefaultDockerfile is the Dockerfile's name where none is given.
const DefaultDockerfile = "Dockerfile"

// maxDockerfile bounds the size of a Dockerfile and of its ignore file, in bytes.
const maxDockerfile = 16 << 20

// DockerfileError is what is wrong with a Dockerfile.
type DockerfileError struct {
	File string
	Line int // 0 where it is not known
	Err  error
}

func (e *DockerfileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Err)
}

func (e *DockerfileError) Unwrap() error { return e.Err }

// dockerfile is a Dockerfile and what belongs to it.
type dockerfile struct {
	name   string // its path within the context
	data   []byte
	ignore []string // patterns of what the context leaves out
}

// dockerContext returns a Dockerfile of d, and what COPY and ADD see of d: the
// file that says what to ignore is the Dockerfile's own, else the directory's
// .dockerignore. Of a folder of the host, what is ignored does not travel.
func (d Directory) dockerContext(ctx context.Context, s *buildkit.Session, name string) (*dockerfile, Directory, error) {
	if name == "" {
		name = DefaultDockerfile
	}
	f := &dockerfile{name: strings.TrimPrefix(path.Clean("/"+name), "/")}
	if dir, ok := s.NotLoaded(d.State); ok && d.isHost() {
		return d.hostContext(s, f, dir)
	}
	err := s.Evaluate(ctx, d.State, d.Platform, func(ctx context.Context, ref *buildkit.Ref) error {
		return f.read(func(name string) ([]byte, error) { return readSmall(ctx, ref, path.Clean(d.in(name)), name) })
	})
	if err != nil || len(f.ignore) == 0 {
		return f, d.atRoot(), err
	}
	return f, d.Filter(CopyOptions{Exclude: f.ignore}), nil
}

func (d Directory) hostContext(s *buildkit.Session, f *dockerfile, dir buildkit.HostDir) (*dockerfile, Directory, error) {
	selected, err := dir.Selected()
	if err != nil {
		return f, d, err
	}
	err = f.read(func(name string) ([]byte, error) {
		file, err := selected.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		data, err := io.ReadAll(io.LimitReader(file, maxDockerfile+1))
		if err == nil && len(data) > maxDockerfile {
			err = tooLarge(name)
		}
		return data, err
	})
	if err != nil {
		return f, d, err
	}
	if dir, err = dir.Without(f.ignore); err != nil {
		return f, d, err
	}
	dir.Folder = "" // a build's context is the root of its state
	d.State, err = s.HostDir(dir)
	d.Path = "/"
	return f, d, err
}

// read fills f with what read returns for paths of the context.
func (f *dockerfile) read(read func(name string) ([]byte, error)) error {
	var err error
	f.data, err = read(f.name)
	if missing(err) && path.Base(f.name) == DefaultDockerfile { // as Docker does
		f.data, err = read(path.Join(path.Dir(f.name), strings.ToLower(DefaultDockerfile)))
	}
	if missing(err) {
		return fmt.Errorf("the directory has no file %s to build from: name another one with the option dockerfile: %w", f.name, fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	for _, name := range []string{f.name + ".dockerignore", ".dockerignore"} {
		data, err := read(name)
		if missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		f.ignore, err = parseDockerignore(name, data)
		return err
	}
	return nil
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func readSmall(ctx context.Context, ref *buildkit.Ref, at, name string) ([]byte, error) {
	st, err := ref.Stat(ctx, at)
	switch {
	case err != nil:
		return nil, err
	case st.IsDir():
		return nil, fmt.Errorf("%s is a directory, not a file", name)
	case st.Size > maxDockerfile:
		return nil, tooLarge(name)
	}
	var buf bytes.Buffer
	err = ref.Copy(ctx, at, &buf)
	return buf.Bytes(), err
}

func tooLarge(name string) error {
	return fmt.Errorf("%s is too large: at most %d bytes are read", name, maxDockerfile)
}

func parseDockerignore(name string, data []byte) ([]string, error) {
	patterns, err := ignorefile.ReadAll(bytes.NewReader(data))
	if err == nil {
		_, err = patternmatcher.New(patterns)
	}
	if err != nil {
		return nil, &DockerfileError{File: name, Err: err}
	}
	return patterns, nil
}

// checkSyntax refuses a Dockerfile that is written for another frontend than
// BuildKit's own, whose image would have to be run. override comes before what
// the Dockerfile says.
func (f *dockerfile) checkSyntax(override string) error {
	ref, _, ranges, ok := parser.DetectSyntax(f.data)
	if override != "" {
		ref, _, _ = strings.Cut(strings.TrimSpace(override), " ")
		ranges = nil
	} else if !ok {
		return nil
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err == nil {
		switch reference.Path(named) {
		case "docker/dockerfile", "docker/dockerfile-upstream":
			return nil
		}
	}
	refused := fmt.Errorf("syntax %s is not served by Bodkin's engine, which reads Dockerfiles with BuildKit's own frontend and runs no frontend image: "+
		"remove the line, or run this pipeline on a Dagger engine", ref)
	return f.located(refused, [][]parser.Range{ranges})
}

// explain says where in the Dockerfile an error of its conversion is.
func (f *dockerfile) explain(err error) error {
	var located *parser.LocationError
	if errors.As(err, &located) {
		return f.located(err, located.Locations)
	}
	return &DockerfileError{File: f.name, Err: err}
}

func (f *dockerfile) located(err error, locations [][]parser.Range) error {
	e := &DockerfileError{File: f.name, Err: err}
	for _, ranges := range locations {
		if len(ranges) > 0 && e.Line == 0 {
			e.Line = ranges[0].Start.Line
		}
	}
	return e
}
