package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// User is what commands run as.
func (c *Container) User() string { return c.v.Config.User }

// Workdir is the working folder.
func (c *Container) Workdir() string { return c.v.Config.WorkingDir }

// Entrypoint is the image's entrypoint.
func (c *Container) Entrypoint() []string { return orEmpty(c.v.Config.Entrypoint) }

// DefaultArgs are the arguments of a command that is given none.
func (c *Container) DefaultArgs() []string { return orEmpty(c.v.Config.Cmd) }

type nameArgs struct{ Name string }

type nameValueArgs struct{ Name, Value string }

// WithUser sets the user of later commands.
func (c *Container) WithUser(args nameArgs) *Container {
	return c.with("withUser", args, c.v.WithUser(args.Name))
}

// WithoutUser goes back to root.
func (c *Container) WithoutUser() *Container { return c.with("withoutUser", nil, c.v.WithUser("")) }

// WithWorkdir sets the working folder.
func (c *Container) WithWorkdir(args pathArgs) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	return c.with("withWorkdir", args, c.v.WithWorkdir(args.Path)), nil
}

// WithoutWorkdir goes back to the root folder.
func (c *Container) WithoutWorkdir() *Container {
	return c.with("withoutWorkdir", nil, c.v.WithWorkdir(""))
}

// WithEntrypoint sets the entrypoint.
func (c *Container) WithEntrypoint(args struct {
	Args            []string
	KeepDefaultArgs bool
}) *Container {
	return c.with("withEntrypoint", args, c.v.WithEntrypoint(args.Args, args.KeepDefaultArgs))
}

// WithoutEntrypoint removes the entrypoint.
func (c *Container) WithoutEntrypoint(args struct{ KeepDefaultArgs bool }) *Container {
	return c.with("withoutEntrypoint", args, c.v.WithEntrypoint(nil, args.KeepDefaultArgs))
}

// WithDefaultArgs sets the default arguments.
func (c *Container) WithDefaultArgs(args struct{ Args []string }) *Container {
	return c.with("withDefaultArgs", args, c.v.WithDefaultArgs(args.Args))
}

// WithoutDefaultArgs removes the default arguments.
func (c *Container) WithoutDefaultArgs() *Container {
	return c.with("withoutDefaultArgs", nil, c.v.WithDefaultArgs(nil))
}

// EnvVariable is an environment variable's value, or nothing.
func (c *Container) EnvVariable(args nameArgs) *string {
	if value, ok := c.v.EnvVariable(args.Name); ok {
		return &value
	}
	return nil
}

// EnvVariables lists the environment variables in their order.
func (c *Container) EnvVariables() []*EnvVariable {
	out := []*EnvVariable{}
	for _, kv := range c.v.Config.Env {
		name, value, _ := strings.Cut(kv, "=")
		out = append(out, &EnvVariable{pair{c.derive("EnvVariable", "envVariables", kv), name, value}})
	}
	return out
}

// WithEnvVariable sets an environment variable.
func (c *Container) WithEnvVariable(args struct {
	Name, Value string
	Expand      bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Value); err != nil {
		return nil, err
	}
	return c.with("withEnvVariable", args, c.v.WithEnvVariable(args.Name, args.Value)), nil
}

// WithoutEnvVariable removes an environment variable.
func (c *Container) WithoutEnvVariable(args nameArgs) *Container {
	return c.with("withoutEnvVariable", args, c.v.WithoutEnvVariable(args.Name))
}

// WithSecretVariable sets an environment variable to a secret.
func (c *Container) WithSecretVariable(args struct {
	Name   string
	Secret graphql.ID
}) (*Container, error) {
	secret, err := load[*Secret](c.srv, args.Secret)
	if err != nil {
		return nil, err
	}
	return c.with("withSecretVariable", args, c.v.WithSecretEnv(core.SecretEnv{Name: args.Name, ID: secret.id})), nil
}

// WithoutSecretVariable removes a secret from the environment.
func (c *Container) WithoutSecretVariable(args nameArgs) *Container {
	return c.with("withoutSecretVariable", args, c.v.WithoutSecretEnv(args.Name))
}

