package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// FormatVersion is the version of the index. Another one is not read.
const FormatVersion = 1

// Index says what a volume holds, and where its content lies: files consist of
// chunks, which lie in packs.
type Index struct {
	Version int     `json:"version"`
	Packs   []Pack  `json:"packs"`
	Chunks  []Chunk `json:"chunks"`
	Files   []File  `json:"files"`
}

// Pack is a zstd frame with chunks one after another.
type Pack struct {
	Digest string `json:"digest"` // sha256:… of the compressed bytes
	Size   int64  `json:"size"`   // compressed
	Raw    int64  `json:"raw"`
}

// Chunk is a piece of a file.
type Chunk struct {
	Hash   string `json:"hash"` // SHA-256 of its bytes in hexadecimal
	Pack   int    `json:"pack"`
	Offset int64  `json:"offset"` // within the raw pack
	Length int64  `json:"length"`
}

// Type says what a File is.
type Type string

// The types of files. Sockets and devices do not travel.
const (
	Dir      Type = "d"
	Regular  Type = "f"
	Symlink  Type = "l"
	HardLink Type = "h"
	Fifo     Type = "p"
)

// File is an entry of a volume. The volume's own folder is ".".
type File struct {
	Path   Name   `json:"path"` // relative, slashes
	Type   Type   `json:"type"`
	Mode   uint32 `json:"mode"` // permissions with set-user-ID, set-group-ID and sticky, as in stat
	UID    int    `json:"uid,omitempty"`
	GID    int    `json:"gid,omitempty"`
	MTime  int64  `json:"mtime"` // ns since 1970
	Size   int64  `json:"size,omitempty"`
	Link   Name   `json:"link,omitempty"` // a symlink's target, or the path that a hard link is of
	Chunks []int  `json:"chunks,omitempty"`
}

// Name is a path. In JSON it is a string, or where it is not UTF-8, an object with
// its bytes.
type Name string

type rawName struct {
	Raw []byte `json:"raw"`
}

// MarshalJSON implements json.Marshaler.
func (n Name) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(n)) {
		return json.Marshal(string(n))
	}
	return json.Marshal(rawName{[]byte(n)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Name) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var raw rawName
		if err := json.Unmarshal(data, &raw); err != nil {
			return err
		}
		*n = Name(raw.Raw)
		return nil
	}
	return json.Unmarshal(data, (*string)(n))
}

// Encode returns the index as compressed JSON.
func (x *Index) Encode() ([]byte, error) {
	plain, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	return enc.EncodeAll(plain, nil), nil
}

// maxIndex bounds a decoded index in bytes.
const maxIndex = 4 << 30

// DecodeIndex reads what Encode has written. Nothing is an empty index. It errs
// where the index is of another version, or does not fit together.
func DecodeIndex(data []byte) (*Index, error) {
	if len(data) == 0 {
		return &Index{Version: FormatVersion}, nil
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxIndex))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	plain, err := dec.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the index: %w", err)
	}
	var x Index
	if err := json.Unmarshal(plain, &x); err != nil {
		return nil, fmt.Errorf("reading the index: %w", err)
	}
	if x.Version != FormatVersion {
		return nil, fmt.Errorf("the index has version %d, and this program reads %d", x.Version, FormatVersion)
	}
	if err := x.check(); err != nil {
		return nil, fmt.Errorf("reading the index: %w", err)
	}
	return &x, nil
}

var errIncoherent = errors.New("its parts do not fit together")

// check refuses what would lead out of the volume or out of a pack.
func (x *Index) check() error {
	for _, c := range x.Chunks {
		if c.Pack < 0 || c.Pack >= len(x.Packs) || c.Offset < 0 || c.Length < 0 || c.Offset > x.Packs[c.Pack].Raw-c.Length {
			return errIncoherent
		}
	}
	types := typesOf{".": Dir}
	for _, f := range x.Files {
		types[f.Path] = f.Type
	}
	for _, f := range x.Files {
		if !local(string(f.Path)) || types.parent(f.Path) != Dir || (f.Type == HardLink && (!local(string(f.Link)) || types.parent(f.Link) != Dir)) {
			return fmt.Errorf("%q leads out of the volume", f.Path)
		}
		var size int64
		for _, c := range f.Chunks {
			if c < 0 || c >= len(x.Chunks) {
				return errIncoherent
			}
			size += x.Chunks[c].Length
		}
		if f.Type == Regular && size != f.Size {
			return errIncoherent
		}
	}
	return nil
}

// typesOf are the types of files by path.
type typesOf map[Name]Type

// parent is the type of what a path lies in. Below a link it would lie somewhere else.
func (t typesOf) parent(p Name) Type { return t[Name(path.Dir(string(p)))] }

// local reports whether a path, or that of a hard link's file, stays within a folder.
func local(p string) bool {
	if p == "" || strings.HasPrefix(p, "/") || strings.ContainsRune(p, 0) {
		return false
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == ".." || part == "" {
			return false
		}
	}
	return true
}
