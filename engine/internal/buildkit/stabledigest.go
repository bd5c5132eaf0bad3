package buildkit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
	"google.golang.org/protobuf/proto"
)

// stableDigest names what def describes: the same in every session. Host
// folders, whose definitions hold the session's ID, count by their content.
func (s *Session) stableDigest(def *llb.Definition) (digest.Digest, error) {
	stable := map[string]digest.Digest{}
	var last digest.Digest
	for _, raw := range def.Def {
		vertex := digest.FromBytes(raw)
		if dir, ok := s.pins.dir(vertex); ok {
			content, err := dir.contentDigest()
			if err != nil {
				return "", err
			}
			stable[vertex.String()] = content
			continue
		}
		var op pb.Op
		if err := op.UnmarshalVT(raw); err != nil {
			return "", err
		}
		for _, input := range op.Inputs {
			known, ok := stable[input.Digest]
			if !ok {
				return "", errors.New("a definition's parts are out of order")
			}
			input.Digest = known.String()
		}
		renamed, err := proto.MarshalOptions{Deterministic: true}.Marshal(&op)
		if err != nil {
			return "", err
		}
		last = digest.FromBytes(renamed)
		stable[vertex.String()] = last
	}
	return last, nil
}

// contentDigest names the folder's files as they are now.
func (d HostDir) contentDigest() (digest.Digest, error) {
	selected, err := d.Selected()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = selected.Walk(context.Background(), "", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		link := ""
		if st, ok := info.Sys().(*fstypes.Stat); ok {
			link = st.Linkname
		}
		fmt.Fprintf(sum, "%s\x00%o\x00%s\x00", name, info.Mode(), link)
		if info.Mode().IsRegular() {
			return hashFile(selected, name, sum)
		}
		return nil
	})
	return digest.NewDigest(digest.SHA256, sum), err
}

func hashFile(dir fsutil.FS, name string, sum hash.Hash) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(sum, f)
	return err
}
