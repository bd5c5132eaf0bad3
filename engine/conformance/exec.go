package conformance

import (
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func testExecOutput(t *testing.T, e *env) {
	ctx := t.Context()
	ctr := e.box(t).WithExec(box("echo", "out", ";", "err", "oops"))
	out, err := ctr.Stdout(ctx)
	require.NoError(t, err)
	require.Equal(t, "out\n", out)
	out, err = ctr.Stderr(ctx)
	require.NoError(t, err)
	require.Equal(t, "oops\n", out)
	code, err := ctr.ExitCode(ctx)
	require.NoError(t, err)
	require.Zero(t, code)

	combined, err := e.box(t).WithExec(box("lines", "3")).CombinedOutput(ctx)
	require.NoError(t, err)
	require.Equal(t, lines("out 0", "err 0", "out 1", "err 1", "out 2", "err 2"), combined)

	silent := e.box(t).WithExec(box("true"))
	out, err = silent.Stdout(ctx)
	require.NoError(t, err)
	require.Empty(t, out)
	require.Equal(t, "last\n", run(t, ctr, "echo", "last"), "the last command's output counts")
}

func testOutputWithoutExec(t *testing.T, e *env) {
	_, err := e.box(t).Stdout(t.Context())
	require.ErrorContains(t, err, "no command has been run")
	_, err = e.box(t).Stderr(t.Context())
	require.ErrorContains(t, err, "no command has been run")
	_, err = e.box(t).CombinedOutput(t.Context())
	require.ErrorContains(t, err, "no command has been run")
	_, err = e.box(t).ExitCode(t.Context())
	require.ErrorContains(t, err, "no command has been run")
	_, err = e.box(t).WithExec(box("true")).WithNewFile("/x", "").Stdout(t.Context())
	require.NoError(t, err, "later changes do not take the output away")
}

func testExecError(t *testing.T, e *env) {
	failed := fails(t, e.box(t), "echo", "some output", ";", "err", "some error", ";", "exit", "3")
	require.Equal(t, box("echo", "some output", ";", "err", "some error", ";", "exit", "3"), failed.Cmd)
	require.Equal(t, 3, failed.ExitCode)
	require.Equal(t, "some output", strings.TrimSpace(failed.Stdout))
	require.Equal(t, "some error", strings.TrimSpace(failed.Stderr))
	require.Contains(t, failed.Error(), "exit code: 3")
	require.Contains(t, failed.Error(), "some error")

	require.Equal(t, 128+9, fails(t, e.box(t), "kill", "9").ExitCode)
	require.Equal(t, 255, fails(t, e.box(t), "exit", "255").ExitCode)

	_, err := e.box(t).WithExec([]string{"/no/such/program"}).Sync(t.Context())
	var missing *dagger.ExecError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, 127, missing.ExitCode)
	require.Contains(t, missing.Stderr, "/no/such/program: no such file or directory")

	_, err = e.c.Container().WithExec([]string{"/nothing"}).Sync(t.Context())
	require.ErrorAs(t, err, &missing, "also on an empty root")
	require.Equal(t, 127, missing.ExitCode)
}

func testExecErrorFromEveryUse(t *testing.T, e *env) {
	ctx := t.Context()
	bad := e.box(t).WithExec(box("err", "why", ";", "exit", "4"))
	dir := t.TempDir()
	for name, use := range map[string]func() error{
		"stdout":     func() error { _, err := bad.Stdout(ctx); return err },
		"stderr":     func() error { _, err := bad.Stderr(ctx); return err },
		"exit code":  func() error { _, err := bad.ExitCode(ctx); return err },
		"later exec": func() error { _, err := bad.WithExec(box("true")).Sync(ctx); return err },
		"file":       func() error { _, err := bad.File("/x").Contents(ctx); return err },
		"entries":    func() error { _, err := bad.Rootfs().Entries(ctx); return err },
		"glob":       func() error { _, err := bad.Rootfs().Glob(ctx, "*"); return err },
		"exists":     func() error { _, err := bad.Exists(ctx, "/x"); return err },
		"export":     func() error { _, err := bad.Directory("/").Export(ctx, dir+"/d"); return err },
		"image":      func() error { _, err := bad.Export(ctx, dir+"/i.tar"); return err },
		"tarball":    func() error { _, err := bad.AsTarball().Sync(ctx); return err },
		"copied":     func() error { _, err := e.c.Directory().WithFile("f", bad.File("/x")).Sync(ctx); return err },
		"mounted": func() error {
			_, err := e.box(t).WithMountedDirectory("/m", bad.Rootfs()).WithExec(box("true")).Sync(ctx)
			return err
		},
	} {
		var failed *dagger.ExecError
		require.ErrorAs(t, use(), &failed, name)
		require.Equal(t, 4, failed.ExitCode, name)
		require.Equal(t, "why", strings.TrimSpace(failed.Stderr), name)
	}
}

