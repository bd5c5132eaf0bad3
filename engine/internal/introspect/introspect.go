// Package introspect answers what clients ask of a GraphQL schema itself (__schema
// and __type), in full: SDKs build their queries from it, tools their code. Start
// with New.
package introspect

import (
	"fmt"
	"regexp"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// maxFields bounds an answer. Types lead to types, so that a short query may ask
// for a great deal. The usual query for everything takes some ten thousands.
const maxFields = 200_000

// maxQuery is the size in bytes up to which a query is looked at: checking takes
// time that grows with its square. The usual query for everything has 2,000.
const maxQuery = 32 << 10

// errTooMuch refuses a query by the size of its answer.
var errTooMuch = fmt.Errorf("the answer would have more than %d fields: ask for less of the schema", maxFields)

// Schema is a schema that can be asked about.
type Schema struct {
	ast  *ast.Schema
	root object
}

// New reads a schema in GraphQL's schema language.
func New(sdl string) (*Schema, error) {
	parsed, err := gqlparser.LoadSchema(&ast.Source{Name: "schema", Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	return &Schema{ast: parsed, root: describe(parsed)}, nil
}

// Types returns the schema's types by name, those of GraphQL itself too.
func (s *Schema) Types() map[string]*ast.Definition { return s.ast.Types }

// entry is where a query for the schema starts.
var entry = regexp.MustCompile(`\b__(schema|type)\b`)

// May reports at a glance whether a query may be for the schema.
func May(query string) bool { return len(query) <= maxQuery && entry.MatchString(query) }

// Exec answers a query. ok is false where it asks for something else than the
// schema, which is then for somebody else to answer.
func (s *Schema) Exec(query, operation string, variables map[string]any) (data map[string]any, ok bool, err error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		return nil, false, nil // whoever answers the rest says what is wrong
	}
	op := doc.Operations.ForName(operation)
	if op == nil || op.Operation != ast.Query {
		return nil, false, nil
	}
	own := aboutSchema(doc, op.SelectionSet, map[string]bool{})
	for _, mistake := range validator.ValidateWithRules(s.ast, doc, nil) {
		if own || mistake.Rule == rules.MaxIntrospectionDepth.Name {
			return nil, true, mistake
		}
	}
	if !own {
		return nil, false, nil
	}
	e := execution{types: s.root, variables: defaults(op, variables)}
	data, err = e.object(s.root, op.SelectionSet)
	return data, true, err
}

// defaults adds the values of variables that the query has and the caller has not.
func defaults(op *ast.OperationDefinition, given map[string]any) map[string]any {
	all := map[string]any{}
	for _, v := range op.VariableDefinitions {
		if value, ok := given[v.Variable]; ok {
			all[v.Variable] = value
		} else if v.DefaultValue != nil {
			if value, err := v.DefaultValue.Value(nil); err == nil {
				all[v.Variable] = value
			}
		}
	}
	return all
}

// aboutSchema reports whether a query asks for nothing but the schema. seen are the
// fragments that have been looked at: they may refer to each other in circles.
func aboutSchema(doc *ast.QueryDocument, set ast.SelectionSet, seen map[string]bool) bool {
	for _, selection := range set {
		ok := true
		switch sel := selection.(type) {
		case *ast.Field:
			ok = sel.Name == "__schema" || sel.Name == "__type" || sel.Name == "__typename"
		case *ast.InlineFragment:
			ok = aboutSchema(doc, sel.SelectionSet, seen)
		case *ast.FragmentSpread:
			fragment := doc.Fragments.ForName(sel.Name)
			if fragment != nil && !seen[sel.Name] {
				seen[sel.Name] = true
				ok = aboutSchema(doc, fragment.SelectionSet, seen)
			}
		}
		if !ok {
			return false
		}
	}
	return true
}
