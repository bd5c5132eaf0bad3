// Package revision learns which source a build works on: commit, commit time
// and where the repository lives. Start with Of.
package revision

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Unknown is the commit of a tree that neither git nor the CI's environment
// knows.
const Unknown = "dev"

// dirtyMark ends the commit of a tree with changes that are not committed.
const dirtyMark = "-dirty"

// gitTimeout bounds each git command: a build must not hang on a label.
const gitTimeout = 10 * time.Second

// Revision says which source a build works on. Two builds of the same tree
// have equal revisions, so they may be part of an image.
type Revision struct {
	Commit string    // full commit ID, marked "-dirty" with uncommitted changes, or Unknown
	Source string    // URL of the repository without credentials; may be empty
	Time   time.Time // the epoch, else the commit's time; zero where neither is known
}

// Dirty says that there are changes that are not committed.
func (r Revision) Dirty() bool { return strings.HasSuffix(r.Commit, dirtyMark) }

// Created returns the time in the form of an image's created label, "" where it
// is not known.
func (r Revision) Created() string {
	if r.Time.IsZero() {
		return ""
	}
	return r.Time.UTC().Format(time.RFC3339)
}

// Epoch returns the time that $SOURCE_DATE_EPOCH names, the zero time where it
// is not set, and an error where it is no number of seconds.
func Epoch() (time.Time, error) {
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH=%q: not a number of seconds since 1970", epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// Of returns the revision of the tree that dir is in. It asks git where there
// is one, and the variables that CI services set otherwise. A non-zero epoch
// replaces the commit's time.
func Of(ctx context.Context, dir string, epoch time.Time) Revision {
	rev := fromGit(ctx, dir)
	if rev.Commit == "" {
		rev.Commit = firstEnv("CI_COMMIT_SHA", "GITHUB_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "GIT_COMMIT")
	}
	if rev.Commit == "" {
		rev.Commit = Unknown
	}
	if rev.Source == "" {
		rev.Source = sourceFromEnv()
	}
	if !epoch.IsZero() {
		rev.Time = epoch
	}
	return rev
}

// fromGit asks git for everything at once: each process costs milliseconds that
// a cached build has none to spare of.
func fromGit(ctx context.Context, dir string) Revision {
	var head, changes, remote string
	var headOK, changesOK bool
	var wg sync.WaitGroup
	wg.Go(func() { head, headOK = git(ctx, dir, "-c", "log.showSignature=false", "log", "-1", "--format=%H %ct") })
	wg.Go(func() { changes, changesOK = git(ctx, dir, "status", "--porcelain") })
	wg.Go(func() { remote, _ = git(ctx, dir, "remote", "get-url", "origin") })
	wg.Wait()

	commit, stamp, _ := strings.Cut(head, " ")
	if !headOK || commit == "" {
		return Revision{}
	}
	rev := Revision{Commit: commit, Source: PublicURL(remote)}
	if !changesOK || changes != "" {
		rev.Commit += dirtyMark
	}
	if seconds, err := strconv.ParseInt(stamp, 10, 64); err == nil {
		rev.Time = time.Unix(seconds, 0).UTC()
	}
	return rev
}

func git(ctx context.Context, dir string, args ...string) (string, bool) {
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	return string(bytes.TrimSpace(out)), err == nil
}

func sourceFromEnv() string {
	if url := os.Getenv("CI_PROJECT_URL"); url != "" {
		return PublicURL(url)
	}
	server, repository := os.Getenv("GITHUB_SERVER_URL"), os.Getenv("GITHUB_REPOSITORY")
	if server != "" && repository != "" {
		return PublicURL(server + "/" + repository)
	}
	return ""
}

func firstEnv(names ...string) string {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return value
		}
	}
	return ""
}
