package api

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	graphql "github.com/graph-gophers/graphql-go"
)

//go:generate go run ../apidoc ../../../docs/api.md

//go:embed schema/*.graphqls
var schemaFiles embed.FS

// SDL is the schema in GraphQL's schema language.
func SDL() (string, error) {
	var out strings.Builder
	err := fs.WalkDir(schemaFiles, ".", func(p string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := schemaFiles.ReadFile(p)
		out.Write(content)
		return err
	})
	return out.String(), err
}

// bound is the schema with its resolvers. Binding takes 40 ms of reflection, once
// in a process.
var bound = sync.OnceValues(func() (*graphql.Schema, error) {
	sdl, err := SDL()
	if err != nil {
		return nil, err
	}
	schema, err := graphql.ParseSchema(sdl, &Query{}, graphql.UseStringDescriptions(), graphql.MaxParallelism(64), graphql.OverlapValidationLimit(maxPairs))
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	return schema, nil
})

// Prepare gets ready in the background what the first query waits for otherwise.
func Prepare() { go func() { _, _ = bound() }() }
