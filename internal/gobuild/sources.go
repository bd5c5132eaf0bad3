package gobuild

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// digest covers everything the result depends on. The toolchain is represented
// by the one that compiled this process, because asking the installed `go` for
// its version would start a process.
func (p Program) digest() (string, error) {
	h := sha256.New()
	for _, s := range append([]string{runtime.Version(), p.Package, p.GOOS, p.GOARCH, p.LDFlags, buildRevision}, p.Env...) {
		fmt.Fprintf(h, "%d:%s,", len(s), s)
	}
	err := p.eachSource(func(name string, data []byte) error {
		fmt.Fprintf(h, "%d:%s%d:", len(name), name, len(data))
		_, err := h.Write(data)
		return err
	})
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// buildRevision goes up when the way programs are compiled changes.
const buildRevision = "1"

// writeSources lays the module out in dir.
func (p Program) writeSources(dir string) error {
	return p.eachSource(func(name string, data []byte) error {
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	})
}

// eachSource calls f with each file of the module, in lexical order, under the
// name it has on disk.
func (p Program) eachSource(f func(name string, data []byte) error) error {
	return fs.WalkDir(p.Files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		data, err := fs.ReadFile(p.Files, name)
		if err != nil {
			return err
		}
		return f(diskName(name), data)
	})
}

// diskName takes off the ".txt" under which go:embed carries files it would not
// otherwise hold.
func diskName(name string) string {
	plain, had := strings.CutSuffix(name, ".txt")
	switch base := path.Base(plain); {
	case had && (base == "go.mod" || base == "go.sum" || strings.HasSuffix(base, ".go")):
		return plain
	default:
		return name
	}
}
