package core

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// DockerBuildOptions say how a Dockerfile is built.
type DockerBuildOptions struct {
	Dockerfile string             // within the directory; "" is DefaultDockerfile
	Platform   *ocispecs.Platform // nil: that of the daemon, or of the base image
	BuildArgs  map[string]string
	Target     string            // the stage to build; "" is the last one
	Secrets    map[string]string // IDs in the session by the names in the Dockerfile
	SSH        string            // ID of the socket that commands and git sources reach as SSH agent, or ""
	NoInit     bool              // leave orphaned processes of RUN to its command
}

// DockerBuild describes the container that a Dockerfile builds from the
// directory. BuildKit's Dockerfile frontend runs in this process, so that the
// result does not depend on the daemon's version of it.
func (d Directory) DockerBuild(ctx context.Context, s *buildkit.Session, o DockerBuildOptions) (Container, error) {
	file, seen, err := d.dockerContext(ctx, s, o.Dockerfile)
	if err != nil {
		return Container{}, err
	}
	if err := file.checkSyntax(o.BuildArgs["BUILDKIT_SYNTAX"]); err != nil {
		return Container{}, err
	}
	files, err := freeze(ctx, seen)
	if err != nil {
		return Container{}, err
	}
	lint := &findings{file: file}
	var result *dockerfile2llb.Result
	err = s.WithImages(ctx, func(ctx context.Context, gw gateway.Client) error {
		client, err := o.client(gw, files.state)
		if err != nil {
			return err
		}
		result, err = dockerfile2llb.Dockerfile2LLB(ctx, file.data, dockerfile2llb.ConvertOpt{
			Client: client, Config: client.Config, TargetPlatform: o.Platform, MetaResolver: gw,
			SourceMap: llb.NewSourceMap(nil, file.name, "Dockerfile", file.data),
			Warn:      lint.add,
		})
		return err
	})
	s.Warn("check "+file.name, lint.all)
	if err != nil {
		return Container{}, file.explain(err)
	}
	return o.container(ctx, s, result, files.ops)
}

// client has BuildKit's own code understand the options, among them the build
// arguments that have a meaning of their own.
func (o DockerBuildOptions) client(gw gateway.Client, files llb.State) (*dockerui.Client, error) {
	opts := map[string]string{"target": o.Target}
	for name, value := range o.BuildArgs {
		opts["build-arg:"+name] = value
	}
	client, err := dockerui.NewClient(frontendClient{gw, opts, map[string]llb.State{dockerui.DefaultLocalNameContext: files}})
	if err != nil {
		return nil, fmt.Errorf("reading the build arguments: %w", err)
	}
	return client, nil
}

// frontendClient is the gateway client of a frontend that was called with
// options and inputs.
type frontendClient struct {
	gateway.Client
	opts   map[string]string
	inputs map[string]llb.State
}

// BuildOpts implements gateway.Client.
func (c frontendClient) BuildOpts() gateway.BuildOpts {
	opts := c.Client.BuildOpts()
	opts.Opts = maps.Clone(c.opts)
	return opts
}

// Inputs implements gateway.Client.
func (c frontendClient) Inputs(context.Context) (map[string]llb.State, error) { return c.inputs, nil }

// container is the container that the Dockerfile describes. Ops of the context
// are left as they are.
func (o DockerBuildOptions) container(ctx context.Context, s *buildkit.Session, result *dockerfile2llb.Result, context map[digest.Digest]bool) (Container, error) {
	platform := result.Image.Platform
	if platform.Architecture == "" {
		platform = s.Platform()
	}
	c := NewContainer(platform).fromConfig(result.Image.Config)
	def, err := result.State.Marshal(ctx, llb.Platform(platform))
	if err != nil {
		return c, fmt.Errorf("describing the build: %w", err)
	}
	runs := &dockerRuns{secrets: o.Secrets, ssh: o.SSH, noInit: o.NoInit, foreign: context}
	c.FS, err = runs.rewrite(ctx, def.ToPB())
	return c, err
}

// findings are what the linter finds in a Dockerfile, some of it while base
// images are resolved side by side.
type findings struct {
	file *dockerfile
	mu   sync.Mutex
	all  []buildkit.Warning
}

func (f *findings) add(rule, description, url, msg string, at []parser.Range) {
	w := buildkit.Warning{Detail: description, URL: url, File: f.file.name, Source: f.file.data}
	line := 0
	for _, r := range at {
		line = at[0].Start.Line
		w.Ranges = append(w.Ranges, &pb.Range{Start: position(r.Start), End: position(r.End)})
	}
	w.Short = linter.LintFormatShort(rule, msg, line)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, w)
}

func position(p parser.Position) *pb.Position {
	return &pb.Position{Line: int32(p.Line), Character: int32(p.Character)} //nolint:gosec // within a file of 16 MiB
}

// frozen is a directory whose definition does not change any more.
type frozen struct {
	state llb.State
	ops   map[digest.Digest]bool
}

func freeze(ctx context.Context, d Directory) (frozen, error) {
	def, err := d.State.Marshal(ctx, llb.Platform(d.Platform))
	if err != nil {
		return frozen{}, fmt.Errorf("describing the build context: %w", err)
	}
	f := frozen{ops: map[digest.Digest]bool{}}
	for _, raw := range def.Def {
		f.ops[digest.FromBytes(raw)] = true
	}
	f.state, err = stateOf(def.ToPB())
	return f, err
}

// stateOf is the state that a definition describes.
func stateOf(def *pb.Definition) (llb.State, error) {
	if len(def.Def) == 0 {
		return llb.Scratch(), nil
	}
	op, err := llb.NewDefinitionOp(def)
	if err != nil {
		return llb.State{}, fmt.Errorf("reading a definition: %w", err)
	}
	return llb.NewState(op), nil
}
