package api

import (
	"os"
	"path/filepath"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// Host is the machine that the pipeline runs on.
type Host struct{ node }

// ID makes the object loadable.
func (h *Host) ID() graphql.ID { return h.register(h) }

// serial tells loads with noCache apart.
func (h *Host) serial(noCache bool) int {
	if noCache {
		return int(h.srv.loads.Add(1))
	}
	return 0
}

// Directory loads a folder.
func (h *Host) Directory(args struct {
	Path             string
	Exclude, Include []string
	NoCache          bool
	Gitignore        bool
}) (*Directory, error) {
	serial := h.serial(args.NoCache)
	v, err := core.HostDirectory(h.srv.session, args.Path, core.HostDirectoryOptions{
		Include: args.Include, Exclude: args.Exclude, Gitignore: args.Gitignore, Serial: serial,
	})
	if err != nil {
		return nil, err
	}
	return &Directory{h.derive("Directory", "directory", []any{args, serial}), v}, nil
}

// File loads a file.
func (h *Host) File(args struct {
	Path    string
	NoCache bool
}) (*File, error) {
	serial := h.serial(args.NoCache)
	v, err := core.HostFile(h.srv.session, args.Path, serial)
	if err != nil {
		return nil, err
	}
	return &File{h.derive("File", "file", []any{args, serial}), v}, nil
}

// FindUp looks for a name in the working folder and those above it, and
// returns its path relative to the working folder, or nothing.
func (h *Host) FindUp(args struct {
	Name    string
	NoCache bool
}) (*string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for up := "."; ; up = filepath.Join(up, "..") {
		if _, err := os.Lstat(filepath.Join(dir, args.Name)); err == nil {
			found := filepath.Join(up, args.Name)
			return &found, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, nil
		}
		dir = parent
	}
}
