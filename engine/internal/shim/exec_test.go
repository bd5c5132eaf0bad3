package shim_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

func TestKeepsWhatTheCommandWrites(t *testing.T) {
	r := newContainer(t).sh("echo one; sleep 0.05; echo two >&2; sleep 0.05; echo three; exit 3")
	require.Equal(t, 3, r.status)
	require.Equal(t, lines("one", "three"), r.stdout)
	require.Equal(t, lines("two"), r.stderr)
	require.Equal(t, map[string]string{
		protocol.StdoutFile:   lines("one", "three"),
		protocol.StderrFile:   lines("two"),
		protocol.CombinedFile: lines("one", "two", "three"),
		protocol.ExitCodeFile: "3",
	}, r.kept)
}

func TestExpectations(t *testing.T) {
	for _, c := range []struct {
		expect protocol.Expect
		code   int
		status int
	}{
		{"", 0, 0},
		{"", 7, 7},
		{protocol.ExpectSuccess, 255, 255},
		{protocol.ExpectFailure, 7, 0},
		{protocol.ExpectFailure, 0, protocol.StatusUnexpectedSuccess},
		{protocol.ExpectAny, 0, 0},
		{protocol.ExpectAny, 7, 0},
	} {
		t.Run(string(c.expect)+strconv.Itoa(c.code), func(t *testing.T) {
			r := newContainer(t).run(protocol.Spec{Expect: c.expect}, "sh", "-c", "exit "+strconv.Itoa(c.code))
			require.Equal(t, c.status, r.status)
			require.Equal(t, strconv.Itoa(c.code), r.kept[protocol.ExitCodeFile])
			_, marked := protocol.Marked(r.status, r.stderr)
			require.Equal(t, c.status == protocol.StatusUnexpectedSuccess, marked)
		})
	}
}

func TestCommandsThatCannotBeStarted(t *testing.T) {
	c := newContainer(t)
	c.write("plain", "no program")
	require.NoError(t, os.Chmod(c.path("plain"), 0o644))
	c.write("orphan", "#!/no/such/interpreter\n")
	c.write("garbage", "no program")
	for command, want := range map[string]struct {
		code    int
		message string
	}{
		"no-such-command": {127, "no-such-command: command not found in PATH (" + c.dir + ":/bin)"},
		"./missing":       {127, "./missing: no such file or directory"},
		"plain/x":         {127, "plain/x: not a directory"},
		"":                {127, ": command not found in PATH (" + c.dir + ":/bin)"},
		"plain":           {126, "plain: permission denied"},
		"./plain":         {126, "./plain: permission denied"},
		"/":               {126, "/: is a directory"},
		"orphan":          {127, "orphan: the interpreter or loader that it names does not exist"},
		"garbage":         {126, "garbage: exec format error"},
	} {
		for _, noInit := range []bool{false, true} {
			c.env = []string{"PATH=" + c.dir + ":/bin"}
			r := c.run(protocol.Spec{NoInit: noInit}, command)
			require.Equal(t, want.code, r.status, command)
			require.Equal(t, want.message+"\n", r.stderr)
			require.Equal(t, want.message+"\n", r.kept[protocol.StderrFile])
			require.Equal(t, strconv.Itoa(want.code), r.kept[protocol.ExitCodeFile])
		}
	}
}

func TestFindsCommands(t *testing.T) {
	c := newContainer(t)
	require.NoError(t, os.Mkdir(c.path("tools"), 0o755))
	require.NoError(t, os.MkdirAll(c.path("folders", "hello"), 0o755))
	c.write("tools/hello", "#!/bin/sh\necho tools\n")
	c.write("hello", "#!/bin/sh\necho here\n")
	for path, want := range map[string]string{
		"tools:/bin":                    "tools\n",
		"/nowhere:folders:tools":        "tools\n",
		":tools":                        "here\n",
		".":                             "here\n",
		c.path("tools") + ":" + c.dir:   "tools\n",
		c.path("hello") + ":" + ":/bin": "here\n",
	} {
		c.env = []string{"PATH=" + path}
		require.Equal(t, want, c.run(protocol.Spec{}, "hello").stdout, path)
	}
	c.env = nil
	require.Equal(t, "x\n", c.run(protocol.Spec{}, "echo", "x").stdout, "without PATH")
	require.Equal(t, "tools\n", c.run(protocol.Spec{}, "tools/hello").stdout, "with a slash")
}

func TestArgumentsAndEnvironmentPassUnchanged(t *testing.T) {
	c := newContainer(t)
	c.env = append(c.env, "EMPTY=", "LINES=a\nb", "EQUALS=a=b")
	r := c.run(protocol.Spec{}, "sh", "-c", `printf '[%s]' "$0" "$@" "$EMPTY" "$LINES" "$EQUALS"`, "", "--", "a b", "ü", "exec")
	require.Equal(t, "[][--][a b][ü][exec][][a\nb][a=b]", r.stdout)
}

