package repository

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/packages"
)

// daggerConfig has the fields of dagger.json that an engine of v0.21 knows:
// ModuleConfigWithUserFields of github.com/dagger/dagger/core/modules.
type daggerConfig struct {
	Schema        string                  `json:"$schema"`
	Name          string                  `json:"name"`
	EngineVersion string                  `json:"engineVersion"`
	SDK           struct{ Source string } `json:"sdk"`
	Include       []string                `json:"include"`
	Dependencies  []map[string]any        `json:"dependencies"`
	Source        string                  `json:"source"`
}

func readDaggerConfig(t *testing.T) daggerConfig {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewBufferString(read(t, "dagger.json")))
	decoder.DisallowUnknownFields()
	var config daggerConfig
	require.NoError(t, decoder.Decode(&config))
	return config
}

func readGoMod(t *testing.T, path string) *modfile.File {
	t.Helper()
	mod, err := modfile.Parse(path, []byte(read(t, path)), nil)
	require.NoError(t, err)
	return mod
}

func TestDaggerConfig(t *testing.T) {
	config := readDaggerConfig(t)
	require.Equal(t, "bodkin", config.Name)
	require.Equal(t, "go", config.SDK.Source)

	mod := readGoMod(t, config.Source+"/go.mod")
	require.Equal(t, "dagger/"+config.Name, mod.Module.Mod.Path, "the engine derives this name")
	require.Empty(t, mod.Replace)

	for _, req := range readGoMod(t, "go.mod").Require {
		if req.Mod.Path == "dagger.io/dagger" {
			require.Equal(t, req.Mod.Version, config.EngineVersion, "the engine speaks the SDK's API")
			return
		}
	}
	t.Fatal("go.mod does not require dagger.io/dagger")
}

// The engine refuses a module whose go line is newer than the Go it was built
// with, which is at least the one that its SDK asks for.
func TestDaggerModuleAsksForNoNewerGoThanItsSDK(t *testing.T) {
	loaded, err := packages.Load(&packages.Config{Mode: packages.NeedModule, Dir: root}, "dagger.io/dagger")
	require.NoError(t, err)
	require.Len(t, loaded, 1)
	require.NotNil(t, loaded[0].Module)
	require.Equal(t, loaded[0].Module.GoVersion, readGoMod(t, readDaggerConfig(t).Source+"/go.mod").Go.Version)
}

// The code that an engine generates offers what the SDK offers: so the module
// is checked against the SDK in its place.
func TestDaggerModuleFitsTheSDK(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go compiler")
	}
	config := readDaggerConfig(t)
	generated := "dagger/" + config.Name + "/internal/dagger"
	fset := token.NewFileSet()
	parsed := parseFolder(t, fset, config.Source)
	glue, err := parser.ParseFile(fset, "dagger.gen.go",
		"package main\n\nimport \""+generated+"\"\n\nvar dag *dagger.Client\n\nfunc main() {}\n", 0)
	require.NoError(t, err)

	imports := importer{generated: generated, loaded: map[string]*types.Package{}}
	imports.load(t, append(parsed, glue))
	checker := types.Config{Importer: imports}
	pkg, err := checker.Check("dagger/"+config.Name, fset, append(parsed, glue), nil)
	require.NoError(t, err)

	object := pkg.Scope().Lookup("Bodkin")
	require.NotNil(t, object, "the engine looks for a type with the module's name")
	methods := types.NewMethodSet(types.NewPointer(object.Type()))
	for _, name := range []string{"Build", "Package"} {
		require.NotNil(t, methods.Lookup(pkg, name), "function %s", name)
	}
}

// Modules cannot reach the caller's host: the engine generates no Host for them.
func TestDaggerModuleUsesNoHost(t *testing.T) {
	config := readDaggerConfig(t)
	for _, file := range parseFolder(t, token.NewFileSet(), config.Source) {
		ast.Inspect(file, func(node ast.Node) bool {
			if selector, ok := node.(*ast.SelectorExpr); ok {
				require.NotEqual(t, "Host", selector.Sel.Name)
			}
			return true
		})
	}
}

// The module runs the ci program: what it passes must exist there.
func TestDaggerModuleUsesFlagsThatExist(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go compiler")
	}
	config := readDaggerConfig(t)
	help := ci(t, "build", "--help")
	flags := regexp.MustCompile(`"(--[a-z-]+)"`).FindAllStringSubmatch(read(t, config.Source+"/main.go"), -1)
	require.NotEmpty(t, flags)
	for _, flag := range flags {
		require.Contains(t, help, flag[1]+" ")
	}
}

func TestDaggerModuleUsesTheGoOfGoMod(t *testing.T) {
	source := read(t, readDaggerConfig(t).Source+"/main.go")
	require.Contains(t, source, `+default="golang:`+readGoMod(t, "go.mod").Go.Version+`"`)
}

func parseFolder(t *testing.T, fset *token.FileSet, folder string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	require.NoError(t, err)
	var parsed []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, ".gen.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		require.NoError(t, err)
		parsed = append(parsed, file)
	}
	require.NotEmpty(t, parsed, "Go files in %s", folder)
	return parsed
}

// importer finds packages for the type checker. The generated package is
// another one in disguise.
type importer struct {
	generated string
	loaded    map[string]*types.Package
}

func (i importer) load(t *testing.T, parsed []*ast.File) {
	t.Helper()
	wanted := []string{"dagger.io/dagger"}
	for _, file := range parsed {
		for _, spec := range file.Imports {
			if path, err := strconv.Unquote(spec.Path.Value); err == nil && path != i.generated {
				wanted = append(wanted, path)
			}
		}
	}
	mode := packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps | packages.NeedExportFile
	found, err := packages.Load(&packages.Config{Mode: mode, Dir: root}, wanted...)
	require.NoError(t, err)
	for _, pkg := range found {
		require.Empty(t, pkg.Errors)
		i.loaded[pkg.PkgPath] = pkg.Types
	}
	i.loaded[i.generated] = i.loaded["dagger.io/dagger"]
}

// Import implements [types.Importer].
func (i importer) Import(path string) (*types.Package, error) {
	if pkg := i.loaded[path]; pkg != nil {
		return pkg, nil
	}
	return nil, &missingError{path}
}

type missingError struct{ path string }

func (e *missingError) Error() string { return "package " + e.path + " is not at hand" }
