package repository

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const modulePath = "github.com/bodkin-ci/bodkin"

// importRules say what may not be imported from where, and why. Tests may: they
// put the parts together.
var importRules = []struct {
	from, not, why string
}{
	{"modules/", "engine", "modules know only the Dagger API, so that they also run on a Dagger engine"},
	{"modules/", "ci", "a module is for every pipeline, not for this one"},
	{"engine/", "modules", "the engine knows nothing of languages and databases"},
	{"engine/", "ci", "the engine serves every pipeline, not this one"},
	{"internal/", "engine", "what both sides share depends on neither"},
	{"internal/", "modules", "what both sides share depends on neither"},
	{"examples/", "", "an application holds no pipeline code"},
}

func TestImportRules(t *testing.T) {
	for _, path := range files(t, isProgram) {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			for _, rule := range importRules {
				if strings.HasPrefix(path, rule.from) && under(imported, strings.TrimSuffix(modulePath+"/"+rule.not, "/")) && !own(path, imported) {
					t.Errorf("%s imports %s: %s", path, imported, rule.why)
				}
			}
		}
	}
}

// own reports whether the imported package belongs to the file's own
// application under examples/.
func own(path, imported string) bool {
	parts := strings.SplitN(path, "/", 3)
	return parts[0] == "examples" && len(parts) > 2 && under(imported, modulePath+"/examples/"+parts[1])
}

func under(pkg, parent string) bool { return pkg == parent || strings.HasPrefix(pkg, parent+"/") }
