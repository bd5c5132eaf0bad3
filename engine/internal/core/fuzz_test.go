package core

import (
	"path"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
)

// FuzzPath: whatever the path, what it names lies in the container and in the directory.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"", "/", ".", "..", "../../x", "/a/../../b", "a//b/", "./", "~/x", "\x00", "a\xff", strings.Repeat("../", 100) + "etc"} {
		f.Add(p, "/work", "sub/dir")
	}
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	f.Fuzz(func(t *testing.T, p, workdir, sub string) {
		ctr := NewContainer(platform).WithWorkdir(workdir).WithMount(Mount{Kind: MountCache, Target: sub})
		abs := ctr.Abs(p)
		inside(t, abs)
		if file, err := ctr.File(p); err == nil {
			inside(t, file.Path)
		}
		dir := NewDirectory(platform)
		dir.Path = path.Clean("/" + sub)
		in := path.Clean(dir.in(p))
		inside(t, in)
		require.True(t, dir.Path == "/" || in == dir.Path || strings.HasPrefix(in, dir.Path+"/"), "%q leads out of %q: %q", p, dir.Path, in)
	})
}

// inside checks that a path is absolute and leads nowhere else.
func inside(t *testing.T, p string) {
	t.Helper()
	require.True(t, path.IsAbs(p), p)
	for part := range strings.SplitSeq(p, "/") {
		require.NotEqual(t, "..", part, p)
	}
}

// FuzzPattern: any glob is refused or matched, in reasonable time, and a name that was
// made a pattern of matches itself.
func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{"**", "*.go", "**/a?[b-c]*", "{a,b{c,d}}/**", "[", "{", "\\", "**/**/**/**/x", strings.Repeat("{a,b}", 40), strings.Repeat("*a", 40) + "b", strings.Repeat("**/", 30) + "z"} {
		f.Add(pattern, "a/b/c.go")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 1000 || len(name) > 1000 {
			return
		}
		if validPattern(pattern) == nil {
			_, _ = doublestar.Match(pattern, name)
		}
		if name != "" && !strings.ContainsAny(name, "\x00/") {
			ok, err := path.Match(escapePattern(name), name)
			require.NoError(t, err, name)
			require.True(t, ok, name)
		}
	})
}

// FuzzIgnore: any .gitignore and .dockerignore is read, and matched in reasonable time.
func FuzzIgnore(f *testing.F) {
	for _, content := range []string{"*.o\n!keep.o\n/a/\n", "**/x/**\r\n#c\n\\#d", "[", "a**b\n" + strings.Repeat("**/", 20) + "y", " \n\t", "\xff\n"} {
		f.Add(content, "a/b/c.o")
	}
	f.Fuzz(func(t *testing.T, content, name string) {
		if len(content) > 2000 || len(name) > 500 {
			return
		}
		matcher := gitignore.NewMatcher(parseIgnore(content, domainOf(name)))
		matcher.Match(strings.Split(name, "/"), false)
		matcher.Match(strings.Split(name, "/"), true)
		_, _ = parseDockerignore("ignore", []byte(content))
	})
}

// FuzzTexts reads variables files and JSON.
func FuzzTexts(f *testing.F) {
	for _, text := range []string{"A=1\nB=${A:-x}\n", "export C='d'", "A=$(x)", `{"a":[1,{"b":null}]}`, `"\ud800"`, "A=\"\\\n", "A=${A}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		_ = ParseEnvFile(text)
		_, _ = ParseJSON([]byte(text))
		_, _ = NewContainer(ocispecs.Platform{OS: "linux", Architecture: "amd64"}).WithEnvVariable("A", "b").Expand(text)
	})
}
