package api

import (
	"context"
	"fmt"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// buildArg is the API's input BuildArg.
type buildArg struct{ Name, Value string }

type dockerBuildArgs struct {
	Dockerfile string
	Platform   Platform
	BuildArgs  []buildArg
	Target     string
	Secrets    []graphql.ID
	NoInit     bool
	SSH        graphql.ID
}

// DockerBuild builds a container as a Dockerfile says. In a session the same
// call is answered once: the base images stay what they were.
func (d *Directory) DockerBuild(ctx context.Context, args dockerBuildArgs) (*Container, error) {
	built := &Container{node: d.derive("Container", "dockerBuild", args)}
	if known, ok := d.srv.objects.Load(built.typ + "@" + built.digest); ok {
		return known.(*Container), nil
	}
	o, err := args.options(d.srv)
	if err != nil {
		return nil, err
	}
	if built.v, err = d.v.DockerBuild(ctx, d.srv.session, o); err != nil {
		return nil, wrap(err)
	}
	built.register(built)
	return built, nil
}

func (a dockerBuildArgs) options(s *Server) (core.DockerBuildOptions, error) {
	o := core.DockerBuildOptions{
		Dockerfile: a.Dockerfile, Target: a.Target, NoInit: a.NoInit, BuildArgs: map[string]string{}, Secrets: map[string]string{},
	}
	if a.SSH != "" {
		agent, err := load[*Socket](s, a.SSH)
		if err != nil {
			return o, err
		}
		o.SSH = agent.id
	}
	if a.Platform != "" {
		platform, err := a.Platform.parse(s.session.Platform())
		if err != nil {
			return o, err
		}
		o.Platform = &platform
	}
	for _, arg := range a.BuildArgs {
		o.BuildArgs[arg.Name] = arg.Value
	}
	secrets, err := loadAll[*Secret](s, a.Secrets)
	if err != nil {
		return o, err
	}
	for _, secret := range secrets {
		if secret.name == "" {
			return o, fmt.Errorf("secret %s has no name, by which a Dockerfile could ask for it: make one with setSecret", secret.uri)
		}
		o.Secrets[secret.name] = secret.id
	}
	return o, nil
}
