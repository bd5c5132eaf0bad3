package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/api"
	"github.com/bodkin-ci/bodkin/engine/internal/introspect"
)

// served is the part of the API that there is.
type served struct {
	fields  map[string]bool // "Type.field"
	options map[string]bool // "Type.field.option"
}

// readServed reads the schema, and in the resolvers' sources which of its options
// they refuse all the same.
func readServed(resolvers string) (served, error) {
	s := served{fields: map[string]bool{}, options: map[string]bool{}}
	sdl, err := api.SDL()
	if err != nil {
		return s, err
	}
	schema, err := introspect.New(sdl)
	if err != nil {
		return s, err
	}
	for name, typ := range schema.Types() {
		for _, f := range typ.Fields {
			s.fields[name+"."+f.Name] = true
			for _, a := range f.Arguments {
				s.options[name+"."+f.Name+"."+a.Name] = true
			}
		}
	}
	return s, s.dropRefused(resolvers)
}

// refusedOption is how resolvers name an option that they refuse. Without a field,
// they refuse it wherever a shell is opened.
var refusedOption = regexp.MustCompile(`^Option (\w+) of (\w+\.\w+)?$`)

func (s served) dropRefused(resolvers string) error {
	paths, err := filepath.Glob(filepath.Join(resolvers, "*.go"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return fmt.Errorf("reading the resolvers: %w", err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && len(call.Args) == 1 {
				if callee, ok := call.Fun.(*ast.Ident); ok && callee.Name == "notServed" {
					s.drop(call.Args[0])
				}
			}
			return true
		})
	}
	return nil
}

func (s served) drop(what ast.Expr) {
	if sum, ok := what.(*ast.BinaryExpr); ok {
		what = sum.X
	}
	text, _ := literal(what)
	m := refusedOption.FindStringSubmatch(text)
	switch {
	case m == nil:
	case m[2] != "":
		delete(s.options, m[2]+"."+m[1])
	default:
		for name := range s.options {
			if strings.HasSuffix(strings.ToLower(name), "terminal."+strings.ToLower(m[1])) || strings.HasSuffix(name, "TerminalCmd."+m[1]) {
				delete(s.options, name)
			}
		}
	}
}
