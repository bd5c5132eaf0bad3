package golang_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	bkclient "github.com/moby/buildkit/client"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/modules/golang"
	"github.com/bodkin-ci/bodkin/modules/internal/moduletest"
)

var tests = moduletest.New(func(ctx context.Context, address string) (*dagger.Client, error) {
	return engine.Connect(ctx, engine.WithAddress(address))
})

func TestMain(m *testing.M) { tests.Main(m) }

func client(t testing.TB) *dagger.Client {
	t.Helper()
	return tests.Client(t)
}

const hello = `package main

import "fmt"

var version = "none"

func main() { fmt.Println("hello", version) }
`

// source returns a module with a program.
func source(c *dagger.Client, goMod string) *dagger.Directory {
	return c.Directory().
		WithNewFile("go.mod", "module example.com/hello\n\n"+goMod).
		WithNewFile("main.go", hello)
}

func export(t *testing.T, f *dagger.File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	_, err := f.Export(context.Background(), path)
	require.NoError(t, err)
	return path
}

func TestBuild(t *testing.T) {
	c, ctx := client(t), context.Background()
	file, err := golang.New(c, source(c, "go 1.26\n"), golang.Options{}).Build(ctx, golang.BuildOptions{Version: "v1.2.3"})
	require.NoError(t, err)
	out, err := exec.Command(export(t, file)).Output()
	require.NoError(t, err)
	require.Equal(t, "hello v1.2.3\n", string(out))
}

func TestBuildForOtherPlatforms(t *testing.T) {
	c, ctx := client(t), context.Background()
	g := golang.New(c, source(c, "go 1.26\n"), golang.Options{})
	for platform, magic := range map[dagger.Platform]string{
		"linux/arm64":   "\x7fELF",
		"windows/amd64": "MZ",
		"darwin/arm64":  "\xcf\xfa\xed\xfe",
	} {
		file, err := g.Build(ctx, golang.BuildOptions{Platform: platform})
		require.NoError(t, err)
		content, err := os.ReadFile(export(t, file))
		require.NoError(t, err)
		require.Equal(t, magic, string(content[:len(magic)]), platform)
	}
}

func TestBuildGivesTheSameBytesFromAnyFolder(t *testing.T) {
	c, ctx := client(t), context.Background()
	var contents []string
	for _, dir := range []string{".", "deep/down"} {
		src := c.Directory().WithDirectory(dir, source(c, "go 1.26\n"))
		file, err := golang.New(c, src, golang.Options{Path: dir}).Build(ctx, golang.BuildOptions{})
		require.NoError(t, err)
		content, err := os.ReadFile(export(t, file))
		require.NoError(t, err)
		contents = append(contents, string(content))
	}
	require.True(t, contents[0] == contents[1], "the folder shows in the program")
}

func TestDependencies(t *testing.T) {
	c, ctx := client(t), context.Background()
	const sum = "rsc.io/quote v1.5.2 h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=\n" +
		"rsc.io/quote v1.5.2/go.mod h1:LzX7hefJvL54yjefDEDHNONDjII0t9xZLPXsUe+TKr0=\n" +
		"rsc.io/sampler v1.3.0 h1:7uVkIFmeBqHfdjD+gZwtXXI+RODJ2Wc4O7MPEh/QiW4=\n" +
		"rsc.io/sampler v1.3.0/go.mod h1:T1hPZKmBbMNahiBKFy5HrXp6adAjACjK9JXDnKaTXpA=\n" +
		"golang.org/x/text v0.0.0-20170915032832-14c0d48ead0c h1:qgOY6WgZOaTkIIMiVjBQcw93ERBE4m30iBm00nkL0i8=\n" +
		"golang.org/x/text v0.0.0-20170915032832-14c0d48ead0c/go.mod h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=\n"
	src := c.Directory().
		WithNewFile("app/go.mod", "module example.com/app\n\ngo 1.24\n\nrequire (\n\texample.com/lib v0.0.0\n\trsc.io/quote v1.5.2\n)\n\nrequire (\n\tgolang.org/x/text v0.0.0-20170915032832-14c0d48ead0c // indirect\n\trsc.io/sampler v1.3.0 // indirect\n)\n\nreplace example.com/lib => ../lib\n").
		WithNewFile("app/go.sum", sum).
		WithNewFile("app/main.go", "package main\n\nimport (\n\t\"example.com/lib\"\n\t\"rsc.io/quote\"\n)\n\nfunc main() { println(lib.Name, quote.Go()) }\n").
		WithNewFile("lib/go.mod", "module example.com/lib\n\ngo 1.24\n").
		WithNewFile("lib/lib.go", "package lib\n\nconst Name = \"lib\"\n")
	file, err := golang.New(c, src, golang.Options{Path: "app"}).Build(ctx, golang.BuildOptions{})
	require.NoError(t, err)
	out, err := exec.Command(export(t, file)).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "lib Don't communicate by sharing memory, share memory by communicating.\n", string(out))
}

