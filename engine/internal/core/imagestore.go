package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/distribution/reference"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// StoreName reads the name that an image is to have in an image store, in the long
// form: one without a tag means latest.
func StoreName(name string) (string, error) {
	ref, err := PublishAddress(name)
	if err != nil {
		return "", err
	}
	return ref.String(), nil
}

// Load has a Docker daemon keep the image under name. One that it has already is not
// sent.
func (b *BuiltImage) Load(ctx context.Context, store *buildkit.ImageStore, name string) error {
	configs := b.Configs()
	if len(configs) > 1 {
		if err := store.OnePlatform(); err != nil {
			return err
		}
	}
	there, err := store.Has(ctx, name, b.Digest(), configs[0])
	if err != nil || there {
		return err
	}
	err = store.Load(ctx, func(w io.Writer) error { return b.WriteTo(ctx, w, name) })
	if err != nil {
		return fmt.Errorf("loading image %s into %s: %w", name, store.Name(), err)
	}
	return nil
}

// ImportFromStore starts from an image that a Docker daemon keeps.
func (c Container) ImportFromStore(ctx context.Context, s *buildkit.Session, name string, tempDir func() (string, error)) (_ Container, err error) {
	store, err := s.ImageStore(ctx)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	ref, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return c, &buildkit.ReferenceError{Ref: name, Err: err}
	}
	name = reference.TagNameOnly(ref).String()
	dir, err := tempDir()
	if err != nil {
		return c, err
	}
	out, err := os.CreateTemp(dir, "image-*.tar")
	if err != nil {
		return c, err
	}
	if err := errors.Join(store.Save(ctx, name, out), out.Close()); err != nil {
		return c, err
	}
	file := File{HostPath: out.Name(), Path: filepath.Base(out.Name())}
	return c.Import(ctx, s, file, "", func() (string, error) { return dir, nil })
}
