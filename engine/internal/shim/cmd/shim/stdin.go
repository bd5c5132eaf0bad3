//go:build linux

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// openStdin opens what the command reads: the file that the spec names, else
// the one that the engine mounted, else nothing.
func openStdin(spec protocol.Spec) (*file, error) {
	if spec.Stdin != "" {
		f, err := openRead(spec.Stdin)
		if err != nil {
			return nil, errors.New("redirecting stdin: " + err.Error())
		}
		return f, nil
	}
	f, err := openRead(filepath.Join(root, protocol.StdinName))
	if errors.Is(err, fs.ErrNotExist) {
		return openRead(os.DevNull)
	}
	return f, err
}
