package golang

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"path"
	"strconv"
	"strings"

	"dagger.io/dagger"
)

// keptPath is where test programs stay from one run to the next.
const keptPath = "/kept"

//go:embed internal/linktests/main.go
var linktestsSource string

// compileTests builds the tests. What was linked before is kept in a cache
// volume, since Go takes most of its time to link and leaves alone what is up
// to date. Packages with the same name take a command each.
func (g *Golang) compileTests(ctx context.Context, opts TestOptions, tests []testPackage) (*dagger.Directory, error) {
	if len(tests) == 0 {
		return g.dag.Directory(), nil
	}
	ctr, err := g.testBuilder(ctx, opts)
	if err != nil {
		return nil, err
	}
	linker, err := g.linktests(ctx)
	if err != nil {
		return nil, err
	}
	const program = programsFolder + "/linktests"
	// Two runs at once take turns: each copies what it has linked itself.
	ctr = ctr.WithMountedFile(program, linker).
		WithMountedCache(keptPath, g.dag.CacheVolume(g.opts.CachePrefix+"-tests-"+keptName(opts, tests)),
			dagger.ContainerWithMountedCacheOpts{Sharing: dagger.CacheSharingModeLocked})
	for i, group := range groupTests(tests) {
		kept, out := keptPath, outPath
		if i > 0 {
			kept, out = path.Join(keptPath, strconv.Itoa(i)), path.Join(outPath, strconv.Itoa(i))
		}
		args := []string{program, kept, out}
		packages := make([]string, len(group))
		for j, p := range group {
			args, packages[j] = append(args, path.Base(p.binary())), p.path
		}
		// Without debugging information, which takes the linker most of its time
		// and which tests that are only run do not need: go test does the same.
		args = append(args, "--", "go", "test", "-c", "-ldflags=-s -w", "-o", kept+"/")
		ctr = ctr.WithExec(append(append(args, opts.flags()...), packages...))
	}
	return ctr.Directory(outPath), nil
}

// linktests compiles the program that links tests.
func (g *Golang) linktests(ctx context.Context) (*dagger.File, error) {
	base, err := g.Base(ctx)
	if err != nil {
		return nil, err
	}
	const source, program = "/linktests/main.go", outPath + "/linktests"
	return base.WithNewFile(source, linktestsSource).
		WithExec([]string{"go", "build", "-trimpath", "-o", program, source}).File(program), nil
}

// groupTests returns the packages in groups without two of one name.
func groupTests(tests []testPackage) [][]testPackage {
	var groups [][]testPackage
	for _, p := range tests {
		if p.group == len(groups) {
			groups = append(groups, nil)
		}
		groups[p.group] = append(groups[p.group], p)
	}
	return groups
}

// keptName names the volume of what is linked: modules, and ways to compile one,
// would replace each other's programs.
func keptName(opts TestOptions, tests []testPackage) string {
	sum := sha256.Sum256([]byte(strings.Join(append(opts.flags(), tests[0].path), "\x00")))
	return hex.EncodeToString(sum[:6])
}