// TestEditFetchesNothing sees from the engine's progress what a second client
// has to run after an edit of the source.
func TestEditFetchesNothing(t *testing.T) {
	client(t)
	if os.Getenv("DAGGER_SESSION_PORT") != "" {
		t.Skip("a Dagger engine reports its progress itself")
	}
	ctx := context.Background()
	unique := strconv.FormatInt(time.Now().UnixNano(), 10)
	// run builds a source that no other test has and returns the commands that
	// the engine ran.
	run := func(edit string) []string {
		seen := commands{ran: map[string]bool{}}
		c, err := engine.Connect(ctx, engine.WithAddress(moduletest.Address()), engine.WithProgress(seen.update))
		require.NoError(t, err)
		src := source(c, "go 1.26\n// "+unique+"\n").WithNewFile("edited.go", "package main // "+edit)
		file, err := golang.New(c, src, golang.Options{Settings: map[string]string{"GOPROXY": "https://" + edit + ".example"}}).
			Build(ctx, golang.BuildOptions{})
		require.NoError(t, err)
		_, err = file.Sync(ctx)
		require.NoError(t, err)
		require.NoError(t, c.Close())
		return slices.Sorted(maps.Keys(seen.ran))
	}
	require.Equal(t, []string{"go build", "go mod download"}, run("one"))
	require.Equal(t, []string{"go build"}, run("two"))
	require.Empty(t, run("two"))
}

// commands collects the Go commands that were not cached.
type commands struct{ ran map[string]bool }

func (c *commands) update(status *bkclient.SolveStatus) {
	for _, v := range status.Vertexes {
		for _, name := range []string{"go build", "go mod download"} {
			if v.Completed != nil && !v.Cached && strings.Contains(v.Name, name) {
				c.ran[name] = true
			}
		}
	}
}

func TestBase(t *testing.T) {
	c, ctx := client(t), context.Background()
	base := c.Container().WithNewFile("/etc/marker", "base").WithDirectory("/tmp", c.Directory()).WithEnvVariable("PATH", "/sbin")
	src := source(c, "go 1.26\n").WithNewFile("c.go", "package main\n\nimport \"C\"\n")
	g := golang.New(c, src, golang.Options{Base: base, Version: golang.DefaultVersion})
	ctr, err := g.Base(ctx)
	require.NoError(t, err)
	out, err := ctr.WithExec([]string{"go", "version"}).Stdout(ctx)
	require.NoError(t, err)
	require.Contains(t, out, "go version go"+golang.DefaultVersion+" linux/")
	marker, err := ctr.File("/etc/marker").Contents(ctx)
	require.NoError(t, err)
	require.Equal(t, "base", marker)

	file, err := g.Build(ctx, golang.BuildOptions{CGO: true})
	require.NoError(t, err)
	_, err = file.Sync(ctx)
	var failed *dagger.ExecError
	require.ErrorAs(t, err, &failed)
	require.Contains(t, failed.Stderr, "gcc", "cgo was asked for and this base has no compiler")
}

