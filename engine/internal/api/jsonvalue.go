package api

import (
	"context"
	"encoding/json"
	"fmt"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// JSON is the JSON scalar: an encoded value, sent as a string.
type JSON string

// ImplementsGraphQLType implements the library's decoding of scalars.
func (JSON) ImplementsGraphQLType(name string) bool { return name == "JSON" }

// UnmarshalGraphQL implements the library's decoding of scalars. What is no string
// is taken as the value itself.
func (j *JSON) UnmarshalGraphQL(input any) error {
	if s, ok := input.(string); ok {
		*j = JSON(s)
		return nil
	}
	encoded, err := json.Marshal(input)
	*j = JSON(encoded)
	return err
}

// JSONValue is the API's JSONValue.
type JSONValue struct {
	node
	v core.JSONValue
}

// ID makes the object loadable.
func (j *JSONValue) ID() graphql.ID { return j.register(j) }

func (j *JSONValue) with(field string, args any, v core.JSONValue, err error) (*JSONValue, error) {
	if err != nil {
		return nil, err
	}
	return &JSONValue{j.derive("JSONValue", field, args), v}, nil
}

// JSON returns the value null.
func (*Query) JSON(ctx context.Context) *JSONValue {
	return &JSONValue{queryOf(ctx).derive("JSONValue", "json", nil), core.JSONValue("null")}
}

// AsJSON reads the file as JSON.
func (f *File) AsJSON(ctx context.Context) (*JSONValue, error) {
	contents, err := f.v.Contents(ctx, f.srv.session)
	if err != nil {
		return nil, wrap(err)
	}
	v, err := core.ParseJSON(contents)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.Name(), err)
	}
	return &JSONValue{f.derive("JSONValue", "asJSON", nil), v}, nil
}

// Contents is the encoded value.
func (j *JSONValue) Contents(args struct {
	Pretty bool
	Indent string
}) (JSON, error) {
	if !args.Pretty {
		return JSON(j.v), nil
	}
	out, err := j.v.Pretty(args.Indent)
	return JSON(out), err
}

// WithContents decodes another value.
func (j *JSONValue) WithContents(args struct{ Contents JSON }) (*JSONValue, error) {
	v, err := core.ParseJSON([]byte(args.Contents))
	return j.with("withContents", args, v, err)
}

// NewBoolean encodes a boolean.
func (j *JSONValue) NewBoolean(args struct{ Value bool }) (*JSONValue, error) {
	v, err := core.NewJSON(args.Value)
	return j.with("newBoolean", args, v, err)
}

// NewInteger encodes a number.
func (j *JSONValue) NewInteger(args struct{ Value int32 }) (*JSONValue, error) {
	v, err := core.NewJSON(args.Value)
	return j.with("newInteger", args, v, err)
}

// NewString encodes a string.
func (j *JSONValue) NewString(args struct{ Value string }) (*JSONValue, error) {
	v, err := core.NewJSON(args.Value)
	return j.with("newString", args, v, err)
}

// AsBoolean decodes a boolean.
func (j *JSONValue) AsBoolean() (bool, error) { return j.v.Bool() }

// AsInteger decodes a number.
func (j *JSONValue) AsInteger() (int32, error) { return j.v.Int() }

// AsString decodes a string.
func (j *JSONValue) AsString() (string, error) { return j.v.Text() }

// AsArray decodes an array.
func (j *JSONValue) AsArray() ([]*JSONValue, error) {
	elements, err := j.v.Array()
	out := make([]*JSONValue, len(elements))
	for i, v := range elements {
		out[i] = &JSONValue{j.derive("JSONValue", "asArray", i), v}
	}
	return out, err
}

// Fields lists the names of an object's fields.
func (j *JSONValue) Fields() ([]string, error) { return j.v.Fields() }

// Field is what is at a path.
func (j *JSONValue) Field(args struct{ Path []string }) (*JSONValue, error) {
	v, err := j.v.Field(args.Path)
	return j.with("field", args, v, err)
}

// WithField sets what is at a path.
func (j *JSONValue) WithField(args struct {
	Path  []string
	Value graphql.ID
}) (*JSONValue, error) {
	value, err := load[*JSONValue](j.srv, args.Value)
	if err != nil {
		return nil, err
	}
	v, err := j.v.WithField(args.Path, value.v)
	return j.with("withField", args, v, err)
}

// LoadJSONValueFromID loads a JSON value.
func (*Query) LoadJSONValueFromID(ctx context.Context, a idArgs) (*JSONValue, error) {
	return load[*JSONValue](queryOf(ctx).srv, a.ID)
}

// ToJSONValue is for GraphQL's inline fragments.
func (n *Node) ToJSONValue() (*JSONValue, bool) { return to[*JSONValue](n) }