func testExpect(t *testing.T, e *env) {
	ctx := t.Context()
	ctr := e.box(t).WithExec(box("write", "/left", "something", ";", "echo", "said", ";", "exit", "5"), dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeFailure})
	code, err := ctr.ExitCode(ctx)
	require.NoError(t, err)
	require.Equal(t, 5, code)
	out, err := ctr.Stdout(ctx)
	require.NoError(t, err)
	require.Equal(t, "said\n", out)
	require.Equal(t, "something", contents(t, ctr.File("/left")), "what a failed command has written stays")

	for _, want := range []int{0, 1, 130} {
		code, err := e.box(t).WithExec(box("exit", map[int]string{0: "0", 1: "1", 130: "130"}[want]), dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny}).ExitCode(ctx)
		require.NoError(t, err)
		require.Equal(t, want, code)
	}
	_, err = e.box(t).WithExec(box("echo", "fine"), dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeFailure}).Sync(ctx)
	var failed *dagger.ExecError
	require.ErrorAs(t, err, &failed, "success where failure is expected")
	require.ErrorContains(t, err, "was expected to fail")
	require.Zero(t, failed.ExitCode)
	require.Equal(t, "fine", strings.TrimSpace(failed.Stdout))
}

func testStdin(t *testing.T, e *env) {
	ctr := e.box(t)
	out, err := ctr.WithExec(box("cat"), dagger.ContainerWithExecOpts{Stdin: "line 1\nline 2 äöü"}).Stdout(t.Context())
	require.NoError(t, err)
	require.Equal(t, "line 1\nline 2 äöü", out)
	require.Empty(t, run(t, ctr, "cat"), "without stdin there is nothing to read")

	out, err = ctr.WithUser("1000").WithExec(box("cat"), dagger.ContainerWithExecOpts{Stdin: "for anybody"}).Stdout(t.Context())
	require.NoError(t, err)
	require.Equal(t, "for anybody", out)

	big := strings.Repeat("0123456789abcdef", 1<<16)
	out, err = ctr.WithExec(box("cat"), dagger.ContainerWithExecOpts{Stdin: big}).Stdout(t.Context())
	require.NoError(t, err)
	require.True(t, big == out, "1 MiB of stdin")

	_, err = ctr.WithExec(box("cat"), dagger.ContainerWithExecOpts{Stdin: "x", RedirectStdin: "/y"}).Sync(t.Context())
	require.ErrorContains(t, err, "stdin and redirectStdin exclude each other")
}

func testRedirects(t *testing.T, e *env) {
	ctr := e.box(t).WithNewFile("/w/in", "from a file").WithWorkdir("/w").
		WithExec(box("cat", ";", "err", "oops"), dagger.ContainerWithExecOpts{RedirectStdin: "./in", RedirectStdout: "out", RedirectStderr: "/err"})
	require.Equal(t, "from a file", contents(t, ctr.File("out")))
	require.Equal(t, "oops\n", contents(t, ctr.File("/err")))
	out, err := ctr.Stdout(t.Context())
	require.NoError(t, err)
	require.Equal(t, "from a file", out, "redirected output can be asked for as well")

	both := e.box(t).WithExec(box("lines", "2"), dagger.ContainerWithExecOpts{RedirectStdout: "/both", RedirectStderr: "/both"})
	require.Equal(t, lines("out 0", "err 0", "out 1", "err 1"), contents(t, both.File("/both")))

	mounted := e.box(t).WithMountedDirectory("/m", e.c.Directory()).
		WithExec(box("echo", "hi"), dagger.ContainerWithExecOpts{RedirectStdout: "/m/out"})
	require.Equal(t, "hi\n", contents(t, mounted.Directory("/m").File("out")))

	_, err = e.box(t).WithExec(box("cat"), dagger.ContainerWithExecOpts{RedirectStdin: "/none"}).Sync(t.Context())
	require.ErrorContains(t, err, "redirecting stdin: open /none: no such file or directory")
}

