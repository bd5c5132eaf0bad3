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
func openStdin(spec protocol.Spec) (*os.File, error) {
	if spec.Stdin != "" {
		f, err := os.Open(spec.Stdin)
		if err != nil {
			return nil, errors.New("redirecting stdin: " + err.Error())
		}
		return f, nil
	}
	f, err := os.Open(filepath.Join(root, protocol.StdinName))
	if errors.Is(err, fs.ErrNotExist) {
		return os.Open(os.DevNull)
	}
	return f, err
}
