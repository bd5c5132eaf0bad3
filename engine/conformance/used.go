package conformance

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// Used records which fields and options of a schema queries have used.
type Used struct {
	schema *ast.Schema
	mu     sync.Mutex
	names  map[string]bool
}

// NewUsed reads a schema in GraphQL's schema language.
func NewUsed(sdl string) (*Used, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema", Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	return &Used{schema: schema, names: map[string]bool{}}, nil
}

// See records a request as it is sent to a session. One that cannot be read is left out.
func (u *Used) See(request []byte) {
	var req struct{ Query string }
	if json.Unmarshal(request, &req) != nil {
		return
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: req.Query})
	if err != nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, op := range doc.Operations {
		u.selection(u.schema.Query, op.SelectionSet)
	}
}

func (u *Used) selection(on *ast.Definition, set ast.SelectionSet) {
	for _, selection := range set {
		switch sel := selection.(type) {
		case *ast.Field:
			u.field(on, sel)
		case *ast.InlineFragment:
			if typ := u.schema.Types[sel.TypeCondition]; typ != nil {
				on = typ
			}
			u.selection(on, sel.SelectionSet)
		}
	}
}

func (u *Used) field(on *ast.Definition, sel *ast.Field) {
	field := on.Fields.ForName(sel.Name)
	if field == nil {
		return
	}
	name := on.Name + "." + sel.Name
	u.names[name] = true
	for _, argument := range sel.Arguments {
		u.names[name+"."+argument.Name] = true
	}
	if typ := u.schema.Types[field.Type.Name()]; typ != nil {
		u.selection(typ, sel.SelectionSet)
	}
}

// Unused lists what no query has used, as Type.field and Type.field.argument, in the
// schema's order. What a type has because all have it, its ID, does not count.
func (u *Used) Unused() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var unused []string
	for _, typ := range u.schema.Types {
		if typ.Kind != ast.Object || typ.BuiltIn {
			continue
		}
		for _, field := range typ.Fields {
			name := typ.Name + "." + field.Name
			if field.Name == "id" || len(field.Name) > 1 && field.Name[:2] == "__" {
				continue
			}
			if !u.names[name] {
				unused = append(unused, name)
				continue
			}
			for _, argument := range field.Arguments {
				if !u.names[name+"."+argument.Name] {
					unused = append(unused, name+"."+argument.Name)
				}
			}
		}
	}
	return unused
}