func testEntrypointAndDefaultArgs(t *testing.T, e *env) {
	ctx := t.Context()
	ctr := e.box(t).WithEntrypoint(box("echo", "entry")).WithDefaultArgs([]string{"default"})
	list := func(get func() ([]string, error)) []string {
		t.Helper()
		got, err := get()
		require.NoError(t, err)
		return got
	}
	entrypoint := func(c *dagger.Container) []string {
		return list(func() ([]string, error) { return c.Entrypoint(ctx) })
	}
	args := func(c *dagger.Container) []string {
		return list(func() ([]string, error) { return c.DefaultArgs(ctx) })
	}
	require.Equal(t, box("echo", "entry"), entrypoint(ctr))
	require.Equal(t, []string{"default"}, args(ctr))
	require.Equal(t, "plain\n", run(t, ctr, "echo", "plain"), "the entrypoint is ignored unless asked for")

	use := dagger.ContainerWithExecOpts{UseEntrypoint: true}
	out, err := ctr.WithExec([]string{"given"}, use).Stdout(ctx)
	require.NoError(t, err)
	require.Equal(t, "entry given\n", out)
	out, err = ctr.WithExec(nil, use).Stdout(ctx)
	require.NoError(t, err)
	require.Equal(t, "entry default\n", out)
	out, err = e.box(t).WithDefaultArgs(box("echo", "by default")).WithExec(nil).Stdout(ctx)
	require.NoError(t, err)
	require.Equal(t, "by default\n", out)

	require.Empty(t, args(ctr.WithEntrypoint(box("pwd"))), "a new entrypoint clears the default arguments")
	require.Equal(t, []string{"default"}, args(ctr.WithEntrypoint(box("pwd"), dagger.ContainerWithEntrypointOpts{KeepDefaultArgs: true})))
	require.Empty(t, args(ctr.WithoutEntrypoint()))
	require.Empty(t, entrypoint(ctr.WithoutEntrypoint()))
	require.Equal(t, []string{"default"}, args(ctr.WithoutEntrypoint(dagger.ContainerWithoutEntrypointOpts{KeepDefaultArgs: true})))
	require.Empty(t, args(ctr.WithoutDefaultArgs()))
	require.Equal(t, box("echo", "entry"), entrypoint(ctr.WithoutDefaultArgs()))
	require.Equal(t, box("echo", "entry"), entrypoint(ctr), "the value itself did not change")

	_, err = e.box(t).WithExec(nil).Sync(ctx)
	require.ErrorContains(t, err, "no command to run")
}

func testArgumentsPassUnchanged(t *testing.T, e *env) {
	require.Equal(t, `["a b" "$HOME" "" "--" "new\nline" "ü" "'\""]`+"\n", run(t, e.box(t), "args", "a b", "$HOME", "", "--", "new\nline", "ü", `'"`))
	out, err := e.box(t).WithEnvVariable("A", "1").WithEnvVariable("EMPTY", "").
		WithExec(box("args", "$A", "${A}2", "$EMPTY", "$UNSET", "a$A"), dagger.ContainerWithExecOpts{Expand: true}).Stdout(t.Context())
	require.NoError(t, err)
	require.Equal(t, `["1" "12" "" "" "a1"]`+"\n", out)
}

