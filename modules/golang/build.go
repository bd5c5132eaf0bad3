package golang

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"dagger.io/dagger"
)

// BuildOptions describe a program to build. The zero value builds the module's
// main package for the engine's platform.
type BuildOptions struct {
	// Package is the main package, as `go build` takes it. Default ".".
	Package string
	// Output is the program's file name. Default: the one that `go build` gives.
	Output string
	// LDFlags is for the linker. Default "-s -w", which leaves the symbol table
	// and debugging information out; a space keeps them.
	LDFlags string
	// Version is put into the variable main.version.
	Version string
	// Tags are build tags.
	Tags []string
	// Platform is what the program is for, such as "linux/arm64". Any is built
	// without emulation. Default: the engine's.
	Platform dagger.Platform
	// Env holds further environment variables of the build.
	Env map[string]string
	// CGO builds C code too. It needs Options.Image or Options.Base.
	CGO bool
}

// Build returns the program as a file, which is built when something asks for
// it. The result depends on the source, the Go version and the options alone:
// paths and version control data stay out of it.
func (g *Golang) Build(ctx context.Context, opts BuildOptions) (*dagger.File, error) {
	b, err := g.describeBuild(ctx, opts)
	if err != nil {
		return nil, err
	}
	ctr, err := g.Download(ctx)
	if err != nil {
		return nil, err
	}
	ctr = g.withSource(ctr, g.source)
	for _, name := range sortedKeys(b.env) {
		ctr = ctr.WithEnvVariable(name, b.env[name])
	}
	return ctr.WithExec(b.args).File(b.output), nil
}

// build is a `go build` command.
type build struct {
	args   []string
	env    map[string]string
	output string // path of the program in the container
}

// describeBuild turns options into the command to run.
func (g *Golang) describeBuild(ctx context.Context, opts BuildOptions) (build, error) {
	d, err := g.describe(ctx)
	if err != nil {
		return build{}, err
	}
	if opts.Platform, err = g.platform(ctx, opts.Platform); err != nil {
		return build{}, err
	}
	if opts.CGO && !g.opts.hasCompiler() {
		return build{}, errors.New("golang: cgo needs a C compiler, which the published toolchain does not bring: set Options.Image or Options.Base")
	}
	return opts.withDefaults(d).command()
}

func (o BuildOptions) withDefaults(d description) BuildOptions {
	if o.Package == "" {
		o.Package = "."
	}
	if o.Output == "" {
		o.Output = d.programName(o.Package)
	}
	if o.LDFlags == "" {
		o.LDFlags = "-s -w"
	}
	return o
}

// command returns the command for options that have their defaults.
func (o BuildOptions) command() (build, error) {
	if o.Output != path.Base(o.Output) || o.Output == "." || o.Output == ".." {
		return build{}, fmt.Errorf("golang: Output %q is not a file name", o.Output)
	}
	t, err := targetOf(o.Platform)
	if err != nil {
		return build{}, err
	}
	ldflags, err := o.linkerFlags()
	if err != nil {
		return build{}, err
	}
	b := build{env: t.env(), output: outPath + "/" + o.Output}
	b.args = []string{"go", "build", "-trimpath", "-buildvcs=false"}
	if ldflags != "" {
		b.args = append(b.args, "-ldflags="+ldflags)
	}
	if len(o.Tags) > 0 {
		b.args = append(b.args, "-tags="+strings.Join(o.Tags, ","))
	}
	b.args = append(b.args, "-o", b.output, o.Package)
	if o.CGO {
		b.env["CGO_ENABLED"] = "1"
	}
	for name, value := range o.Env {
		b.env[name] = value
	}
	return b, nil
}

// linkerFlags returns the value of -ldflags, in which the Go command splits
// words at spaces outside of quotes.
func (o BuildOptions) linkerFlags() (string, error) {
	flags := strings.TrimSpace(o.LDFlags)
	if o.Version == "" {
		return flags, nil
	}
	if strings.ContainsAny(o.Version, "'\"\n") {
		return "", fmt.Errorf("golang: Version %q has quotes or line ends", o.Version)
	}
	stamp := "-X main.version=" + o.Version
	if strings.ContainsAny(o.Version, " \t") {
		stamp = "-X 'main.version=" + o.Version + "'"
	}
	return strings.TrimSpace(flags + " " + stamp), nil
}
