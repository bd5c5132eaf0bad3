package gitrepo

import (
	"bufio"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // what packs end with
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// deltaWindow is how many objects each is compared with, to keep a long history
// small. One commit has little to compare.
const deltaWindow = 10

// writePack writes objects into a git folder, the same bytes for the same objects.
func writePack(root *os.Root, gitDir string, from storage.Storer, objects []plumbing.Hash, depth int) error {
	if depth == 1 {
		return writePlainPack(root, gitDir, from, objects)
	}
	to := filesystem.NewStorage(osfs.New(path.Join(root.Name(), gitDir)), cache.NewObjectLRUDefault())
	pack, err := to.PackfileWriter()
	if err != nil {
		return err
	}
	// Only the objects: how they were packed before is not the same everywhere.
	objectsOnly := struct{ storer.EncodedObjectStorer }{from}
	if _, err := packfile.NewEncoder(pack, objectsOnly, false).Encode(objects, deltaWindow); err != nil {
		_ = pack.Close()
		return err
	}
	return pack.Close()
}

// writePlainPack writes a pack in which no object is made of another one. It is
// read once or never: what counts is the time until it is there.
func writePlainPack(root *os.Root, gitDir string, from storage.Storer, objects []plumbing.Hash) error {
	writing := path.Join(gitDir, "objects/pack/writing")
	file, err := root.OpenFile(writing, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	p := &plainPack{sum: sha1.New(), crc: crc32.NewIEEE()} //nolint:gosec // see above
	p.out = bufio.NewWriterSize(io.MultiWriter(file, p.sum), 1<<16)
	if err := errors.Join(p.write(from, objects), file.Close()); err != nil {
		return err
	}
	name := path.Join(gitDir, "objects/pack", "pack-"+p.checksum.String())
	if err := root.Rename(writing, name+".pack"); err != nil {
		return err
	}
	return p.writeIndex(root, name+".idx")
}

// plainPack is a pack that is being written.
type plainPack struct {
	out      *bufio.Writer // to the file and sum
	sum      hash.Hash
	crc      hash.Hash32 // of the current object
	at       int64
	index    idxfile.Writer
	deflate  *zlib.Writer
	checksum plumbing.Hash
}

// Write implements io.Writer, for what belongs to an object.
func (p *plainPack) Write(b []byte) (int, error) {
	p.at += int64(len(b))
	_, _ = p.crc.Write(b)
	return p.out.Write(b)
}

func (p *plainPack) write(from storage.Storer, objects []plumbing.Hash) error {
	const version = 2
	header := append([]byte("PACK"), 0, 0, 0, version)
	header = binary.BigEndian.AppendUint32(header, uint32(len(objects))) //nolint:gosec // as many as the memory holds
	if _, err := p.Write(header); err != nil {
		return err
	}
	if err := p.index.OnHeader(uint32(len(objects))); err != nil { //nolint:gosec // see above
		return err
	}
	for _, id := range objects {
		if err := p.object(from, id); err != nil {
			return fmt.Errorf("packing object %s: %w", id, err)
		}
	}
	if err := p.out.Flush(); err != nil {
		return err
	}
	copy(p.checksum[:], p.sum.Sum(nil))
	if err := p.index.OnFooter(p.checksum); err != nil {
		return err
	}
	if _, err := p.out.Write(p.checksum[:]); err != nil {
		return err
	}
	return p.out.Flush()
}

func (p *plainPack) object(from storage.Storer, id plumbing.Hash) error {
	object, err := from.EncodedObject(plumbing.AnyObject, id)
	if err != nil {
		return err
	}
	content, err := object.Reader()
	if err != nil {
		return err
	}
	defer content.Close()
	start := p.at
	p.crc.Reset()
	if _, err := p.Write(objectHeader(object)); err != nil {
		return err
	}
	if p.deflate == nil {
		if p.deflate, err = zlib.NewWriterLevel(p, zlib.BestSpeed); err != nil {
			return err
		}
	} else {
		p.deflate.Reset(p)
	}
	if _, err := io.Copy(p.deflate, content); err != nil {
		return err
	}
	if err := p.deflate.Close(); err != nil {
		return err
	}
	p.index.Add(id, uint64(start), p.crc.Sum32()) //nolint:gosec // a place in a file
	return nil
}

// objectHeader is the type and the size, the latter with 4 bits in the first byte
// and 7 in those after it.
func objectHeader(object plumbing.EncodedObject) []byte {
	size := uint64(object.Size()) //nolint:gosec // sizes are not negative
	first := byte(object.Type())<<4 | byte(size&0x0f)
	out := []byte{first}
	for size >>= 4; size > 0; size >>= 7 {
		out[len(out)-1] |= 0x80
		out = append(out, byte(size&0x7f))
	}
	return out
}

func (p *plainPack) writeIndex(root *os.Root, name string) error {
	index, err := p.index.Index()
	if err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	_, err = idxfile.NewEncoder(out).Encode(index)
	return errors.Join(err, out.Flush(), file.Close())
}