func testUser(t *testing.T, e *env) {
	ctr := e.box(t).
		WithNewFile("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nworker:x:1234:2345:Worker:/home/worker:/bin/sh\n").
		WithNewFile("/etc/group", "root:x:0:\nworkers:x:2345:\nextra:x:3456:worker\n")
	for user, want := range map[string]string{
		"":             "0 0 [0]\n",
		"1000":         "1000 0 [0]\n",
		"1000:1001":    "1000 1001 [1001]\n",
		"worker":       "1234 2345 [2345 3456]\n",
		"worker:extra": "1234 3456 [3456]\n",
		"1234":         "1234 2345 [2345 3456]\n",
		"worker:7":     "1234 7 [7]\n",
		"root":         "0 0 [0]\n",
		"65534:65534":  "65534 65534 [65534]\n",
	} {
		require.Equal(t, want, run(t, ctr.WithUser(user), "id"), user)
		got, err := ctr.WithUser(user).User(t.Context())
		require.NoError(t, err)
		require.Equal(t, user, got)
	}
	require.Equal(t, "0 0 [0]\n", run(t, ctr.WithUser("worker").WithoutUser(), "id"))
	require.Equal(t, "/home/worker\n", run(t, ctr.WithUser("worker"), "env", "HOME"))
	_, err := ctr.WithUser("nobody-here").WithExec(box("id")).Sync(t.Context())
	require.ErrorContains(t, err, "nobody-here")
}

func testWorkdir(t *testing.T, e *env) {
	ctx := t.Context()
	ctr := e.box(t).WithEnvVariable("SUB", "sub")
	workdir := func(c *dagger.Container) string {
		t.Helper()
		dir, err := c.Workdir(ctx)
		require.NoError(t, err)
		return dir
	}
	require.Equal(t, "/\n", run(t, ctr, "pwd"))
	a := ctr.WithWorkdir("/a")
	require.Equal(t, "/a", workdir(a))
	require.Equal(t, "/a\n", run(t, a, "pwd"), "made when it is not there")
	require.Equal(t, "/a/b", workdir(a.WithWorkdir("b")))
	require.Equal(t, "/b", workdir(a.WithWorkdir("../b")))
	require.Equal(t, "/", workdir(a.WithWorkdir("../../../..")))
	require.Equal(t, "/b", workdir(a.WithWorkdir("/b/")))
	require.Equal(t, "/a/sub", workdir(a.WithWorkdir("$SUB", dagger.ContainerWithWorkdirOpts{Expand: true})))
	require.Equal(t, "/a/$SUB", workdir(a.WithWorkdir("$SUB")))
	require.Equal(t, "/\n", run(t, a.WithoutWorkdir(), "pwd"))

	require.Equal(t, "x", contents(t, a.WithNewFile("f", "x").File("/a/f")), "paths start at the working folder")
	require.Equal(t, "x", contents(t, a.WithNewFile("/f", "x").File("../f")))
	require.Equal(t, "x", contents(t, a.WithNewFile("../../f", "x").WithoutWorkdir().File("f")), "which .. cannot leave")
}

func testEnvironment(t *testing.T, e *env) {
	ctx := t.Context()
	ctr := e.box(t).WithEnvVariable("B", "2").WithEnvVariable("A", "1").WithEnvVariable("EMPTY", "").
		WithEnvVariable("LINES", "a\nb").WithEnvVariable("EQUALS", "a=b")
	require.Equal(t, lines("2", "1", "", "a", "b", "a=b", "(unset)"), run(t, ctr, "env", "B", "A", "EMPTY", "LINES", "EQUALS", "NONE"))
	require.Equal(t, lines("(unset)"), run(t, ctr.WithoutEnvVariable("B"), "env", "B"))
	require.Equal(t, lines("3"), run(t, ctr.WithEnvVariable("B", "3"), "env", "B"))

	value, err := ctr.EnvVariable(ctx, "A")
	require.NoError(t, err)
	require.Equal(t, "1", value)
	value, err = ctr.EnvVariable(ctx, "NONE")
	require.NoError(t, err)
	require.Empty(t, value)

	names := func(c *dagger.Container) (names []string) {
		t.Helper()
		vars, err := c.EnvVariables(ctx)
		require.NoError(t, err)
		for _, v := range vars {
			name, err := v.Name(ctx)
			require.NoError(t, err)
			value, err := v.Value(ctx)
			require.NoError(t, err)
			names = append(names, name+"="+value)
		}
		return names
	}
	require.Equal(t, []string{"B=2", "A=1", "EMPTY=", "LINES=a\nb", "EQUALS=a=b"}, names(ctr))
	require.Equal(t, []string{"B=9", "A=1"}, names(ctr.WithEnvVariable("B", "9").WithoutEnvVariable("EMPTY").WithoutEnvVariable("LINES").WithoutEnvVariable("EQUALS")))

	expand := dagger.ContainerWithEnvVariableOpts{Expand: true}
	path := e.box(t).WithEnvVariable("PATH", "/usr/bin").WithEnvVariable("PATH", "/opt/bin:$PATH", expand).WithEnvVariable("X", "${PATH}:$NONE.", expand)
	require.Equal(t, lines("/opt/bin:/usr/bin", "/opt/bin:/usr/bin:."), run(t, path, "env", "PATH", "X"))
	require.Equal(t, lines("$PATH"), run(t, e.box(t).WithEnvVariable("X", "$PATH"), "env", "X"))
}

