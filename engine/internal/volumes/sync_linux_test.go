package volumes_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes"
)

func folder(t *testing.T) (*volumes.Folder, string) {
	dir := filepath.Join(t.TempDir(), "store")
	store, err := volumes.OpenFolder(dir, 0)
	require.NoError(t, err)
	return store, dir
}

func TestAllOfAVolumeSurvives(t *testing.T) {
	store, _ := folder(t)
	from, to := newEngine(t), newEngine(t)
	from.fill()
	want := from.facts()
	saved := from.save(store)
	require.True(t, saved.Done)
	require.Len(t, want, saved.Files)
	require.True(t, to.restore(store).Done)
	require.Equal(t, want, to.facts())
	require.Equal(t, want, from.facts(), "saving changes nothing")
	require.False(t, to.save(store).Done, "what was restored has not changed")
	require.False(t, to.restore(store).Done, "a volume with content is left alone")
}

func TestOnlyWhatChangedMoves(t *testing.T) {
	store, _ := folder(t)
	e := newEngine(t)
	e.fill()
	first := e.save(store)
	require.False(t, e.save(store).Done)
	e.write(map[string]string{"new": random(t, 200<<10), "a/text": "changed"})
	require.NoError(t, os.Remove(e.path("b/c/d/deep")))
	second := e.save(store)
	require.True(t, second.Done)
	require.Less(t, second.Moved, first.Moved/10)
	require.GreaterOrEqual(t, second.Moved, int64(200<<10))
	other := newEngine(t)
	other.restore(store)
	require.Equal(t, e.facts(), other.facts())
	// A file that only has moved within a big one is found again.
	content, err := os.ReadFile(e.path("big"))
	require.NoError(t, err)
	e.write(map[string]string{"big": "prefix" + string(content)})
	require.Less(t, e.save(store).Moved, first.Moved/2)
}

// Packs that hold mostly what is gone are given up.
func TestPacksDoNotPileUp(t *testing.T) {
	store, _ := folder(t)
	e := newEngine(t)
	for i := range 30 {
		e.write(map[string]string{"counter": random(t, 100<<10), filepath.Join("kept", string(rune('a'+i))): random(t, 1000)})
		e.save(store)
	}
	s, err := store.Find(t.Context(), volume.Name)
	require.NoError(t, err)
	require.Less(t, len(s.Packs), 20)
	require.Less(t, s.Size(), int64(1<<20))
	other := newEngine(t)
	other.restore(store)
	require.Equal(t, e.facts(), other.facts())
}

// What breaks blobs is noticed, nothing of it is used, and the next save mends it.
func TestBrokenBlobs(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, path string){
		"missing":   func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"truncated": func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 1000)) },
		"longer": func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, append(read(t, path), 0), 0o644))
		},
		"wrong digest": func(t *testing.T, path string) {
			data := read(t, path)
			data[len(data)/2] ^= 1
			require.NoError(t, os.WriteFile(path, data, 0o644))
		},
	} {
		for _, part := range []string{"pack", "index"} {
			t.Run(name+" "+part, func(t *testing.T) {
				store, dir := folder(t)
				from, to := newEngine(t), newEngine(t)
				from.fill()
				from.save(store)
				s, err := store.Find(t.Context(), volume.Name)
				require.NoError(t, err)
				desc := s.Index
				if part == "pack" {
					desc = s.Packs[len(s.Packs)/2]
				}
				harm(t, blobPath(dir, desc))
				_, err = volumes.Restore(t.Context(), store, volume, to.carrier)
				var broken *volumes.BrokenError
				require.ErrorAs(t, err, &broken)
				require.Equal(t, desc.Digest, broken.Digest)
				require.Len(t, to.facts(), 1, "the volume is empty as before")
				require.True(t, from.save(store).Done)
				require.True(t, to.restore(store).Done)
				require.Equal(t, from.facts(), to.facts())
			})
		}
	}
}

func read(t *testing.T, path string) []byte {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

func blobPath(dir string, desc ocispecs.Descriptor) string {
	return filepath.Join(dir, "blobs", "sha256", desc.Digest.Encoded())
}

func TestAnInterruptedRestoreIsDoneAgain(t *testing.T) {
	store, _ := folder(t)
	from, to := newEngine(t), newEngine(t)
	from.fill()
	from.save(store)
	to.write(map[string]string{".bodkin-restoring/a/text": "half", "b/half": "published"})
	require.True(t, to.restore(store).Done)
	require.Equal(t, from.facts(), to.facts())
}

func TestTheFirstContentIsReplaced(t *testing.T) {
	store, _ := folder(t)
	from := newEngine(t)
	from.fill()
	from.save(store)
	withFirst := volumes.Volume{Name: volume.Name, First: true}
	for _, changed := range []bool{false, true} {
		to := newEngine(t)
		to.dirs.First = t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(to.dirs.First, "seed"), []byte("seed"), 0o644))
		to.write(map[string]string{"seed": "seed"})
		info, err := os.Stat(to.path("seed"))
		require.NoError(t, err)
		require.NoError(t, os.Chtimes(filepath.Join(to.dirs.First, "seed"), info.ModTime(), info.ModTime()))
		if changed {
			to.write(map[string]string{"mine": "x"})
		}
		result, err := volumes.Restore(t.Context(), store, withFirst, to.carrier)
		require.NoError(t, err)
		require.Equal(t, !changed, result.Done)
	}
}

