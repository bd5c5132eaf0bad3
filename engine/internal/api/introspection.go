package api

import (
	"encoding/json"
	"fmt"
	"sync"

	graphql "github.com/graph-gophers/graphql-go"
	gqlerrors "github.com/graph-gophers/graphql-go/errors"

	"github.com/bodkin-ci/bodkin/engine/internal/introspect"
)

// described is the schema as something that can be asked about.
var described = sync.OnceValues(func() (*introspect.Schema, error) {
	sdl, err := SDL()
	if err != nil {
		return nil, err
	}
	return introspect.New(sdl)
})

// aboutSchema answers a query for the schema alone, which the library that answers
// all others does not answer in full; nil for any other query.
func aboutSchema(query, operation string, variables map[string]any) *graphql.Response {
	if !introspect.May(query) {
		return nil
	}
	schema, err := described()
	if err != nil {
		return failure(err)
	}
	data, ok, err := schema.Exec(query, operation, variables)
	if err != nil {
		return failure(err)
	}
	if !ok {
		return nil
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return failure(err)
	}
	return &graphql.Response{Data: encoded}
}

// Introspection is the whole schema as JSON: what a client's introspection gives.
func Introspection() ([]byte, error) {
	resp := aboutSchema(introspect.Query, "", nil)
	if len(resp.Errors) > 0 {
		return nil, fmt.Errorf("describing the schema: %w", resp.Errors[0])
	}
	return resp.Data, nil
}

func failure(err error) *graphql.Response {
	return &graphql.Response{Errors: []*gqlerrors.QueryError{gqlerrors.Errorf("%s", err)}}
}
