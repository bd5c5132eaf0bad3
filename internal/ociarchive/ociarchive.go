// Package ociarchive turns one file system into a container image in an OCI
// archive, for images whose files were obtained without a registry. Start with
// Write. (What an engine has built is written by engine/internal/ociimage.)
package ociarchive

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Image describes the image to write.
type Image struct {
	Platform ocispecs.Platform
	Config   ocispecs.ImageConfig
	// Layer writes the root file system as an uncompressed tar. It stays
	// uncompressed: the archive is read on the machine where it is written, and
	// its digest then depends on no compressor's version.
	Layer func(ctx context.Context, w io.Writer) error
}

// Write writes an archive to path: all of it, by rename, or nothing. The same
// image gives the same bytes. The folder must exist.
func Write(ctx context.Context, path string, img Image) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing image archive %s: %w", path, err)
		}
	}()
	layer, err := writeLayer(ctx, filepath.Dir(path), img)
	if err != nil {
		return err
	}
	defer layer.remove()
	out, err := os.CreateTemp(filepath.Dir(path), ".archive-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	if err := writeArchive(ctx, out, img, layer); err != nil {
		return err
	}
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}

// writeArchive writes the members of the archive.
func writeArchive(ctx context.Context, w io.Writer, img Image, layer *layerFile) error {
	config := ocispecs.Image{
		Platform: img.Platform,
		Config:   img.Config,
		RootFS:   ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{layer.desc.Digest}},
	}
	configBlob, configDesc, err := document(ocispecs.MediaTypeImageConfig, config)
	if err != nil {
		return err
	}
	manifest := ocispecs.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispecs.MediaTypeImageManifest,
		Config:    configDesc,
		Layers:    []ocispecs.Descriptor{layer.desc},
	}
	manifestBlob, manifestDesc, err := document(ocispecs.MediaTypeImageManifest, manifest)
	if err != nil {
		return err
	}
	manifestDesc.Platform = &img.Platform
	index, _, err := document(ocispecs.MediaTypeImageIndex, ocispecs.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispecs.MediaTypeImageIndex,
		Manifests: []ocispecs.Descriptor{manifestDesc},
	})
	if err != nil {
		return err
	}
	layout, _, err := document("", ocispecs.ImageLayout{Version: ocispecs.ImageLayoutVersion})
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	for _, m := range []struct {
		name    string
		content io.Reader
		size    int64
	}{
		{ocispecs.ImageLayoutFile, bytes.NewReader(layout), int64(len(layout))},
		{ocispecs.ImageIndexFile, bytes.NewReader(index), int64(len(index))},
		{blobName(manifestDesc), bytes.NewReader(manifestBlob), manifestDesc.Size},
		{blobName(configDesc), bytes.NewReader(configBlob), configDesc.Size},
		{blobName(layer.desc), layer.file, layer.desc.Size},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		header := &tar.Header{Name: m.name, Mode: 0o644, Size: m.size, ModTime: Time, Format: tar.FormatUSTAR}
		if err := t.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(t, m.content); err != nil {
			return err
		}
	}
	return t.Close()
}

// Time is the modification time of all that has no better one: a fixed one, and
// not 0, which some programs take for "unknown".
var Time = time.Unix(1, 0).UTC()

// document encodes v as a blob.
func document(mediaType string, v any) ([]byte, ocispecs.Descriptor, error) {
	blob, err := json.Marshal(v)
	if err != nil {
		return nil, ocispecs.Descriptor{}, err
	}
	return blob, ocispecs.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(blob), Size: int64(len(blob))}, nil
}

func blobName(d ocispecs.Descriptor) string {
	return ocispecs.ImageBlobsDir + "/" + d.Digest.Algorithm().String() + "/" + d.Digest.Encoded()
}
