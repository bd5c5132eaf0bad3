package ociimage

import (
	"context"
	"fmt"
	"io"
)

// unpackOuter undoes the compression of a whole archive into a temporary file;
// nil means that it is not compressed.
func unpackOuter(ctx context.Context, src *io.SectionReader, opts OpenOptions) (*spool, error) {
	head := make([]byte, 6)
	n, err := src.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if c, err := sniff(head[:n]); err != nil || c == Uncompressed {
		return nil, err
	}
	r, c, err := decompress(ctxReader{ctx, src})
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	defer r.Close()
	limit := opts.MaxUnpacked
	if limit <= 0 {
		limit = defaultMaxUnpacked
	}
	s, err := newSpool(opts.TempDir)
	if err != nil {
		return nil, err
	}
	if err := spoolAll(s, r, limit); err != nil {
		s.Close()
		return nil, fmt.Errorf("decompressing (%s): %w", c, err)
	}
	return s, nil
}

// spoolAll copies r, which must not hold more than limit bytes.
func spoolAll(s *spool, r io.Reader, limit int64) error {
	n, err := io.Copy(s, io.LimitReader(r, limit+1))
	if err != nil {
		return err
	}
	if n > limit {
		return fmt.Errorf("it unpacks to more than %d bytes", limit)
	}
	return s.Flush()
}
