package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"dagger.io/dagger"
	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/ci/internal/report"
	"github.com/bodkin-ci/bodkin/ci/internal/revision"
)

// Revision says which source is built: its commit ("-dirty" with changes that are
// not committed, "dev" where it is not known), the URL of its repository and the
// time to stamp into results. Two builds of one tree have equal revisions.
type Revision = revision.Revision

// Job is what a step works on: one application for one platform.
type Job struct {
	Dag      *dagger.Client
	App      App
	Platform dagger.Platform // empty: the engine's own
	Log      *log.Logger     // shows lines at once
	// Interactive says that somebody waits for a shell where something fails. Commands
	// that fail open one by themselves.
	Interactive bool

	name     string // the step's
	run      Step
	outside  []string // folders that are never part of the source
	output   string   // where this job's files go
	several  bool     // there are jobs for other platforms
	revision func() Revision
	others   []dagger.Platform // those of an Index command besides Platform

	mu    sync.Mutex
	files []report.File
	said  strings.Builder // what is shown at the end of the run
}

// Source returns the application's folder without what git ignores, the
// repository's history and earlier output.
func (j *Job) Source() *dagger.Directory {
	return j.Dag.Host().Directory(j.App.Dir, dagger.HostDirectoryOpts{Exclude: notSource(j.App, j.outside...), Gitignore: true})
}

// notSource lists what is never part of an application's source: the
// repository's history, output, and the outside folders that are within it.
func notSource(app App, outside ...string) []string {
	exclude := []string{".git", "dist"}
	for _, dir := range outside {
		if rel, err := filepath.Rel(app.Dir, dir); err == nil && rel != "." && filepath.IsLocal(rel) {
			exclude = append(exclude, filepath.ToSlash(rel))
		}
	}
	return exclude
}

// Revision returns which source is built. It may wait for git.
func (j *Job) Revision() Revision { return j.revision() }

// Export writes file to the application's folder in the output, under the path
// that elem joins to. The file is there in full or not at all.
func (j *Job) Export(ctx context.Context, file *dagger.File, elem ...string) error {
	path := filepath.Join(append([]string{j.output}, elem...)...)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("writing %s: a folder is in the way; remove it, or choose another place with --output", shortPath(path))
	}
	if _, err := file.Export(ctx, path); err != nil {
		if exec := new(dagger.ExecError); errors.As(err, &exec) {
			return err // in making the file, not in writing it
		}
		return fmt.Errorf("writing %s: %w", shortPath(path), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("writing %s: the engine reported success, but: %w", shortPath(path), err)
	}
	j.wrote(path, info.Size())
	return nil
}

func (j *Job) wrote(path string, size int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.files = append(j.files, report.File{Path: shortPath(path), Size: size})
}

func (j *Job) written() []report.File {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]report.File(nil), j.files...)
}

// shortPath names a path relative to the current folder where that is shorter
// to read.
func shortPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return rel
}