func TestStdin(t *testing.T) {
	c := newContainer(t)
	require.Empty(t, c.run(protocol.Spec{}, "cat").stdout, "nothing to read")
	c.write(".bodkin/"+protocol.StdinName, "from the engine")
	require.Equal(t, "from the engine", c.run(protocol.Spec{}, "cat").stdout)
	c.write("input", "from a file")
	require.Equal(t, "from a file", c.run(protocol.Spec{Stdin: "input"}, "cat").stdout)
}

func TestRedirects(t *testing.T) {
	c := newContainer(t)
	c.write("out", strings.Repeat("old ", 100))
	r := c.run(protocol.Spec{Stdout: "out", Stderr: c.path("err")}, "sh", "-c", "echo one; echo two >&2")
	require.Equal(t, 0, r.status)
	require.Equal(t, lines("one"), c.read("out"))
	require.Equal(t, lines("two"), c.read("err"))
	require.Equal(t, lines("one"), r.kept[protocol.StdoutFile])
	require.Equal(t, lines("two"), r.kept[protocol.StderrFile])
	require.Empty(t, r.stdout+r.stderr, "redirected output is not shown")

	c.run(protocol.Spec{Stdout: "both", Stderr: "./both"}, "sh", "-c", "echo one; sleep 0.05; echo two >&2")
	require.Equal(t, lines("one", "two"), c.read("both"))
}

func TestRedirectedFilesHaveTheUmask(t *testing.T) {
	c := newContainer(t)
	c.wrap = []string{"sh", "-c", `umask 027; exec "$@"`, "sh"}
	require.Equal(t, 0, c.run(protocol.Spec{Stdout: "out"}, "true").status)
	info, err := os.Stat(c.path("out"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode())
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		spec protocol.Spec
		want string
	}{
		"stdin":  {protocol.Spec{Stdin: "none"}, "redirecting stdin: open none: no such file or directory"},
		"stdout": {protocol.Spec{Stdout: "none/out"}, "redirecting stdout: open none/out: no such file or directory"},
		"stderr": {protocol.Spec{Stderr: "."}, "redirecting stderr: open .: is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			c.spec.Expect = protocol.ExpectAny
			box := newContainer(t)
			r := box.run(c.spec, "touch", "ran")
			require.Equal(t, protocol.StatusSetup, r.status)
			message, marked := protocol.Marked(r.status, r.stderr)
			require.True(t, marked)
			require.Equal(t, c.want, message)
			require.NotContains(t, r.kept, protocol.ExitCodeFile)
			require.Equal(t, c.want, r.kept[protocol.ErrorFile])
			require.NoFileExists(t, box.path("ran"))
		})
	}
	out, err := exec.Command(program, "exec", "no JSON", "--", "true").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), protocol.MarkerSetup+"reading the exec's spec")
}

func TestBigOutput(t *testing.T) {
	const size = 100 << 20
	c := newContainer(t)
	cmd := c.command(protocol.Spec{}, "sh", "-c", "head -c 104857600 /dev/zero; head -c 1000000 /dev/zero >&2")
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	require.NoError(t, cmd.Run())
	for name, want := range map[string]int64{
		protocol.StdoutFile: size, protocol.StderrFile: 1e6, protocol.CombinedFile: size + 1e6,
	} {
		info, err := os.Stat(c.path(".bodkin", protocol.OutName, name))
		require.NoError(t, err)
		require.Equal(t, want, info.Size(), name)
	}
}

func TestGoesOnWithoutReaders(t *testing.T) {
	c := newContainer(t)
	cmd := c.command(protocol.Spec{}, "sh", "-c", "head -c 1000000 /dev/zero; echo end >&2")
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	cmd.Stdout, cmd.Stderr = writer, writer
	require.NoError(t, cmd.Run())
	require.Len(t, c.kept()[protocol.StdoutFile], 1000000)
	require.Equal(t, "end\n", c.kept()[protocol.StderrFile])
}

func TestFullDiskIsNotSilent(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	c := newContainer(t)
	c.wrap = []string{"unshare", "--mount", "sh", "-c", `mount -t tmpfs -o size=64k tmpfs .bodkin/out && "$@"; s=$?; rm .bodkin/out/combined; cp .bodkin/out/* . ; exit $s`, "sh"}
	if err := exec.Command("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", c.dir).Run(); err != nil {
		t.Skipf("mounting is not possible here: %v", err)
	}
	r := c.run(protocol.Spec{Expect: protocol.ExpectAny}, "sh", "-c", "head -c 1000000 /dev/zero; sleep 60")
	require.Equal(t, protocol.StatusRecording, r.status)
	message, marked := protocol.Marked(r.status, r.stderr)
	require.True(t, marked)
	require.Contains(t, message, "no space left on device")
	require.NoFileExists(t, filepath.Join(c.dir, protocol.ExitCodeFile))

	r = newContainer(t).run(protocol.Spec{Stdout: "/dev/full"}, "echo", "x")
	require.Equal(t, protocol.StatusRecording, r.status)
	require.Contains(t, r.stderr, "write /dev/full: no space left on device")
}