// Whoever publishes last wins, and all of its state is there.
func TestSaversAtOnce(t *testing.T) {
	store, dir := folder(t)
	engines := make([]*engine, 4)
	var saving sync.WaitGroup
	for i := range engines {
		engines[i] = newEngine(t)
		engines[i].write(map[string]string{"common": strings.Repeat("x", 1<<20), "own": random(t, 1<<20)})
		saving.Go(func() {
			other, err := volumes.OpenFolder(dir, 0)
			if err == nil {
				_, err = volumes.Save(t.Context(), other, volume, engines[i].carrier)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	saving.Wait()
	to := newEngine(t)
	to.restore(store)
	got := to.facts()
	won := 0
	for _, e := range engines {
		if e.facts()["own"].Content == got["own"].Content {
			won++
		}
	}
	require.Equal(t, 1, won)
}

// A saver whose packs were removed under its feet sends them again.
func TestASaverThatWasOvertaken(t *testing.T) {
	store, dir := folder(t)
	e := newEngine(t)
	e.fill()
	e.save(store)
	e.write(map[string]string{"new": "new"})
	_, err := volumes.Save(t.Context(), &overtaken{Store: store, dir: dir}, volume, e.carrier)
	require.NoError(t, err)
	to := newEngine(t)
	to.restore(store)
	require.Equal(t, e.facts(), to.facts())
}

// overtaken loses all blobs before the first Publish.
type overtaken struct {
	volumes.Store
	dir  string
	once sync.Once
}

func (o *overtaken) Publish(ctx context.Context, name string, s *volumes.Snapshot) error {
	var err error
	o.once.Do(func() { err = os.RemoveAll(filepath.Join(o.dir, "blobs")) })
	return errors.Join(err, o.Store.Publish(ctx, name, s))
}

// smallDisk is a folder on a file system of 4 MiB, which goes with this process
// however that ends: it is mounted nowhere.
func smallDisk(t *testing.T) string {
	t.Helper()
	options, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	require.NoError(t, err)
	defer unix.Close(options)
	require.NoError(t, unix.FsconfigSetString(options, "size", "4m"))
	require.NoError(t, unix.FsconfigCreate(options))
	disk, err := unix.Fsmount(options, unix.FSMOUNT_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(disk) })
	dir := fmt.Sprintf("/proc/self/fd/%d/dir", disk)
	require.NoError(t, os.Mkdir(dir, 0o755))
	return dir
}

func TestDiskFullWhileSaving(t *testing.T) {
	store, err := volumes.OpenFolder(filepath.Join(smallDisk(t), "store"), 0)
	require.NoError(t, err)
	e := newEngine(t)
	e.write(map[string]string{"a": random(t, 1<<20)})
	e.save(store)
	want := e.facts()
	e.write(map[string]string{"b": random(t, 20<<20)})
	_, err = volumes.Save(t.Context(), store, volume, e.carrier)
	require.ErrorIs(t, err, unix.ENOSPC)
	to := newEngine(t)
	to.restore(store)
	require.Equal(t, want, to.facts(), "the old state is usable")
	require.NoError(t, os.Remove(e.path("b")))
	e.write(map[string]string{"c": random(t, 1<<20)})
	require.True(t, e.save(store).Done, "nothing of the attempt stands in the way")
	to = newEngine(t)
	to.restore(store)
	require.Equal(t, e.facts(), to.facts())
}

// Where the engine cannot remember what it has seen, it reads it again.
func TestEnginesDiskFullWhileSaving(t *testing.T) {
	store, _ := folder(t)
	e := newEngine(t)
	e.dirs.State = smallDisk(t)
	e.write(map[string]string{"a": "first", "b": "b"})
	require.True(t, e.save(store).Done)
	fillDisk(t, e.dirs.State)
	e.write(map[string]string{"a": "changed"})
	require.True(t, e.save(store).Done)
	to := newEngine(t)
	to.restore(store)
	require.Equal(t, e.facts(), to.facts())
}

func fillDisk(t *testing.T, dir string) {
	t.Helper()
	err := os.WriteFile(filepath.Join(dir, "full"), make([]byte, 5<<20), 0o600)
	require.ErrorIs(t, err, unix.ENOSPC)
}

func TestDiskFullWhileRestoring(t *testing.T) {
	store, _ := folder(t)
	from, to := newEngine(t), newEngine(t)
	from.fill()
	from.save(store)
	to.dirs.Volume = smallDisk(t)
	_, err := volumes.Restore(t.Context(), store, volume, to.carrier)
	require.ErrorContains(t, err, "no space left")
	require.Len(t, to.facts(), 1, "nothing is left of it")
}
