package core

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1" //nolint:gosec // names that git gives to contents
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// PatchName is the name of the file that holds a changeset's patch.
const PatchName = "diff.patch"

// The modes that git knows.
const (
	gitFile    = os.FileMode(0o100644)
	gitProgram = os.FileMode(0o100755)
	gitLink    = os.FileMode(0o120000)
)

// Patch returns the changes as `git diff --binary --no-renames` shows them, which
// `git apply` takes. Empty folders are not in it: git does not know them.
func (c Changeset) Patch(ctx context.Context, s *buildkit.Session) (string, error) {
	changes, err := c.list(ctx, s, protocol.ContentsAll)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, change := range changes {
		for _, file := range patchFiles(change) {
			out.WriteString(file.String())
		}
	}
	return out.String(), nil
}

// patchFiles are the parts of a patch for one change: two where a file and a link
// take each other's place.
func patchFiles(change protocol.Change) []*gitdiff.File {
	before, after := inGit(change.Before), inGit(change.After)
	name := string(change.Path)
	switch {
	case before == nil && after == nil:
		return nil
	case before != nil && after != nil && gitMode(before)&fs.FileMode(0o170000) != gitMode(after)&fs.FileMode(0o170000):
		return []*gitdiff.File{patchFile(name, before, nil), patchFile(name, nil, after)}
	}
	return []*gitdiff.File{patchFile(name, before, after)}
}

// inGit is a side that git knows: a file or a link.
func inGit(side *protocol.Side) *protocol.Side {
	if side == nil || !fs.FileMode(side.Mode).IsRegular() && fs.FileMode(side.Mode)&fs.ModeSymlink == 0 {
		return nil
	}
	return side
}

func gitMode(side *protocol.Side) os.FileMode {
	switch mode := fs.FileMode(side.Mode); {
	case mode&fs.ModeSymlink != 0:
		return gitLink
	case mode&0o100 != 0:
		return gitProgram
	}
	return gitFile
}

// patchFile is the part of a patch for one file.
func patchFile(name string, before, after *protocol.Side) *gitdiff.File {
	file := &gitdiff.File{OldOIDPrefix: blobName(before), NewOIDPrefix: blobName(after)}
	var old, now []byte
	if before != nil {
		file.OldName, file.OldMode, old = name, gitMode(before), before.Data
	} else {
		file.IsNew = true
	}
	if after != nil {
		file.NewName, file.NewMode, now = name, gitMode(after), after.Data
	} else {
		file.IsDelete = true
	}
	if file.OldMode == file.NewMode {
		file.NewMode = 0 // it is on the line of the index alone
	}
	switch {
	case before != nil && before.Binary || after != nil && after.Binary:
		file.IsBinary = true
		file.BinaryFragment = literalFragment(now)
		file.ReverseBinaryFragment = literalFragment(old)
	default:
		file.TextFragments = textFragments(string(old), string(now))
	}
	return file
}

func literalFragment(content []byte) *gitdiff.BinaryFragment {
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, _ = w.Write(content) // to memory
	_ = w.Close()
	return &gitdiff.BinaryFragment{Method: gitdiff.BinaryPatchLiteral, Size: int64(len(content)), RawData: packed.Bytes()}
}

// blobName is the name that git gives to a content, all zeros where there is none.
func blobName(side *protocol.Side) string {
	if side == nil {
		return strings.Repeat("0", 2*sha1.Size)
	}
	hash := sha1.New() //nolint:gosec // as above
	fmt.Fprintf(hash, "blob %d\x00", len(side.Data))
	hash.Write(side.Data)
	return hex.EncodeToString(hash.Sum(nil))
}

// patchContext is how many lines around changed ones a patch shows.
const patchContext = 3

// textFragments are the hunks that make one text of another.
func textFragments(before, after string) []*gitdiff.TextFragment {
	if before == after {
		return nil
	}
	unified, err := udiff.ToUnifiedDiff("", "", before, udiff.Lines(before, after), patchContext)
	if err != nil {
		panic(err) // edits of the same library
	}
	var fragments []*gitdiff.TextFragment
	for _, hunk := range unified.Hunks {
		f := &gitdiff.TextFragment{OldPosition: int64(hunk.FromLine), NewPosition: int64(hunk.ToLine)}
		for _, line := range hunk.Lines {
			op := gitdiff.OpContext
			switch line.Kind {
			case udiff.Delete:
				op = gitdiff.OpDelete
				f.LinesDeleted++
			case udiff.Insert:
				op = gitdiff.OpAdd
				f.LinesAdded++
			}
			f.Lines = append(f.Lines, gitdiff.Line{Op: op, Line: line.Content})
			if op != gitdiff.OpAdd {
				f.OldLines++
			}
			if op != gitdiff.OpDelete {
				f.NewLines++
			}
		}
		// What is empty starts before its first line.
		if f.OldLines == 0 {
			f.OldPosition--
		}
		if f.NewLines == 0 {
			f.NewPosition--
		}
		fragments = append(fragments, f)
	}
	return fragments
}
