// Package toolchain gets Go toolchains from the Go module proxy and keeps them
// as image archives in the cache folder. Start with Archive.
package toolchain

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/charmbracelet/log"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/internal/ociarchive"
)

// Places in the image.
const (
	Root     = "/usr/local/go" // GOROOT
	GoPath   = "/go"           // GOPATH
	HomePath = "/root"         // HOME
)

// Path is the value of PATH in the image.
const Path = GoPath + "/bin:" + Root + "/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// revision goes up when the same toolchain is written as another image.
const revision = "1"

// Error says that a toolchain could not be had.
type Error struct {
	Version string // "1.26.8"
	Arch    string // GOARCH value
	Err     error
}

func (e *Error) Error() string {
	return fmt.Sprintf("getting the Go toolchain %s for linux/%s: %v", e.Version, e.Arch, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Archive returns the path of an OCI image archive that holds the Go toolchain
// with the given version ("1.26.8") for Linux on the given architecture (a
// GOARCH value), and nothing else: no shell, no libc. The toolchain is the one
// published as module golang.org/toolchain, checked against the checksum
// database by the `go` command of this machine, with its GOPROXY and the like.
// The same toolchain gives the same bytes on every machine. An archive that was
// written before is found without starting any process. Errors are *Error.
func Archive(ctx context.Context, version, arch string, logger *log.Logger) (string, error) {
	path, err := archive(ctx, version, arch, logger)
	if err != nil {
		return "", &Error{version, arch, err}
	}
	return path, nil
}

func archive(ctx context.Context, version, arch string, logger *log.Logger) (string, error) {
	dir, err := cachedir.Ensure("golang")
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("go%s.linux-%s-%s.tar", version, arch, revision)
	return cachedir.Once(ctx, filepath.Join(dir, name), func(path string) error {
		if logger == nil {
			logger = log.New(io.Discard)
		}
		logger.Info("getting the Go toolchain (once per version)", "go", version, "for", "linux/"+arch)
		zip, err := download(ctx, version, arch)
		if err != nil {
			return err
		}
		return ociarchive.Write(ctx, path, ociarchive.Image{
			Platform: ocispecs.Platform{OS: "linux", Architecture: arch},
			Config: ocispecs.ImageConfig{
				Env:        []string{"PATH=" + Path, "HOME=" + HomePath, "GOPATH=" + GoPath, "GOTOOLCHAIN=local"},
				WorkingDir: GoPath,
			},
			Layer: func(ctx context.Context, w io.Writer) error { return writeLayer(ctx, w, zip) },
		})
	})
}
