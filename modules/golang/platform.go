package golang

import (
	"context"
	"fmt"

	"dagger.io/dagger"
	"github.com/containerd/platforms"
)

// target is what a platform means to the Go command.
type target struct {
	os, arch string
	// levelName and level are a variable such as GOARM and its value; "" for
	// none.
	levelName, level string
}

// targetOf understands a platform such as "linux/arm/v7".
func targetOf(platform dagger.Platform) (target, error) {
	p, err := platforms.Parse(string(platform))
	if err != nil {
		return target{}, fmt.Errorf("reading platform %q: %w", platform, err)
	}
	t := target{os: p.OS, arch: p.Architecture}
	switch {
	case p.Architecture == "arm" && p.Variant != "":
		t.levelName, t.level = "GOARM", p.Variant[1:]
	case p.Architecture == "amd64" && p.Variant != "":
		t.levelName, t.level = "GOAMD64", p.Variant
	}
	return t, nil
}

// env returns the variables that have the Go command build for the target.
func (t target) env() map[string]string {
	env := map[string]string{"GOOS": t.os, "GOARCH": t.arch}
	if t.levelName != "" {
		env[t.levelName] = t.level
	}
	return env
}

// platform returns the given platform, or the engine's where none is given.
func (g *Golang) platform(ctx context.Context, given dagger.Platform) (dagger.Platform, error) {
	if given != "" {
		return given, nil
	}
	p, err := g.dag.DefaultPlatform(ctx)
	if err != nil {
		return "", fmt.Errorf("asking the engine for its platform: %w", err)
	}
	return p, nil
}