// Nothing of the host or of the run shows in the environment, apart from the
// place of the host's certificates.
func testEnvironmentIsClean(t *testing.T, e *env) {
	var names []string
	for line := range strings.Lines(run(t, e.box(t).WithEnvVariable("MINE", "1").WithEnvVariable("TRACEPARENT", "mine"), "env")) {
		if _, value, _ := strings.Cut(line, "="); !strings.HasPrefix(value, "/dev/.bodkin/") {
			names = append(names, strings.TrimSpace(line))
		}
	}
	require.Subset(t, names, []string{"MINE=1", "TRACEPARENT=mine"})
	require.Len(t, names, 4, "besides PATH and HOME: %v", names)
}

func testExecFindsCommandsInPath(t *testing.T, e *env) {
	out, err := e.box(t).WithExec([]string{"box", "echo", "found"}).Stdout(t.Context())
	require.NoError(t, err)
	require.Equal(t, "found\n", out)
	_, err = e.box(t).WithEnvVariable("PATH", "/other").WithExec([]string{"box"}).Sync(t.Context())
	require.ErrorContains(t, err, "command not found in PATH (/other)")
	out, err = e.box(t).WithWorkdir("/bin").WithExec([]string{"./box", "echo", "relative"}).Stdout(t.Context())
	require.NoError(t, err)
	require.Equal(t, "relative\n", out)
}

func testPrivileges(t *testing.T, e *env) {
	plain := strings.TrimSpace(run(t, e.box(t), "caps"))
	out, err := e.box(t).WithExec(box("caps"), dagger.ContainerWithExecOpts{InsecureRootCapabilities: true}).Stdout(t.Context())
	if e.Unprivileged {
		require.ErrorContains(t, err, "cannot do this: running with all root capabilities")
		require.ErrorContains(t, err, "security-insecure")
		return
	}
	require.NoError(t, err)
	require.NotEqual(t, plain, strings.TrimSpace(out))
	require.Regexp(t, "^0*[1-9a-f]+fffff", strings.TrimSpace(out))
}

func testInit(t *testing.T, e *env) {
	out := run(t, e.box(t), "pid")
	require.NotEqual(t, "1", strings.Fields(out)[0])
	require.Equal(t, "1", strings.Fields(out)[1], "the shim is the init")
	out, err := e.box(t).WithExec(box("pid"), dagger.ContainerWithExecOpts{NoInit: true}).Stdout(t.Context())
	require.NoError(t, err)
	require.Len(t, strings.Fields(out), 2)
	require.Equal(t, "started\n", run(t, e.box(t), "spawn", "sleep", "1000s", ";", "echo", "started"), "what a command leaves behind ends with it")
}

func testBigOutput(t *testing.T, e *env) {
	const size = 20 << 20
	out := run(t, e.box(t), "fill", "20971520")
	require.Len(t, out, size)
	require.True(t, strings.HasPrefix(out, "000000000 xxx") && strings.HasSuffix(out, "x\n"))
	require.Contains(t, out[size-64:], "000327679 xxx", "nothing is missing at the end")

	failed := fails(t, e.box(t), "fill", "3000000", ";", "fill", "3000000", "stderr", ";", "exit", "1")
	require.NotEmpty(t, failed.Stdout)
	require.Less(t, len(failed.Error()), 4096, "an error's message shows the last lines only")
}

func testBinaryOutput(t *testing.T, e *env) {
	ctr := e.box(t).WithExec(box("bytes", "00ff80c328"), dagger.ContainerWithExecOpts{RedirectStdout: "/f"})
	size, err := ctr.File("/f").Size(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, size)
	require.Equal(t, "00ff80c328\n", run(t, ctr.WithNewFile("/x", ""), "hexdump", "/f"))
}
