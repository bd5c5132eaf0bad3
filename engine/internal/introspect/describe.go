package introspect

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// object is what GraphQL's introspection types hold, by field: values, objects and
// lists of objects. Types refer to each other, in circles.
type object map[string]any

// typeKey is where the root keeps a type, for __type.
func typeKey(name string) string { return "type " + name }

// describe makes the objects of a whole schema. The root's fields are those that a
// query starts from.
func describe(schema *ast.Schema) object {
	d := describer{schema: schema, types: map[string]object{}}
	root := object{"__typename": schema.Query.Name}
	for name := range schema.Types {
		d.types[name] = object{}
		root[typeKey(name)] = d.types[name]
	}
	all := []object{}
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		maps.Copy(d.types[name], d.definition(schema.Types[name]))
		all = append(all, d.types[name])
	}
	directives := []object{}
	for _, name := range slices.Sorted(maps.Keys(schema.Directives)) {
		directives = append(directives, d.directive(schema.Directives[name]))
	}
	root["__schema"] = object{
		"__typename":       "__Schema",
		"description":      text(schema.Description),
		"types":            all,
		"queryType":        d.operation(schema.Query),
		"mutationType":     d.operation(schema.Mutation),
		"subscriptionType": d.operation(schema.Subscription),
		"directives":       directives,
	}
	return root
}

type describer struct {
	schema *ast.Schema
	types  map[string]object
}

func (d describer) operation(def *ast.Definition) any {
	if def == nil {
		return nil
	}
	return d.types[def.Name]
}

func (d describer) definition(def *ast.Definition) object {
	out := object{
		"__typename": "__Type", "kind": string(def.Kind), "name": def.Name, "description": text(def.Description),
		"specifiedByURL": directiveValue(def.Directives, "specifiedBy", "url"),
	}
	switch def.Kind {
	case ast.Object, ast.Interface:
		fields := []object{}
		for _, f := range def.Fields {
			if len(f.Name) < 2 || f.Name[:2] != "__" {
				fields = append(fields, d.field(f))
			}
		}
		out["fields"] = fields
		out["interfaces"] = d.named(def.Interfaces)
	case ast.Enum:
		values := []object{}
		for _, v := range def.EnumValues {
			values = append(values, deprecable(object{"__typename": "__EnumValue", "name": v.Name, "description": text(v.Description)}, v.Directives))
		}
		out["enumValues"] = values
	case ast.InputObject:
		inputs := []object{}
		for _, f := range def.Fields {
			inputs = append(inputs, d.input(f.Name, f.Description, f.Type, f.DefaultValue, f.Directives))
		}
		out["inputFields"] = inputs
		out["isOneOf"] = def.Directives.ForName("oneOf") != nil
	}
	if def.Kind == ast.Interface || def.Kind == ast.Union {
		var names []string
		for _, possible := range d.schema.PossibleTypes[def.Name] {
			names = append(names, possible.Name)
		}
		slices.Sort(names)
		out["possibleTypes"] = d.named(names)
	}
	return out
}

func (d describer) named(names []string) []object {
	out := []object{}
	for _, name := range names {
		out = append(out, d.types[name])
	}
	return out
}

func (d describer) field(f *ast.FieldDefinition) object {
	return deprecable(object{
		"__typename": "__Field", "name": f.Name, "description": text(f.Description),
		"args": d.arguments(f.Arguments), "type": d.ref(f.Type),
	}, f.Directives)
}

func (d describer) arguments(list ast.ArgumentDefinitionList) []object {
	out := []object{}
	for _, a := range list {
		out = append(out, d.input(a.Name, a.Description, a.Type, a.DefaultValue, a.Directives))
	}
	return out
}

func (d describer) input(name, description string, typ *ast.Type, value *ast.Value, directives ast.DirectiveList) object {
	out := object{
		"__typename": "__InputValue", "name": name, "description": text(description),
		"type": d.ref(typ), "defaultValue": nil,
	}
	if value != nil {
		out["defaultValue"] = value.String()
	}
	return deprecable(out, directives)
}

func (d describer) directive(def *ast.DirectiveDefinition) object {
	locations := make([]string, len(def.Locations))
	for i, location := range def.Locations {
		locations[i] = string(location)
	}
	return object{
		"__typename": "__Directive", "name": def.Name, "description": text(def.Description),
		"locations": locations, "args": d.arguments(def.Arguments), "isRepeatable": def.IsRepeatable,
	}
}

// ref is a type as it is used: named, a list, or never null.
func (d describer) ref(t *ast.Type) object {
	if t.NonNull {
		nullable := *t
		nullable.NonNull = false
		return object{"__typename": "__Type", "kind": "NON_NULL", "ofType": d.ref(&nullable)}
	}
	if t.Elem != nil {
		return object{"__typename": "__Type", "kind": "LIST", "ofType": d.ref(t.Elem)}
	}
	return d.types[t.NamedType]
}

func deprecable(o object, directives ast.DirectiveList) object {
	o["isDeprecated"] = directives.ForName("deprecated") != nil
	o["deprecationReason"] = directiveValue(directives, "deprecated", "reason")
	return o
}

// directiveValue is the argument of a directive, nil where there is none.
func directiveValue(list ast.DirectiveList, directive, argument string) any {
	d := list.ForName(directive)
	if d == nil {
		return nil
	}
	return d.ArgumentMap(nil)[argument]
}

// text is a description, which is null where there is none.
func text(description string) any {
	if description == "" {
		return nil
	}
	return description
}