func TestWorkspace(t *testing.T) {
	c, ctx := client(t), context.Background()
	src := c.Directory().
		WithNewFile("go.work", "go 1.26\n\nuse (\n\t./app\n\t./lib\n)\n").
		WithNewFile("app/go.mod", "module example.com/app\n\ngo 1.24\n").
		WithNewFile("app/main.go", "package main\n\nimport \"example.com/lib\"\n\nfunc main() { println(lib.Name) }\n").
		WithNewFile("lib/go.mod", "module example.com/lib\n\ngo 1.24\n").
		WithNewFile("lib/lib.go", "package lib\n\nconst Name = \"lib\"\n")
	file, err := golang.New(c, src, golang.Options{Path: "app"}).Build(ctx, golang.BuildOptions{})
	require.NoError(t, err)
	out, err := exec.Command(export(t, file)).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "lib\n", string(out))
}

func TestErrors(t *testing.T) {
	c, ctx := client(t), context.Background()
	build := func(src *dagger.Directory, opts golang.Options, b golang.BuildOptions) error {
		file, err := golang.New(c, src, opts).Build(ctx, b)
		if err == nil {
			_, err = file.Sync(ctx)
		}
		return err
	}
	web := c.Directory().WithNewFile("package.json", "{}")
	err := build(web, golang.Options{}, golang.BuildOptions{})
	var noModule *golang.NotModuleError
	require.ErrorAs(t, err, &noModule)
	require.Equal(t, []string{"package.json"}, noModule.Entries)

	err = build(web, golang.Options{Path: "api"}, golang.BuildOptions{})
	require.ErrorContains(t, err, "listing folder api of the source: ")

	err = build(source(c, "go 1.21.99\n"), golang.Options{}, golang.BuildOptions{})
	require.ErrorContains(t, err, "getting the Go toolchain 1.21.99 for linux/")

	err = build(source(c, "go 1.26\n"), golang.Options{}, golang.BuildOptions{CGO: true})
	require.ErrorContains(t, err, "cgo needs a C compiler")

	err = build(source(c, "go 1.26\n").WithNewFile("broken.go", "package main\n\nfunc f() { undefined() }\n"), golang.Options{}, golang.BuildOptions{})
	var failed *dagger.ExecError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, 1, failed.ExitCode)
	require.Contains(t, failed.Stderr, "undefined: undefined")
}

func TestImage(t *testing.T) {
	c, ctx := client(t), context.Background()
	g := golang.New(c, source(c, "go 1.26\n"), golang.Options{})
	image, err := g.Image(ctx, golang.ImageOptions{
		Build:     golang.BuildOptions{Version: "v1"},
		CABundle:  c.File("ca.pem", "certificates"),
		TimeZones: c.Directory().WithNewFile("Europe/Berlin", "zone"),
		Ports:     []int{8080},
		Source:    "https://example.com/hello",
		Env:       map[string]string{"MODE": "production"},
	})
	require.NoError(t, err)
	files, err := image.Rootfs().Glob(ctx, "**/*")
	require.NoError(t, err)
	require.Subset(t, files, []string{"etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt", "usr/share/zoneinfo/Europe/Berlin", "usr/local/bin/hello"})

	user, err := image.User(ctx)
	require.NoError(t, err)
	require.Equal(t, golang.DefaultUser, user)
	entrypoint, err := image.Entrypoint(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"/usr/local/bin/hello"}, entrypoint)
	label, err := image.Label(ctx, "org.opencontainers.image.version")
	require.NoError(t, err)
	require.Equal(t, "v1", label)
	ports, err := image.ExposedPorts(ctx)
	require.NoError(t, err)
	require.Len(t, ports, 1)

	out, err := image.WithExec(nil, dagger.ContainerWithExecOpts{UseEntrypoint: true}).Stdout(ctx)
	require.NoError(t, err)
	require.Equal(t, "hello v1\n", out)
}

func TestImageForAnotherPlatform(t *testing.T) {
	c, ctx := client(t), context.Background()
	image, err := golang.New(c, source(c, "go 1.26\n"), golang.Options{}).
		Image(ctx, golang.ImageOptions{Build: golang.BuildOptions{Platform: "linux/arm64"}})
	require.NoError(t, err)
	platform, err := image.Platform(ctx)
	require.NoError(t, err)
	require.Equal(t, dagger.Platform("linux/arm64"), platform)
}
