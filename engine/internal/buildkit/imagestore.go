package buildkit

import (
	"context"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	digest "github.com/opencontainers/go-digest"

	"github.com/bodkin-ci/bodkin/engine/internal/dial"
)

// ImageStore is where a Docker daemon keeps images. Close it.
type ImageStore struct {
	daemon *dockerDaemon
	close  func() error
}

// ImageStore returns the images of the Docker daemon that is the engine, else of the
// one that Docker's own programs would talk to on this machine. Where there is none,
// it is a NoImageStoreError.
func (s *Session) ImageStore(ctx context.Context) (*ImageStore, error) {
	if s.docker != nil {
		return &ImageStore{s.docker, func() error { return nil }}, nil
	}
	if !dial.HasDocker() {
		return nil, &NoImageStoreError{}
	}
	d, err := openDocker(ctx, dial.HostDocker)
	if err != nil {
		return nil, &NoImageStoreError{Err: err}
	}
	return &ImageStore{d, d.close}, nil
}

// Close ends the connection.
func (i *ImageStore) Close() error { return i.close() }

// Name says in errors and messages whose store it is.
func (i *ImageStore) Name() string { return "Docker " + i.daemon.version }

// OnePlatform refuses an image for several platforms where an image's name can
// stand for one platform only.
func (i *ImageStore) OnePlatform() error {
	if !i.daemon.classic {
		return nil
	}
	return &FeatureError{
		What:   "keeping an image for several platforms under one name",
		Engine: "the classic image store of " + i.Name(),
		Advice: `export one platform, or have Docker 24 or newer keep images with containerd: {"features": {"containerd-snapshotter": true}} in its daemon.json`,
	}
}

// Has reports whether the store has an image under a name: the one with this
// configuration, and for containerd with this manifest or index.
func (i *ImageStore) Has(ctx context.Context, name string, root, config digest.Digest) (bool, error) {
	found, err := i.daemon.api.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking %s for image %s: %w", i.Name(), name, err)
	}
	want := root
	if i.daemon.classic {
		want = config
	}
	return found.ID == want.String(), nil
}

// Load has the store take up the images of an archive, which write writes.
func (i *ImageStore) Load(ctx context.Context, write func(w io.Writer) error) error {
	return i.daemon.take(ctx, write)
}

// Save writes an image as an archive.
func (i *ImageStore) Save(ctx context.Context, name string, w io.Writer) error {
	ref, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return &ReferenceError{Ref: name, Err: err}
	}
	saved, err := i.daemon.api.ImageSave(ctx, []string{reference.TagNameOnly(ref).String()})
	if errdefs.IsNotFound(err) {
		return fmt.Errorf("%s has no image %s: pull, build or load it first", i.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("asking %s for image %s: %w", i.Name(), name, err)
	}
	defer saved.Close()
	if _, err := io.Copy(w, saved); err != nil {
		return fmt.Errorf("reading image %s from %s: %w", name, i.Name(), err)
	}
	return nil
}

// NoImageStoreError says that there is no Docker whose images could be used.
type NoImageStoreError struct {
	Err error // why the one that the environment names does not answer; nil where there is none
}

func (e *NoImageStoreError) Error() string {
	if e.Err == nil {
		return "there is no Docker on this machine that keeps images: DOCKER_HOST is not set, no Docker context is in use, and there is no " +
			dial.DefaultDockerHost + " (set one, start Docker, or write an archive instead)"
	}
	return fmt.Sprintf("the Docker that is to keep the image does not answer: %s (check DOCKER_HOST or the Docker context, or write an archive instead)", e.Err)
}

func (e *NoImageStoreError) Unwrap() error { return e.Err }
