package introspect

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// execution is the answering of one query.
type execution struct {
	types     object
	variables map[string]any
	fields    int // answered so far
}

func (e *execution) object(from object, set ast.SelectionSet) (map[string]any, error) {
	out := map[string]any{}
	return out, e.collect(from, set, out)
}

// collect adds to out what a selection wants of an object.
func (e *execution) collect(from object, set ast.SelectionSet, out map[string]any) error {
	for _, selection := range set {
		var err error
		switch sel := selection.(type) {
		case *ast.Field:
			if e.wanted(sel.Directives) {
				err = e.field(from, sel, out)
			}
		case *ast.InlineFragment:
			if e.wanted(sel.Directives) {
				err = e.collect(from, sel.SelectionSet, out)
			}
		case *ast.FragmentSpread:
			if e.wanted(sel.Directives) {
				err = e.collect(from, sel.Definition.SelectionSet, out)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *execution) field(from object, field *ast.Field, out map[string]any) error {
	if e.fields++; e.fields > maxFields {
		return errTooMuch
	}
	arguments := field.ArgumentMap(e.variables)
	value := from[field.Name]
	if field.Name == "__type" {
		name, _ := arguments["name"].(string)
		value = e.types[typeKey(name)]
	}
	switch v := value.(type) {
	case object:
		answer, ok := out[field.Alias].(map[string]any) // the same field, selected twice
		if !ok {
			answer = map[string]any{}
		}
		out[field.Alias] = answer
		return e.collect(v, field.SelectionSet, answer)
	case []object:
		return e.list(v, field, arguments, out)
	}
	out[field.Alias] = value
	return nil
}

// list answers with the elements of a list, without those that are deprecated
// unless they are asked for.
func (e *execution) list(from []object, field *ast.Field, arguments map[string]any, out map[string]any) error {
	all, filtered := arguments["includeDeprecated"]
	before, _ := out[field.Alias].([]map[string]any)
	answer := []map[string]any{}
	for _, element := range from {
		if filtered && all != true && element["isDeprecated"] == true {
			continue
		}
		one := map[string]any{}
		if i := len(answer); i < len(before) {
			one = before[i]
		}
		if err := e.collect(element, field.SelectionSet, one); err != nil {
			return err
		}
		answer = append(answer, one)
	}
	out[field.Alias] = answer
	return nil
}

// wanted heeds @skip and @include.
func (e *execution) wanted(directives ast.DirectiveList) bool {
	for name, unless := range map[string]bool{"skip": true, "include": false} {
		if d := directives.ForName(name); d != nil && d.ArgumentMap(e.variables)["if"] == unless {
			return false
		}
	}
	return true
}
