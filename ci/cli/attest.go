package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"dagger.io/dagger"
	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/ci/internal/attest"
	"github.com/bodkin-ci/bodkin/ci/internal/revision"
	"github.com/bodkin-ci/bodkin/ci/internal/sbom"
	"github.com/bodkin-ci/bodkin/ci/internal/starter"
	"github.com/bodkin-ci/bodkin/internal/registry"
)

// attestations are what is said of the images that a job publishes.
type attestations struct {
	job        *Job
	dest       Destination
	dir        string            // holds the files of the images
	roots      map[string]string // of each platform's image
	components int
}

// attesting prepares what is to be said of images; close removes what that takes.
func (j *Job) attesting(d Destination) (*attestations, error) {
	a := &attestations{job: j, dest: d, roots: map[string]string{}}
	var err error
	if !d.withoutSBOM {
		a.dir, err = os.MkdirTemp("", "bodkin-sbom-*")
	}
	return a, err
}

func (a *attestations) close() {
	if a.dir != "" {
		_ = os.RemoveAll(a.dir)
	}
}

// look fetches the files of the images, where a list of what is in them is wanted.
func (a *attestations) look(ctx context.Context, images []*dagger.Container) error {
	if a.dest.withoutSBOM {
		return nil
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for i, image := range images {
		platform, err := image.Platform(ctx)
		if err != nil {
			return err
		}
		parsed, err := platforms.Parse(string(platform))
		if err != nil {
			return fmt.Errorf("reading platform %q: %w", platform, err)
		}
		root := filepath.Join(a.dir, strconv.Itoa(i))
		a.roots[platforms.FormatAll(platforms.Normalize(parsed))] = root
		group.Go(func() error {
			_, err := image.Rootfs().Export(groupCtx, root)
			return err
		})
	}
	return group.Wait()
}

// attach publishes an index with the attestations of what is published, under all
// tags, and returns its reference with digest.
func (a *attestations) attach(ctx context.Context, pinned string, tags []string) (string, error) {
	named, err := reference.ParseNormalizedNamed(pinned)
	if err != nil {
		return "", fmt.Errorf("reading reference %q: %w", pinned, err)
	}
	published, ok := named.(reference.Canonical)
	if !ok {
		return "", fmt.Errorf("reading reference %q: it has no digest", pinned)
	}
	client, err := registry.ForUser(a.job.Log.StandardLog().Writer())
	if err != nil {
		return "", err
	}
	build, err := a.build(ctx)
	if err != nil {
		return "", err
	}
	digest, err := attest.Attach(ctx, client, published, tags, func(img attest.Image) ([]attest.Statement, error) {
		return a.statements(img, build)
	})
	if err != nil {
		return "", fmt.Errorf("attaching attestations: %w (--provenance=false --sbom=false publishes without)", err)
	}
	return reference.TrimNamed(published).Name() + "@" + digest.String(), nil
}

func (a *attestations) statements(img attest.Image, build attest.Build) (all []attest.Statement, err error) {
	platform := platforms.FormatAll(platforms.Normalize(img.Platform))
	if !a.dest.withoutProvenance {
		build.Platform = platform
		said, err := attest.Provenance(img, build)
		if err != nil {
			return nil, err
		}
		all = append(all, said)
	}
	if !a.dest.withoutSBOM {
		doc, err := sbom.Of(sbom.Image{
			Name: img.Name, Digest: img.Digest, Root: a.roots[platform], Source: a.job.App.Dir, Time: a.job.Revision().Time,
		})
		if err != nil {
			return nil, err
		}
		a.components += len(doc.Packages) - 1
		said, err := attest.NewStatement(img, attest.PredicateSPDX, doc)
		if err != nil {
			return nil, err
		}
		all = append(all, said)
	}
	return all, nil
}

// lockFiles pin what goes into an application besides its source.
var lockFiles = []string{"go.mod", "go.sum", "Cargo.lock"}

// build says how the images came about.
func (a *attestations) build(ctx context.Context) (attest.Build, error) {
	rev := a.job.Revision()
	ref := revision.RefOf(ctx, a.job.App.Dir)
	command, _, _ := strings.Cut(a.job.name, " ")
	b := attest.Build{
		Command: command, App: a.job.App.Name, Source: rev.Source, Branch: ref.Branch, Tag: ref.Tag,
		Run: revision.RunURL(), Version: starter.OwnVersion(), Locks: map[string]string{},
	}
	if !rev.Dirty() && rev.Commit != revision.Unknown {
		b.Commit = rev.Commit
	}
	for _, name := range lockFiles {
		data, err := os.ReadFile(filepath.Join(a.job.App.Dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return b, fmt.Errorf("reading a lock file: %w", err)
		}
		sum := sha256.Sum256(data)
		b.Locks[name] = hex.EncodeToString(sum[:])
	}
	return b, nil
}

// String says what there is for whom.
func (a *attestations) String() string {
	switch {
	case a.dest.withoutSBOM:
		return "provenance"
	case a.dest.withoutProvenance:
		return fmt.Sprintf("SBOM (%d components)", a.components)
	}
	return fmt.Sprintf("provenance, SBOM (%d components)", a.components)
}
