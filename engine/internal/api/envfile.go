package api

import (
	"context"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// EnvFile is the API's EnvFile.
type EnvFile struct {
	node
	v core.EnvFile
}

// ID makes the object loadable.
func (e *EnvFile) ID() graphql.ID { return e.register(e) }

func (e *EnvFile) with(field string, args any, v core.EnvFile) *EnvFile {
	return &EnvFile{e.derive("EnvFile", field, args), v}
}

// expandArgs has what is always done.
type expandArgs struct{ Expand bool }

// EnvFile returns a file without variables.
func (*Query) EnvFile(ctx context.Context, args expandArgs) *EnvFile {
	return &EnvFile{queryOf(ctx).derive("EnvFile", "envFile", args), core.EnvFile{}}
}

// AsEnvFile reads the file as environment variables.
func (f *File) AsEnvFile(ctx context.Context, args expandArgs) (*EnvFile, error) {
	contents, err := f.v.Contents(ctx, f.srv.session)
	if err != nil {
		return nil, wrap(err)
	}
	return &EnvFile{f.derive("EnvFile", "asEnvFile", args), core.ParseEnvFile(string(contents))}, nil
}

// AsFile is a file .env with the variables.
func (e *EnvFile) AsFile() *File {
	v := core.NewFile(e.srv.session.Platform(), ".env", e.v.Contents(), 0)
	return &File{e.derive("File", "asFile", nil), v}
}

// Exists tells whether a variable is set.
func (e *EnvFile) Exists(args nameArgs) bool { return e.v.Exists(args.Name) }

// Get is a variable's value, or empty.
func (e *EnvFile) Get(args struct {
	Name string
	Raw  bool
}) (string, error) {
	if !args.Raw {
		return e.v.Get(args.Name)
	}
	for _, v := range e.v.Raw() {
		if v.Name == args.Name {
			return v.Value, nil
		}
	}
	return "", nil
}

// Variables lists the variables in their order.
func (e *EnvFile) Variables(args struct{ Raw bool }) ([]*EnvVariable, error) {
	all := e.v.Raw()
	if !args.Raw {
		var err error
		if all, err = e.v.Variables(); err != nil {
			return nil, err
		}
	}
	out := []*EnvVariable{}
	for _, v := range all {
		out = append(out, &EnvVariable{pair{e.derive("EnvVariable", "variables", v), v.Name, v.Value}})
	}
	return out, nil
}

// Namespace keeps the variables with a prefix, without it.
func (e *EnvFile) Namespace(args struct{ Prefix string }) (*EnvFile, error) {
	v, err := e.v.Namespace(args.Prefix)
	return e.with("namespace", args, v), err
}

// WithVariable sets a variable.
func (e *EnvFile) WithVariable(args struct{ Name, Value string }) *EnvFile {
	return e.with("withVariable", args, e.v.WithVariable(args.Name, args.Value))
}

// WithoutVariable removes a variable.
func (e *EnvFile) WithoutVariable(args nameArgs) *EnvFile {
	return e.with("withoutVariable", args, e.v.WithoutVariable(args.Name))
}

// WithEnvFileVariables sets the variables of a file in the container.
func (c *Container) WithEnvFileVariables(args struct{ Source graphql.ID }) (*Container, error) {
	file, err := load[*EnvFile](c.srv, args.Source)
	if err != nil {
		return nil, err
	}
	variables, err := file.v.Variables()
	if err != nil {
		return nil, err
	}
	v := c.v
	for _, set := range variables {
		v = v.WithEnvVariable(set.Name, set.Value)
	}
	return c.with("withEnvFileVariables", args, v), nil
}

// LoadEnvFileFromID loads environment variables.
func (*Query) LoadEnvFileFromID(ctx context.Context, a idArgs) (*EnvFile, error) {
	return load[*EnvFile](queryOf(ctx).srv, a.ID)
}

// ToEnvFile is for GraphQL's inline fragments.
func (n *Node) ToEnvFile() (*EnvFile, bool) { return to[*EnvFile](n) }
