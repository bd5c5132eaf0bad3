package engine

import "github.com/bodkin-ci/bodkin/engine/internal/api"

// Schema is the served API in GraphQL's schema language.
func Schema() (string, error) { return api.SDL() }

// SchemaJSON is the served API as the answer to an introspection query, from
// which tools make clients: {"__schema": …}.
func SchemaJSON() ([]byte, error) { return api.Introspection() }
