package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/moby/buildkit/client/llb"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// Where the shim finds trees and leaves what it has to say of them.
const (
	toolBefore = "/before"
	toolAfter  = "/after"
	toolTree   = "/tree"
	toolOut    = "/report"
)

// seen mounts the directory for the shim to read.
func (d Directory) seen(at string) llb.RunOption {
	return llb.AddMount(at, d.State, llb.SourcePath(d.Path), llb.Readonly)
}

// report has the shim look at trees, and returns a file that it has written, or
// nil where there is none. Directories that are not there are errors.
func report(ctx context.Context, s *buildkit.Session, name, file string, args []string, trees map[string]Directory) ([]byte, error) {
	opts := []llb.RunOption{llb.AddMount(toolOut, llb.Scratch())}
	for _, at := range []string{toolBefore, toolAfter, toolTree} {
		if d, ok := trees[at]; ok {
			if err := d.Sync(ctx, s); err != nil {
				return nil, err
			}
			opts = append(opts, d.seen(at))
		}
	}
	run, err := s.TreeTool(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	content := bytes.NewBuffer([]byte{})
	err = s.Evaluate(ctx, treeOf(run.GetMount(toolOut)), s.Platform(), func(ctx context.Context, ref *buildkit.Ref) error {
		return ref.Copy(ctx, "/"+file, content)
	})
	if errors.Is(err, buildkit.ErrNotExist) {
		return nil, nil
	}
	return content.Bytes(), err
}

// decodeLines reads a file of JSON values.
func decodeLines[T any](content []byte) ([]T, error) {
	values := []T{}
	for decoder := json.NewDecoder(bytes.NewReader(content)); ; {
		var value T
		switch err := decoder.Decode(&value); err {
		case nil:
			values = append(values, value)
		case io.EOF:
			return values, nil
		default:
			return nil, fmt.Errorf("reading the shim's report: %w", err)
		}
	}
}

// Digest returns a digest of everything in the directory but times. It is the same
// on every engine and machine.
func (d Directory) Digest(ctx context.Context, s *buildkit.Session) (string, error) {
	sum, err := report(ctx, s, "digest "+d.Path, protocol.DigestFile, protocol.DigestArgs(toolTree, toolOut), map[string]Directory{toolTree: d})
	return string(sum), err
}

// FindUp looks for a name in the folder start and in those above it within the
// directory, and returns its path, or "" where there is none.
func (d Directory) FindUp(ctx context.Context, s *buildkit.Session, name, start string) (string, error) {
	if name == "" {
		return "", errors.New("findUp: the name to look for is empty")
	}
	rel := strings.TrimPrefix(path.Clean(start), "/")
	if rel == ".." || strings.HasPrefix(rel, "../") {
		return "", fmt.Errorf("findUp: %s is outside of the directory", start)
	}
	for up := path.Join(".", rel); ; up = path.Dir(up) {
		_, err := d.Lstat(ctx, s, path.Join(up, name))
		if err == nil {
			return path.Join(up, name), nil
		}
		if !notThere(err) {
			return "", err
		}
		if up == "." {
			return "", nil
		}
	}
}
