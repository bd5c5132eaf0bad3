package cli

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/ci/internal/host"
	"github.com/bodkin-ci/bodkin/ci/internal/problem"
	"github.com/bodkin-ci/bodkin/ci/internal/progress"
	"github.com/bodkin-ci/bodkin/ci/internal/report"
	"github.com/bodkin-ci/bodkin/ci/internal/step"
	"github.com/bodkin-ci/bodkin/modules/golang"
	"github.com/bodkin-ci/bodkin/modules/rust"
)

// hosted is how a run shows itself in the CI that it runs in.
type hosted struct {
	ci    host.CI
	log   host.CI // the same, but None where programs read the log
	token string  // what foreign text in the log cannot know
	end   func()  // of the log group
}

func newHosted(mode progress.Mode) *hosted {
	h := &hosted{ci: host.Detect(), token: rand.Text(), end: func() {}}
	if mode == progress.Plain {
		h.log = h.ci
	}
	return h
}

// group ends the log group before and begins one with this title; "" begins none.
func (r *session) group(title string) {
	r.hosted.end()
	r.hosted.end = func() {}
	if title != "" {
		r.hosted.end = r.hosted.log.Group(r.display.Log(), title, time.Now)
	}
}

// titleOf names steps in a line.
func titleOf(steps []step.Step) string {
	const named = 4
	var names []string
	for _, s := range steps[:min(named, len(steps))] {
		names = append(names, s.Name)
	}
	title := strings.Join(names, ", ")
	if more := len(steps) - len(names); more > 0 {
		title += " and " + strconv.Itoa(more) + " more"
	}
	return title
}

// tell gives the CI what it shows beside the log.
func (r *session) tell(rows []report.Row, total report.Total) error {
	if r.hosted.ci == host.None {
		return nil
	}
	var problems []problem.Problem
	var failures []report.Failing
	for i, result := range r.results {
		if result.Err == nil || stopped(result.Err) {
			continue
		}
		said := ""
		if i > 0 {
			said = r.jobs[i-1].saying()
			problems = append(problems, r.problems(r.jobs[i-1], result.Err, said)...)
		}
		text := report.Failure(result.Err)
		if said != "" {
			text += "\n" + said
		}
		failures = append(failures, report.Failing{Step: result.Name, Text: text})
	}
	problems = problem.Unique(problems)
	r.hosted.log.Annotate(r.display.Log(), problems)
	return errors.Join(
		r.hosted.ci.WriteQuality(r.plan.output, problems),
		r.hosted.ci.Summarize(report.Markdown(rows, total, problems, failures)),
	)
}

// problems are those in files of the job's application: what else looks like the
// name of a file is left alone. Files are named as the CI names them.
func (r *session) problems(job *Job, err error, said string) []problem.Problem {
	var found []problem.Problem
	for _, p := range append(unformatted(err), problem.Find(written(err)+"\n"+said, job.name)...) {
		p.Title = strings.TrimSpace(p.Title)
		if p.Title == "" {
			p.Title = job.name
		}
		path := filepath.Join(job.App.Dir, filepath.FromSlash(strings.TrimPrefix(p.File, "/src/")))
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			continue
		}
		if rel, err := filepath.Rel(r.hosted.ci.Root(), path); err == nil && filepath.IsLocal(rel) {
			path = rel
		}
		p.File = filepath.ToSlash(path)
		found = append(found, p)
	}
	return found
}

// written is all that an error has of what a program wrote.
func written(err error) string {
	var exec *dagger.ExecError
	if errors.As(err, &exec) {
		return exec.Stdout + "\n" + exec.Stderr
	}
	return err.Error()
}

// unformatted are the files that a formatter would change.
func unformatted(err error) []problem.Problem {
	var goFiles *golang.FormatError
	var rustFiles *rust.FormatError
	var files []string
	message := ""
	switch {
	case errors.As(err, &goFiles):
		files, message = goFiles.Files, "not formatted: run gofmt -w"
	case errors.As(err, &rustFiles):
		files, message = rustFiles.Files, "not formatted: run cargo fmt"
	}
	var found []problem.Problem
	for _, file := range files {
		found = append(found, problem.Problem{File: file, Line: 1, Message: message})
	}
	return found
}
