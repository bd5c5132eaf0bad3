package rust

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"
)

// BuildOptions describe a program to build. The zero value builds the package's
// program in profile "release", as a static binary.
type BuildOptions struct {
	// Package is the workspace's package that has the program. Default: the one
	// in Options.Path.
	Package string
	// Bin is the program. Default: the package's default-run, its only one, or
	// the one that has its name.
	Bin string
	// Profile is the profile to build in. Default "release".
	Profile string
	// Features are features to turn on.
	Features []string
	// NoDefaultFeatures leaves the default ones off.
	NoDefaultFeatures bool
	// Target is the target triple, such as "x86_64-unknown-linux-musl", whose
	// standard library and linker the toolchain must have. Default: the one for
	// Platform.
	Target string
	// Platform is what the program is for, such as "linux/arm64". Debian's
	// toolchain builds for amd64 and arm64 on both, without emulation. Default:
	// the engine's.
	Platform dagger.Platform
	// Dynamic leaves the C library out of the program. Default: it is inside,
	// and the program runs on an empty root.
	Dynamic bool
	// Symbols keeps the symbol table, which is left out by default.
	Symbols bool
	// Flags are further flags of the compiler, for the target alone.
	Flags []string
	// Env holds further environment variables of the build.
	Env map[string]string
}

// Build returns the program as a file, which is built when something asks for
// it. The result depends on the source, the toolchain and the options alone.
func (r *Rust) Build(ctx context.Context, opts BuildOptions) (*dagger.File, error) {
	b, err := r.describeBuild(ctx, opts)
	if err != nil {
		return nil, err
	}
	ctr, err := r.compile(ctx, b.target, b.dependencies, b.env)
	if err != nil {
		return nil, err
	}
	return r.withCargo(ctr, b.args).File(b.output), nil
}

// build is a `cargo build` command.
type build struct {
	args         []string
	dependencies []string // the command for what the program depends on
	env          map[string]string
	output       string // path of the program in the container
	bin          string
	target       string
}

// describeBuild turns options into the command to run.
func (r *Rust) describeBuild(ctx context.Context, opts BuildOptions) (build, error) {
	p, err := r.describe(ctx)
	if err != nil {
		return build{}, err
	}
	if opts.Target, err = r.triple(ctx, opts); err != nil {
		return build{}, err
	}
	if opts.Bin == "" {
		if opts.Bin, err = p.program(r.opts.Path, opts.Package); err != nil {
			return build{}, err
		}
	}
	return opts.command(), nil
}

// command returns the command for options that name target and program.
func (o BuildOptions) command() build {
	profile := o.Profile
	if profile == "" {
		profile = "release"
	}
	folder := profile
	if profile == "dev" {
		folder = "debug"
	}
	b := build{bin: o.Bin, target: o.Target, env: map[string]string{}, output: targetPath + "/" + o.Target + "/" + folder + "/" + o.Bin}
	b.dependencies = append([]string{"cargo", "build", "--locked", "--profile=" + profile, "--target=" + o.Target}, o.selection()...)
	b.args = append(b.dependencies[:len(b.dependencies):len(b.dependencies)], "--bin="+o.Bin)
	flags := o.Flags
	if !o.Dynamic {
		flags = append([]string{"-Ctarget-feature=+crt-static"}, flags...)
	}
	// Not RUSTFLAGS, which would replace what the source's own configuration says.
	if len(flags) > 0 {
		b.env["CARGO_TARGET_"+variable(o.Target)+"_RUSTFLAGS"] = strings.Join(flags, " ")
	}
	if !o.Symbols {
		b.env["CARGO_PROFILE_"+variable(profile)+"_STRIP"] = "symbols"
	}
	for name, value := range o.Env {
		b.env[name] = value
	}
	return b
}

// selection has the arguments that say which package and features are meant.
func (o BuildOptions) selection() []string {
	var args []string
	if o.Package != "" {
		args = append(args, "--package="+o.Package)
	}
	return append(args, features(o.Features, o.NoDefaultFeatures)...)
}

func features(features []string, noDefault bool) []string {
	var args []string
	if noDefault {
		args = append(args, "--no-default-features")
	}
	if len(features) > 0 {
		args = append(args, "--features="+strings.Join(features, ","))
	}
	return args
}

// variable turns a name into a part of one of cargo's variables.
func variable(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// program returns the name of the program of a package: that in a folder of the
// source, or the one with the given name.
func (p *project) program(dir, name string) (string, error) {
	c := p.crateIn(dir)
	for _, other := range p.crates {
		if name != "" && other.Package != nil && other.Package.Name == name {
			c = other
		}
	}
	switch {
	case name != "" && (c.Package == nil || c.Package.Name != name):
		return "", fmt.Errorf("rust: there is no package %q in the source; there is: %s", name, strings.Join(p.names(), ", "))
	case c.Package == nil:
		return "", errors.New("rust: the source is a workspace of several packages: say with Package which one to build; there is: " + strings.Join(p.names(), ", "))
	case c.Package.DefaultRun != "":
		return c.Package.DefaultRun, nil
	}
	programs := c.programs(p.files)
	for _, program := range programs {
		if program == c.Package.Name || len(programs) == 1 {
			return program, nil
		}
	}
	if len(programs) == 0 {
		return "", fmt.Errorf("rust: package %s has no program", c.Package.Name)
	}
	return "", fmt.Errorf("rust: package %s has several programs: say with Bin which one to build; there is: %s", c.Package.Name, strings.Join(programs, ", "))
}
