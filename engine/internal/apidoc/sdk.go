package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// field is a field of a type, as GraphQL has it.
type field struct {
	name      string
	arguments []argument
	returns   string // Go's name of the result: a type of the API, or a basic one
}

type argument struct {
	name     string
	optional bool
}

// types are the fields of the API's types, by name.
type types map[string][]field

// readSDK finds the API in the code that was made for it: each method selects a
// field of its receiver's type.
func readSDK(path string) (types, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, fmt.Errorf("reading the SDK: %w", err)
	}
	all := types{}
	for _, decl := range file.Decls {
		method, ok := decl.(*ast.FuncDecl)
		if !ok || method.Recv == nil {
			continue
		}
		if f, ok := selected(method); ok {
			typ := typeName(method.Recv.List[0].Type)
			if !slices.ContainsFunc(all[typ], func(other field) bool { return other.name == f.name }) {
				all[typ] = append(all[typ], f)
			}
		}
	}
	return all, nil
}

// selected is the field that a method of the SDK selects, with its arguments.
func selected(method *ast.FuncDecl) (field, bool) {
	f := field{}
	if results := method.Type.Results; results != nil {
		f.returns = typeName(results.List[0].Type)
	}
	ast.Inspect(method.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		callee, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		name, ok := literal(call.Args[0])
		switch {
		case !ok:
		case callee.Sel.Name == "Select" && f.name == "" && isQuery(callee.X):
			f.name = name
		case callee.Sel.Name == "Arg" && len(call.Args) == 2:
			f.arguments = append(f.arguments, argument{name: name, optional: isOption(call.Args[1])})
		}
		return true
	})
	return f, f.name != ""
}

// isQuery reports whether an expression is the receiver's query.
func isQuery(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "query"
}

// isOption reports whether an argument's value comes from the method's options.
func isOption(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	_, ok = s.X.(*ast.IndexExpr)
	return ok
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// typeName is the name of a type, without pointer and list.
func typeName(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.StarExpr:
		return typeName(t.X)
	case *ast.ArrayType:
		return typeName(t.Elt)
	case *ast.Ident:
		return strings.TrimSpace(t.Name)
	}
	return ""
}
