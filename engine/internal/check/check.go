// Package check has what tests of the API say in one line: Run runs a command of the
// test program, Contents reads a file. Everything is in the terms of the SDK.
package check

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// Accounts are those of a container that has some: root, and worker with a home folder.
const Accounts = "root:x:0:0:root:/root:/bin/sh\nworker:x:1234:2345:Worker:/home/worker:/bin/sh\n"

// BoxPath is where containers of tests have the test program.
const BoxPath = "/bin/box"

// Box returns a command of the test program.
func Box(args ...string) []string { return append([]string{BoxPath}, args...) }

// Bare returns a container with nothing but the test program, which is at path on this
// machine.
func Bare(c *dagger.Client, path string) *dagger.Container {
	return c.Container().WithFile(BoxPath, c.Host().File(path))
}

// Boxed is Bare with empty lists of accounts: without them Docker runs nothing as a user
// other than root.
func Boxed(c *dagger.Client, path string) *dagger.Container {
	return c.Container().WithNewFile("/etc/passwd", "").WithNewFile("/etc/group", "").WithFile(BoxPath, c.Host().File(path))
}

// WithAccounts adds a user "worker" and a group "extra".
func WithAccounts(ctr *dagger.Container) *dagger.Container {
	return ctr.WithNewFile("/etc/passwd", Accounts).WithNewFile("/etc/group", "root:x:0:\nworkers:x:2345:\nextra:x:3456:worker\n")
}

// Run returns what a command of the test program writes to stdout.
func Run(t *testing.T, ctr *dagger.Container, args ...string) string {
	t.Helper()
	out, err := ctr.WithExec(Box(args...)).Stdout(t.Context())
	require.NoError(t, err)
	return out
}

// Fails runs a command of the test program that must fail.
func Fails(t *testing.T, ctr *dagger.Container, args ...string) *dagger.ExecError {
	t.Helper()
	_, err := ctr.WithExec(Box(args...)).Sync(t.Context())
	var failed *dagger.ExecError
	require.ErrorAs(t, err, &failed)
	return failed
}

// Contents returns what is in a file.
func Contents(t *testing.T, f *dagger.File) string {
	t.Helper()
	text, err := f.Contents(t.Context())
	require.NoError(t, err)
	return text
}

// Entries lists a folder.
func Entries(t *testing.T, d *dagger.Directory) []string {
	t.Helper()
	names, err := d.Entries(t.Context())
	require.NoError(t, err)
	return names
}

// All lists everything in a directory.
func All(t *testing.T, d *dagger.Directory) []string {
	t.Helper()
	names, err := d.Glob(t.Context(), "**")
	require.NoError(t, err)
	return names
}

// Unique returns a string that no cache has seen.
func Unique() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// Lines is a text of lines.
func Lines(s ...string) string { return strings.Join(s, "\n") + "\n" }

// HostTree makes a folder of this machine with files by path; a path that ends in a
// slash is a folder.
func HostTree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.MkdirAll(path, 0o755))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

// TreeOf is a directory with files by path; a path that ends in a slash is a folder.
func TreeOf(c *dagger.Client, files map[string]string) *dagger.Directory {
	d := c.Directory()
	for name, content := range files {
		if strings.HasSuffix(name, "/") {
			d = d.WithNewDirectory(name)
		} else {
			d = d.WithNewFile(name, content)
		}
	}
	return d
}

// StatOf is what there is to know of a file: name, type, permissions and size.
func StatOf(t *testing.T, s *dagger.Stat) []any {
	t.Helper()
	ctx := t.Context()
	name, err := s.Name(ctx)
	require.NoError(t, err)
	kind, err := s.FileType(ctx)
	require.NoError(t, err)
	mode, err := s.Permissions(ctx)
	require.NoError(t, err)
	size, err := s.Size(ctx)
	require.NoError(t, err)
	return []any{name, kind, mode, size}
}
