package debian

import (
	"context"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
)

const (
	chunkSize = 256 << 10
	// Each package that is decompressed ahead may hold aheadChunks of output.
	aheadChunks = 128
)

// readAhead decompresses the data of packages side by side and calls visit with
// each package's uncompressed tar stream, one after the other in the order
// given.
func readAhead(ctx context.Context, paths []string, visit func(i int, data io.Reader) error) error {
	g, ctx := errgroup.WithContext(ctx)
	streams := make([]*stream, len(paths))
	for i := range streams {
		streams[i] = &stream{ctx: ctx, chunks: make(chan []byte, aheadChunks)}
	}
	next := make(chan int)
	g.Go(func() error {
		defer close(next)
		for i := range paths {
			select {
			case next <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for i := range next {
				streams[i].fill(paths[i])
			}
			return nil
		})
	}
	g.Go(func() error {
		for i, s := range streams {
			if err := visit(i, s); err != nil {
				return err
			}
			if err := s.drain(); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// stream carries one package's data from the goroutine that decompresses it.
type stream struct {
	ctx    context.Context
	chunks chan []byte
	rest   []byte
	err    error // of the writing side, set before chunks is closed
}

// fill decompresses a package into the stream.
func (s *stream) fill(path string) {
	defer close(s.chunks)
	s.err = func() error {
		d, err := openDeb(path)
		if err != nil {
			return err
		}
		defer d.Close()
		r, err := d.data.open()
		if err != nil {
			return err
		}
		defer r.Close()
		for {
			chunk := make([]byte, chunkSize)
			n, err := readFull(r, chunk)
			if n > 0 {
				select {
				case s.chunks <- chunk[:n]:
				case <-s.ctx.Done():
					return s.ctx.Err()
				}
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}()
}

// readFull fills p as far as r goes and returns r's own error: unlike
// io.ReadFull it does not mistake damaged input for its end.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

func (s *stream) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		chunk, ok, err := s.receive()
		if err != nil {
			return 0, err
		}
		if !ok {
			return 0, io.EOF
		}
		s.rest = chunk
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *stream) receive() (chunk []byte, ok bool, err error) {
	select {
	case chunk, ok = <-s.chunks:
		if !ok {
			return nil, false, s.err
		}
		return chunk, true, nil
	case <-s.ctx.Done():
		return nil, false, context.Cause(s.ctx)
	}
}

// drain reads to the end, where a decompressor checks its sums.
func (s *stream) drain() error {
	for {
		if _, ok, err := s.receive(); !ok || err != nil {
			return err
		}
	}
}
