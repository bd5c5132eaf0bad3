package volumes

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// Carrier runs the carrier program in a container with a volume, as long as talk
// runs, and returns talk's error, or why the program failed.
type Carrier func(ctx context.Context, talk func(context.Context, *wire.Writer, *wire.Reader) error) error

// parallelBlobs is how many blobs are moved at once: enough to hide a registry's
// round trips.
const parallelBlobs = 8

// Volume is a cache volume that travels.
type Volume struct {
	// Name tells it from others in a store: letters, digits and dashes.
	Name string
	// First says that the carrier has the volume's first content.
	First bool
}

// Result says what was moved.
type Result struct {
	// Done is false where nothing was to do: a volume that has content is not
	// restored, one that has not changed is not saved.
	Done bool
	// Files and Bytes count what the volume holds.
	Files int
	Bytes int64
	// Moved is what went to or came from the store, in bytes.
	Moved int64
	// Skipped counts sockets and devices, which stay behind.
	Skipped int
}

// Restore fills a volume with what is stored of it, if it is empty. The volume is
// left as it was unless all went well. ErrNotStored: there is nothing to restore.
func Restore(ctx context.Context, store Store, v Volume, carrier Carrier) (Result, error) {
	var result Result
	snapshot, err := store.Find(ctx, v.Name)
	if err != nil {
		return result, err
	}
	err = carrier(ctx, func(ctx context.Context, out *wire.Writer, in *wire.Reader) error {
		if err := out.JSON(wire.KindRequest, wire.Request{Op: wire.Restore, Name: v.Name, First: v.First}); err != nil {
			return err
		}
		answer, err := readAnswer(in)
		if err != nil || !answer.Wanted {
			return err
		}
		if err := sendSnapshot(ctx, store, snapshot, out); err != nil {
			return reason(err, in)
		}
		if answer, err = readAnswer(in); err != nil {
			return err
		}
		result = Result{Done: true, Files: answer.Files, Moved: snapshot.Size()}
		return nil
	})
	return result, err
}

// sendError says that a carrier takes nothing any more.
type sendError struct{ error }

// reason is why sending has failed: what the carrier said last, if it has.
func reason(err error, in *wire.Reader) error {
	var broken sendError
	if !errors.As(err, &broken) {
		return err
	}
	var said *wire.CarrierError
	if _, readErr := readAnswer(in); errors.As(readErr, &said) {
		return said
	}
	return err
}

func readAnswer(in *wire.Reader) (wire.Answer, error) {
	var answer wire.Answer
	payload, err := in.Expect(wire.KindAnswer)
	if err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(payload, &answer)
}

// sendSnapshot sends index and packs to a carrier, packs as they come.
func sendSnapshot(ctx context.Context, store Store, s *Snapshot, out *wire.Writer) error {
	index, err := store.Blob(ctx, s.Index)
	if err != nil {
		return err
	}
	if err := out.Frame(wire.KindIndex, index); err != nil {
		return sendError{err}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelBlobs)
	for number, desc := range s.Packs {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			data, err := store.Blob(ctx, desc)
			if err != nil {
				return err
			}
			head := binary.BigEndian.AppendUint32(nil, uint32(number)) //nolint:gosec // number of a pack
			defer wire.Free(data)
			if err := out.Frame(wire.KindPack, head, data); err != nil {
				return sendError{err}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return out.Frame(wire.KindEnd)
}

// Save stores what has changed in a volume. What is stored of it so far stays
// usable until all of the new state is there.
func Save(ctx context.Context, store Store, v Volume, carrier Carrier) (Result, error) {
	result, err := saveOnce(ctx, store, v, carrier)
	if errors.Is(err, ErrOutdated) {
		result, err = saveOnce(ctx, store, v, carrier)
	}
	return result, err
}

func saveOnce(ctx context.Context, store Store, v Volume, carrier Carrier) (Result, error) {
	s := &saving{store: store}
	old, err := s.stored(ctx, v.Name)
	if err != nil {
		return Result{}, err
	}
	err = carrier(ctx, func(ctx context.Context, out *wire.Writer, in *wire.Reader) error {
		if err := out.JSON(wire.KindRequest, wire.Request{Op: wire.Save, Name: v.Name}); err != nil {
			return err
		}
		if err := out.Frame(wire.KindIndex, old); err != nil {
			return err
		}
		return s.receive(ctx, in)
	})
	if err != nil || s.answer.Unchanged {
		return s.result, err
	}
	if err := store.Publish(ctx, v.Name, s.snapshot); err != nil {
		return s.result, fmt.Errorf("publishing the new state: %w", err)
	}
	s.result.Done = true
	return s.result, nil
}

// saving is a volume on its way into a store.
type saving struct {
	store    Store
	answer   wire.Answer
	snapshot *Snapshot

	mu     sync.Mutex
	result Result
}

// stored returns the index that is stored. One that cannot be used is none: all is
// stored again then.
func (s *saving) stored(ctx context.Context, name string) ([]byte, error) {
	old, err := s.store.Find(ctx, name)
	var broken *BrokenError
	if errors.Is(err, ErrNotStored) || errors.As(err, &broken) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	index, err := s.store.Blob(ctx, old.Index)
	if err != nil {
		return nil, nil
	}
	if _, err := wire.DecodeIndex(index); err != nil {
		return nil, nil
	}
	return index, nil
}

// receive stores what a carrier sends.
func (s *saving) receive(ctx context.Context, in *wire.Reader) error {
	group, putCtx := errgroup.WithContext(ctx)
	group.SetLimit(parallelBlobs)
	err := s.frames(putCtx, in, func(data []byte) {
		group.Go(func() error {
			defer wire.Free(data)
			return s.put(putCtx, blobOf(PackType, data), data)
		})
	})
	if putErr := group.Wait(); putErr != nil {
		return putErr
	}
	if err != nil || s.answer.Unchanged {
		return err
	}
	index, err := in.Expect(wire.KindIndex)
	if err != nil {
		return err
	}
	s.snapshot = &Snapshot{Index: blobOf(IndexType, index)}
	for _, p := range s.answer.Packs {
		s.snapshot.Packs = append(s.snapshot.Packs, ocispecs.Descriptor{MediaType: PackType, Digest: digest.Digest(p.Digest), Size: p.Size})
	}
	return s.put(ctx, s.snapshot.Index, index)
}

// frames reads packs until the answer comes.
func (s *saving) frames(ctx context.Context, in *wire.Reader, pack func([]byte)) error {
	for ctx.Err() == nil {
		kind, payload, err := in.Next()
		if err != nil {
			return err
		}
		switch kind {
		case wire.KindPack:
			pack(payload)
		case wire.KindAnswer:
			if err := json.Unmarshal(payload, &s.answer); err != nil {
				return err
			}
			s.result.Files, s.result.Bytes, s.result.Skipped = s.answer.Files, s.answer.Bytes, s.answer.Skipped
			return nil
		case wire.KindError:
			return &wire.CarrierError{Reason: string(payload)}
		default:
			return fmt.Errorf("got a frame %q where a pack was due", kind)
		}
	}
	return context.Cause(ctx)
}

func (s *saving) put(ctx context.Context, desc ocispecs.Descriptor, data []byte) error {
	moved, err := s.store.Put(ctx, desc, data)
	if err != nil {
		return fmt.Errorf("storing %d bytes: %w", len(data), err)
	}
	if moved {
		s.mu.Lock()
		s.result.Moved += desc.Size
		s.mu.Unlock()
	}
	return nil
}

func blobOf(mediaType string, data []byte) ocispecs.Descriptor {
	return ocispecs.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
}
