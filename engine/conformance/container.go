package conformance

import (
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func testContainerFiles(t *testing.T, e *env) {
	src := e.treeOf(map[string]string{"f": "1", "d/g": "2", "x.log": ""})
	ctr := e.withAccounts(t).WithWorkdir("/w").WithEnvVariable("DIR", "by-env").
		WithDirectory("dir", src, dagger.ContainerWithDirectoryOpts{Exclude: []string{"*.log"}}).
		WithDirectory("/w/owned", src, dagger.ContainerWithDirectoryOpts{Include: []string{"d"}, Owner: "worker:extra"}).
		WithDirectory("$DIR", src, dagger.ContainerWithDirectoryOpts{Include: []string{"f"}, Expand: true}).
		WithFile("file", src.File("f"), dagger.ContainerWithFileOpts{Permissions: 0o700, Owner: "worker"}).
		WithFile("into/", src.File("f")).
		WithFiles("files", []*dagger.File{src.File("f"), src.File("d/g")}, dagger.ContainerWithFilesOpts{Owner: "1:2", Permissions: 0o444}).
		WithNewFile("new", "text", dagger.ContainerWithNewFileOpts{Permissions: 0o600, Owner: "worker:workers"}).
		WithNewFile("${DIR}/new", "text", dagger.ContainerWithNewFileOpts{Expand: true}).
		WithSymlink("new", "link").
		WithSymlink("/w/$DIR", "$DIR-link", dagger.ContainerWithSymlinkOpts{Expand: true})
	require.Equal(t, lines(
		"/w/by-env dir 0755 0:0 0",
		"/w/by-env/f file 0644 0:0 1",
		"/w/by-env/new file 0644 0:0 4",
		"/w/by-env-link link 0777 0:0 9 -> /w/by-env",
		"/w/dir dir 0755 0:0 0",
		"/w/dir/d dir 0755 0:0 0",
		"/w/dir/d/g file 0644 0:0 1",
		"/w/dir/f file 0644 0:0 1",
		"/w/file file 0700 1234:1234 1",
		"/w/files dir 0755 0:0 0",
		"/w/files/f file 0444 1:2 1",
		"/w/files/g file 0444 1:2 1",
		"/w/into dir 0755 0:0 0",
		"/w/into/f file 0644 0:0 1",
		"/w/link link 0777 0:0 3 -> new",
		"/w/new file 0600 1234:2345 4",
		"/w/owned dir 0755 1234:3456 0",
		"/w/owned/d dir 0755 1234:3456 0",
		"/w/owned/d/g file 0644 1234:3456 1",
	), run(t, ctr, "tree", "/w"))

	require.Equal(t, "text", contents(t, ctr.File("link")))
	require.Equal(t, "text", contents(t, ctr.File("$DIR/new", dagger.ContainerFileOpts{Expand: true})))
	require.Equal(t, []string{"f", "new"}, entries(t, ctr.Directory("$DIR", dagger.ContainerDirectoryOpts{Expand: true})))
	require.Equal(t, "1", contents(t, ctr.Directory("dir").File("f")))
	require.Equal(t, []string{"d/", "f"}, entries(t, ctr.Rootfs().Directory("w/dir")))
	ok, err := ctr.Exists(t.Context(), "$DIR/new", dagger.ContainerExistsOpts{Expand: true})
	require.NoError(t, err)
	require.True(t, ok)
}

func testContainerWithout(t *testing.T, e *env) {
	ctr := e.box(t).WithEnvVariable("NAME", "a").WithWorkdir("/w").WithDirectory(".", e.treeOf(map[string]string{"a": "", "b": "", "c": "", "d/e": "", "d/f": ""}))
	at := func(c *dagger.Container) []string { t.Helper(); return entries(t, c.Directory("/w")) }
	require.Equal(t, []string{"b", "c", "d/"}, at(ctr.WithoutFile("a")))
	require.Equal(t, []string{"b", "c", "d/"}, at(ctr.WithoutFile("$NAME", dagger.ContainerWithoutFileOpts{Expand: true})))
	require.Equal(t, []string{"c", "d/"}, at(ctr.WithoutFiles([]string{"a", "/w/b"})))
	require.Equal(t, []string{"a", "b", "c"}, at(ctr.WithoutDirectory("d")))
	require.Equal(t, []string{"a", "b", "c", "d/"}, at(ctr.WithoutDirectory("none")))
	require.Equal(t, "a\nb\nc\n", run(t, ctr.WithoutDirectory("/w/d/"), "ls", "/w"))
}

func testRootfs(t *testing.T, e *env) {
	ctr := e.bare(t).WithEnvVariable("A", "1").WithMountedDirectory("/m", e.treeOf(map[string]string{"x": ""})).WithNewFile("/f", "")
	require.Equal(t, []string{"bin/", "f"}, entries(t, ctr.Rootfs()), "mounts are no part of it")
	require.Equal(t, []string{"bin/", "f", "proc/", "sys/"}, entries(t, ctr.WithExec(box("true")).Rootfs()), "nor are their places")
	other := ctr.WithRootfs(ctr.Rootfs().WithoutFile("f").WithNewFile("g", ""))
	require.Equal(t, []string{"bin/", "g"}, entries(t, other.Rootfs()))
	require.Equal(t, lines("1"), run(t, other, "env", "A"), "the configuration stays")
	sub := e.c.Container().WithRootfs(e.c.Directory().WithDirectory("deep/root", e.box(t).Rootfs()).Directory("deep/root"))
	require.Equal(t, "hi\n", run(t, sub, "echo", "hi"), "a directory within another")
}

func testExecChangesFiles(t *testing.T, e *env) {
	ctr := e.bare(t).WithNewFile("/keep", "k").WithNewFile("/gone", "g").
		WithExec(box("mkdir", "/made/deep", ";", "write", "/made/f", "one", ";", "rm", "/gone", ";", "ln", "f", "/made/l", ";",
			"link", "/made/f", "/made/hard", ";", "chmod", "640", "/made/f", ";", "chown", "9", "/made/deep", ";", "fifo", "/made/pipe", ";", "chmod", "4755", "/keep"))
	require.Equal(t, []string{"bin/", "keep", "made/", "proc/", "sys/"}, entries(t, ctr.Rootfs()))
	require.Equal(t, lines(
		"/made/deep dir 0755 9:9 0",
		"/made/f file 0640 0:0 3",
		"/made/hard file 0640 0:0 3",
		"/made/l link 0777 0:0 1 -> f",
		"/made/pipe fifo 0644 0:0 0",
	), run(t, ctr, "tree", "/made"))
	require.Contains(t, run(t, ctr, "stat", "/keep"), "4755")
	require.Contains(t, run(t, e.box(t).WithDirectory("/copy", ctr.Directory("/made")), "tree", "/copy"), "/copy/pipe fifo")
	require.Equal(t, "k", contents(t, ctr.File("/keep")))
	require.Equal(t, []string{"bin/", "proc/", "sys/"}, entries(t, e.bare(t).WithExec(box("true")).Rootfs()), "an exec leaves no more than where BuildKit mounts")
}

func testUnknownOwner(t *testing.T, e *env) {
	_, err := e.withAccounts(t).WithNewFile("/f", "", dagger.ContainerWithNewFileOpts{Owner: "stranger"}).Sync(t.Context())
	require.ErrorContains(t, err, "stranger")
	_, err = e.withAccounts(t).WithDirectory("/d", e.c.Directory(), dagger.ContainerWithDirectoryOpts{Owner: "worker:strangers"}).Sync(t.Context())
	require.ErrorContains(t, err, "strangers")
	_, err = e.c.Directory().WithFile("f", e.c.File("f", ""), dagger.DirectoryWithFileOpts{Owner: "worker"}).Sync(t.Context())
	require.ErrorContains(t, err, "a directory has no accounts")
}

func testLabelsAnnotationsPortsPlatform(t *testing.T, e *env) {
	ctx := t.Context()
	ctr := e.c.Container().WithLabel("b", "2").WithLabel("a", "1").WithLabel("gone", "x").WithoutLabel("gone").WithoutLabel("none").
		WithAnnotation("x", "y").WithAnnotation("gone", "").WithoutAnnotation("gone")
	value, err := ctr.Label(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, "1", value)
	value, err = ctr.Label(ctx, "gone")
	require.NoError(t, err)
	require.Empty(t, value)
	labels, err := ctr.Labels(ctx)
	require.NoError(t, err)
	got := map[string]string{}
	for _, l := range labels {
		name, err := l.Name(ctx)
		require.NoError(t, err)
		got[name], err = l.Value(ctx)
		require.NoError(t, err)
	}
	require.Equal(t, map[string]string{"a": "1", "b": "2"}, got)

	ctr = ctr.WithExposedPort(80).WithExposedPort(53, dagger.ContainerWithExposedPortOpts{Protocol: dagger.NetworkProtocolUdp, Description: "names", ExperimentalSkipHealthcheck: true}).
		WithExposedPort(53).WithExposedPort(99).WithoutExposedPort(99)
	ports, err := ctr.ExposedPorts(ctx)
	require.NoError(t, err)
	var list []any
	for _, p := range ports {
		number, err := p.Port(ctx)
		require.NoError(t, err)
		protocol, err := p.Protocol(ctx)
		require.NoError(t, err)
		description, err := p.Description(ctx)
		require.NoError(t, err)
		skip, err := p.ExperimentalSkipHealthcheck(ctx)
		require.NoError(t, err)
		list = append(list, []any{number, protocol, description, skip})
	}
	require.Equal(t, []any{
		[]any{80, dagger.NetworkProtocolTcp, "", false},
		[]any{53, dagger.NetworkProtocolUdp, "names", true},
		[]any{53, dagger.NetworkProtocolTcp, "", false},
	}, list)
	_, err = ctr.WithExposedPort(70000).Sync(ctx)
	require.ErrorContains(t, err, "invalid port 70000")

	platform, err := e.c.DefaultPlatform(ctx)
	require.NoError(t, err)
	own, err := ctr.Platform(ctx)
	require.NoError(t, err)
	require.Equal(t, platform, own)
	other, err := e.c.Container(dagger.ContainerOpts{Platform: "linux/arm64/v8"}).Platform(ctx)
	require.NoError(t, err)
	require.Equal(t, dagger.Platform("linux/arm64"), other)
	_, err = e.c.Container(dagger.ContainerOpts{Platform: "no/such/thing/here"}).Platform(ctx)
	require.ErrorContains(t, err, "invalid platform")
}
