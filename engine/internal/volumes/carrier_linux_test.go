package volumes_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes"
	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/program"
	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// engine stands for an engine with one volume: the carrier runs in this process.
type engine struct {
	t    *testing.T
	dirs program.Dirs
}

func newEngine(t *testing.T) *engine {
	return &engine{t, program.Dirs{Volume: t.TempDir(), State: t.TempDir()}}
}

func (e *engine) path(elem ...string) string {
	return filepath.Join(append([]string{e.dirs.Volume}, elem...)...)
}

func (e *engine) carrier(ctx context.Context, talk func(context.Context, *wire.Writer, *wire.Reader) error) error {
	stdin, toProgram := io.Pipe()
	fromProgram, stdout := io.Pipe()
	var served error
	var running sync.WaitGroup
	running.Go(func() {
		served = program.Serve(stdin, stdout, e.dirs)
		_ = stdout.Close()
		_ = stdin.CloseWithError(errors.New("ended"))
	})
	err := talk(ctx, wire.NewWriter(toProgram), wire.NewReader(fromProgram))
	_ = toProgram.Close()
	go func() { _, _ = io.Copy(io.Discard, fromProgram) }()
	running.Wait()
	return errors.Join(err, served)
}

var volume = volumes.Volume{Name: "go-build-1"}

func (e *engine) save(store volumes.Store) volumes.Result {
	e.t.Helper()
	result, err := volumes.Save(e.t.Context(), store, volume, e.carrier)
	require.NoError(e.t, err)
	return result
}

func (e *engine) restore(store volumes.Store) volumes.Result {
	e.t.Helper()
	result, err := volumes.Restore(e.t.Context(), store, volume, e.carrier)
	require.NoError(e.t, err)
	return result
}

// write writes files by path, content that does not compress where it is a size.
func (e *engine) write(files map[string]string) {
	e.t.Helper()
	for name, content := range files {
		require.NoError(e.t, os.MkdirAll(filepath.Dir(e.path(name)), 0o755))
		require.NoError(e.t, os.WriteFile(e.path(name), []byte(content), 0o644))
	}
}

// fill makes a volume of some MB with all kinds of files.
func (e *engine) fill() {
	e.t.Helper()
	e.write(map[string]string{
		"a/text": strings.Repeat("text ", 1000), "a/empty": "", "b/c/d/deep": "deep",
		"big": random(e.t, 9<<20), "middle": random(e.t, 300<<10), "not-\xff-utf8": "x",
	})
	require.NoError(e.t, os.Link(e.path("a/text"), e.path("z-hard")))
	require.NoError(e.t, os.Symlink("../nowhere", e.path("b/link")))
	require.NoError(e.t, unix.Mkfifo(e.path("fifo"), 0o640))
	require.NoError(e.t, os.Chown(e.path("b/c"), 1234, 4321))
	require.NoError(e.t, os.Chown(e.path("a/empty"), 7, 8))
	require.NoError(e.t, unix.Chmod(e.path("a/empty"), 0o4755))
	require.NoError(e.t, unix.Chmod(e.path("b/c/d"), 0o1700))
	require.NoError(e.t, unix.Chmod(e.path("middle"), 0o400))
	require.NoError(e.t, os.Lchown(e.path("b/link"), 5, 6))
	times := []unix.Timespec{{Sec: 1, Nsec: 1}, {Sec: 1_600_000_000, Nsec: 123_456_789}}
	for _, name := range []string{"a/text", "b/link", "b/c", "fifo", "b"} {
		require.NoError(e.t, unix.UtimesNanoAt(unix.AT_FDCWD, e.path(name), times, unix.AT_SYMLINK_NOFOLLOW))
	}
	require.NoError(e.t, unix.Chmod(e.path(), 0o750))
}

func random(t *testing.T, size int) string {
	b := make([]byte, size)
	_, err := rand.Read(b)
	require.NoError(t, err)
	return string(b)
}

// fact is all that must survive of a file.
type fact struct {
	Mode     uint32
	UID, GID uint32
	MTime    time.Time
	Size     int64
	Content  string
	SameAs   string
}

func (e *engine) facts() map[string]fact {
	e.t.Helper()
	found, first := map[string]fact{}, map[uint64]string{}
	require.NoError(e.t, filepath.WalkDir(e.dirs.Volume, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(e.dirs.Volume, path)
		require.NoError(e.t, err)
		var st syscall.Stat_t
		require.NoError(e.t, syscall.Lstat(path, &st))
		f := fact{Mode: st.Mode, UID: st.Uid, GID: st.Gid, MTime: time.Unix(st.Mtim.Unix()).UTC()}
		switch {
		case d.Type().IsRegular():
			content, err := os.ReadFile(path)
			require.NoError(e.t, err)
			f.Size, f.Content = st.Size, string(content)
			if st.Nlink > 1 && first[st.Ino] == "" {
				first[st.Ino] = rel
			}
			f.SameAs = first[st.Ino]
		case d.Type()&os.ModeSymlink != 0:
			f.Content, err = os.Readlink(path)
			require.NoError(e.t, err)
		}
		found[rel] = f
		return nil
	}))
	return found
}
