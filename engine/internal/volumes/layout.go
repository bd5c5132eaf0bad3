package volumes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

func (f *Folder) readIndex() (*ocispecs.Index, error) {
	index := &ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageIndex, Manifests: []ocispecs.Descriptor{}}
	data, err := os.ReadFile(filepath.Join(f.dir, ocispecs.ImageIndexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return index, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, index); err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", ocispecs.ImageIndexFile, f.dir, err)
	}
	return index, nil
}

// change replaces the folder's index, one process at a time. The index is the last
// thing that is written.
func (f *Folder) change(ctx context.Context, how func(*ocispecs.Index) error) error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	unlock, err := cachedir.Lock(ctx, filepath.Join(f.dir, ".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	index, err := f.readIndex()
	if err != nil {
		return err
	}
	if err := how(index); err != nil {
		return err
	}
	data, err := json.Marshal(index)
	if err != nil {
		return err
	}
	layout, err := json.Marshal(ocispecs.ImageLayout{Version: ocispecs.ImageLayoutVersion})
	if err != nil {
		return err
	}
	for _, file := range []struct {
		name string
		data []byte
	}{{ocispecs.ImageLayoutFile, layout}, {ocispecs.ImageIndexFile, data}} {
		path := filepath.Join(f.dir, file.name)
		if err := renameio.WriteFile(path, file.data, 0o644, renameio.WithTempDir(f.dir)); err != nil {
			return err
		}
	}
	return nil
}

// Publish implements Store.
func (f *Folder) Publish(ctx context.Context, name string, s *Snapshot) error {
	desc, data, err := manifest(s)
	if err != nil {
		return err
	}
	desc.Annotations = map[string]string{ocispecs.AnnotationRefName: name, annotatedUsed: now()}
	return f.change(ctx, func(index *ocispecs.Index) error {
		if err := f.complete(s); err != nil {
			return fmt.Errorf("%w: %w", ErrOutdated, err)
		}
		if _, err := f.Put(ctx, desc, data); err != nil {
			return err
		}
		index.Manifests = slices.DeleteFunc(index.Manifests, named(name))
		index.Manifests = append(index.Manifests, desc)
		return nil
	})
}

func now() string { return time.Now().UTC().Format(time.RFC3339Nano) }

func named(name string) func(ocispecs.Descriptor) bool {
	return func(d ocispecs.Descriptor) bool { return d.Annotations[ocispecs.AnnotationRefName] == name }
}

// Used implements Store.
func (f *Folder) Used(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	return f.change(ctx, func(index *ocispecs.Index) error {
		for i, d := range index.Manifests {
			if slices.Contains(names, d.Annotations[ocispecs.AnnotationRefName]) {
				index.Manifests[i].Annotations[annotatedUsed] = now()
			}
		}
		return nil
	})
}