// WithVolatileVariable sets a variable that is no part of the cache key.
func (c *Container) WithVolatileVariable(args nameValueArgs) *Container {
	id := "volatile:" + c.srv.secrets.id("volatile:"+args.Name, args.Value)
	c.srv.session.Secrets.Set(id, func(context.Context) ([]byte, error) { return []byte(args.Value), nil })
	return c.with("withVolatileVariable", args, c.v.WithSecretEnv(core.SecretEnv{Name: args.Name, ID: id, Volatile: true}))
}

// WithoutVolatileVariable removes a variable that WithVolatileVariable has set.
func (c *Container) WithoutVolatileVariable(args nameArgs) *Container {
	return c.with("withoutVolatileVariable", args, c.v.WithoutSecretEnv(args.Name))
}

// Label is a label's value, or nothing.
func (c *Container) Label(args nameArgs) *string {
	if value, ok := c.v.Config.Labels[args.Name]; ok {
		return &value
	}
	return nil
}

// Labels lists the labels by name.
func (c *Container) Labels() []*Label {
	out := []*Label{}
	for name, value := range c.v.Config.Labels {
		out = append(out, &Label{pair{c.derive("Label", "labels", nameValueArgs{name, value}), name, value}})
	}
	slices.SortFunc(out, func(a, b *Label) int { return strings.Compare(a.name, b.name) })
	return out
}

// WithLabel sets a label.
func (c *Container) WithLabel(args nameValueArgs) *Container {
	return c.with("withLabel", args, c.v.WithLabel(args.Name, args.Value))
}

// WithoutLabel removes a label.
func (c *Container) WithoutLabel(args nameArgs) *Container {
	return c.with("withoutLabel", args, c.v.WithoutLabel(args.Name))
}

// WithAnnotation sets an annotation.
func (c *Container) WithAnnotation(args nameValueArgs) *Container {
	return c.with("withAnnotation", args, c.v.WithAnnotation(args.Name, args.Value))
}

// WithoutAnnotation removes an annotation.
func (c *Container) WithoutAnnotation(args nameArgs) *Container {
	return c.with("withoutAnnotation", args, c.v.WithoutAnnotation(args.Name))
}

// ExposedPorts lists the exposed ports.
func (c *Container) ExposedPorts() []*Port {
	out := []*Port{}
	for _, p := range c.v.Ports {
		out = append(out, &Port{c.derive("Port", "exposedPorts", p), p})
	}
	return out
}

// WithExposedPort exposes a port.
func (c *Container) WithExposedPort(args struct {
	Port                        int32
	Protocol, Description       string
	ExperimentalSkipHealthcheck bool
}) (*Container, error) {
	if args.Port < 1 || args.Port > 65535 {
		return nil, fmt.Errorf("invalid port %d: ports are 1 to 65535", args.Port)
	}
	return c.with("withExposedPort", args, c.v.WithExposedPort(core.Port{
		Number: int(args.Port), Protocol: args.Protocol, Description: args.Description, SkipHealthcheck: args.ExperimentalSkipHealthcheck,
	})), nil
}

// WithoutExposedPort takes an exposed port back.
func (c *Container) WithoutExposedPort(args struct {
	Port     int32
	Protocol string
}) *Container {
	return c.with("withoutExposedPort", args, c.v.WithoutExposedPort(int(args.Port), args.Protocol))
}

// WithError fails when evaluated.
func (c *Container) WithError(args struct{ Err string }) (*Container, error) {
	if args.Err == "" {
		return c, nil
	}
	return nil, fmt.Errorf("%s", args.Err)
}

// WithRegistryAuth sets the login for a registry.
func (c *Container) WithRegistryAuth(args struct {
	Address, Username string
	Secret            graphql.ID
}) (*Container, error) {
	secret, err := load[*Secret](c.srv, args.Secret)
	if err != nil {
		return nil, err
	}
	c.srv.session.Logins.Set(args.Address, args.Username, secret.value)
	return c.with("withRegistryAuth", args, c.v), nil
}

// WithoutRegistryAuth removes the login for a registry.
func (c *Container) WithoutRegistryAuth(args struct{ Address string }) *Container {
	c.srv.session.Logins.Unset(args.Address)
	return c.with("withoutRegistryAuth", args, c.v)
}
