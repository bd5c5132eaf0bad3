package ociarchive

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// layerFile holds a layer until its digest, and so its name, is known.
type layerFile struct {
	file *os.File // at its beginning
	desc ocispecs.Descriptor
}

func (l *layerFile) remove() {
	l.file.Close()
	os.Remove(l.file.Name())
}

// writeLayer has the image write its layer to a file in dir.
func writeLayer(ctx context.Context, dir string, img Image) (_ *layerFile, err error) {
	file, err := os.CreateTemp(dir, ".layer-*")
	if err != nil {
		return nil, err
	}
	l := &layerFile{file: file}
	defer func() {
		if err != nil {
			l.remove()
		}
	}()
	digester := digest.Canonical.Digester()
	buffered := bufio.NewWriterSize(io.MultiWriter(file, digester.Hash()), 1<<20)
	if err := img.Layer(ctx, buffered); err != nil {
		return nil, fmt.Errorf("writing its layer: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return nil, err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	l.desc = ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageLayer, Digest: digester.Digest(), Size: size}
	return l, nil
}
