package core

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/tonistiigi/fsutil"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// HostDirectoryOptions say what of a folder of the host is loaded.
type HostDirectoryOptions struct {
	Include []string
	Exclude []string
	// Gitignore leaves out what the folder's .gitignore files name.
	Gitignore bool
	// Serial tells loads of the same folder apart: each serial is loaded anew.
	Serial int
}

// hostFolder is where the files of a folder of the host lie in its state.
const hostFolder = "folder"

// HostDirectory describes a folder of the host. Excluded files never travel.
func HostDirectory(s *buildkit.Session, path string, o HostDirectoryOptions) (Directory, error) {
	abs, err := hostPath(path, true)
	if err != nil {
		return Directory{}, err
	}
	folder, err := fsutil.NewFS(abs)
	if err != nil {
		return Directory{}, fmt.Errorf("opening folder %s: %w", abs, err)
	}
	if o.Gitignore {
		if folder, err = withoutIgnored(folder, abs); err != nil {
			return Directory{}, err
		}
	}
	key, err := json.Marshal(o)
	if err != nil {
		return Directory{}, err
	}
	sum := sha256.Sum256(append([]byte(abs+"\x00"), key...))
	st, err := s.HostDir(buildkit.HostDir{
		Name: "host:" + hex.EncodeToString(sum[:8]), FS: folder,
		Include: o.Include, Exclude: o.Exclude, Hint: abs, Label: "load " + abs, Folder: hostFolder,
	})
	return Directory{State: st, Path: "/" + hostFolder, Platform: s.Platform(), HostPath: abs}, err
}

// isHostState reports whether st is a load of a folder of the host, and nothing
// made of one.
func isHostState(st llb.State) bool {
	if st.Output() == nil {
		return false
	}
	ctx := context.Background()
	source, ok := st.Output().Vertex(ctx, nil).(*llb.SourceOp)
	if !ok {
		return false
	}
	_, raw, _, _, err := source.Marshal(ctx, llb.NewConstraints())
	var op pb.Op
	if err != nil || op.UnmarshalVT(raw) != nil {
		return false
	}
	return strings.HasPrefix(op.GetSource().GetIdentifier(), "local://")
}

// HostFile describes a file of the host.
func HostFile(s *buildkit.Session, path string, serial int) (File, error) {
	abs, err := hostPath(path, false)
	if err != nil {
		return File{}, err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return File{}, fmt.Errorf("loading %s from the host: %w", abs, err)
	}
	dir, err := HostDirectory(s, filepath.Dir(real), HostDirectoryOptions{Include: []string{escapePattern(filepath.Base(real))}, Serial: serial})
	if err != nil {
		return File{}, err
	}
	file := dir.File(filepath.Base(real))
	if name := filepath.Base(abs); name != file.Name() {
		file = file.WithName(name)
	}
	file.HostPath = real
	return file, nil
}

// HostSocket returns the absolute path of a Unix socket of the host.
func HostSocket(path string) (string, error) {
	abs, err := hostPath(path, false)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return "", fmt.Errorf("looking for socket %s of the host: %w", abs, err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return "", fmt.Errorf("%s of the host is no Unix socket", abs)
	}
	return abs, nil
}

// escapePattern makes a pattern that matches only name.
func escapePattern(name string) string {
	out := make([]byte, 0, len(name))
	for i := range len(name) {
		switch name[i] {
		case '*', '?', '[', ']', '\\', '!':
			out = append(out, '\\')
		}
		out = append(out, name[i])
	}
	return string(out)
}

// hostPath makes a path absolute, understands ~ as the home folder, and checks
// that the right kind of thing is there.
func hostPath(path string, folder bool) (string, error) {
	if rest, ok := cutHome(path); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("expanding %s: %w", path, err)
		}
		path = filepath.Join(home, rest)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("loading %s from the host: there is no such file or folder: %w", abs, fs.ErrNotExist)
	case err != nil:
		return "", fmt.Errorf("loading %s from the host: %w", abs, err)
	case folder && !info.IsDir():
		return "", fmt.Errorf("loading folder %s from the host: it is a file", abs)
	case !folder && info.IsDir():
		return "", fmt.Errorf("loading file %s from the host: it is a folder", abs)
	}
	return abs, nil
}

func cutHome(path string) (string, bool) {
	if path == "~" {
		return "", true
	}
	if len(path) > 1 && path[0] == '~' && path[1] == filepath.Separator {
		return path[2:], true
	}
	return "", false
}
