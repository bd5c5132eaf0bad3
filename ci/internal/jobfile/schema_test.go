package jobfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/bodkin-ci/bodkin/ci/internal/host"
	"github.com/bodkin-ci/bodkin/ci/internal/jobfile"
)

// command is the one line that a job is.
const command = "go run ./ci check"

// local takes references to other documents out of a schema: those to Kubernetes'
// definitions, for what no job file here has.
func local(document any) {
	switch node := document.(type) {
	case map[string]any:
		if ref, ok := node["$ref"].(string); ok && !strings.HasPrefix(ref, "#") {
			delete(node, "$ref")
		}
		for _, child := range node {
			local(child)
		}
	case []any:
		for _, child := range node {
			local(child)
		}
	}
}

// schema is what the CI, or somebody for it, publishes.
func schema(t *testing.T, ci host.CI) *jsonschema.Schema {
	t.Helper()
	path := filepath.Join("testdata", "schemas", string(ci)+".json")
	if ci == host.CodeBuild {
		return nil
	}
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	require.NoError(t, err)
	if ci == host.CircleCI { // it lists 2 and 2.0, which are equal
		version := document.(map[string]any)["properties"].(map[string]any)["version"].(map[string]any)
		version["enum"] = []any{2, 2.1}
	}
	local(document)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource(path, document))
	compiled, err := compiler.Compile(path)
	require.NoError(t, err)
	return compiled
}

func TestFilesAreValid(t *testing.T) {
	for _, f := range jobfile.All() {
		t.Run(name(f), func(t *testing.T) {
			content := f.Content(jobfile.Options{})
			require.Equal(t, 1, strings.Count(string(content), command), "one job, one line")
			switch f.CI {
			case host.Jenkins:
				requireDeclarative(t, string(content))
			case host.CodeBuild:
				requireBuildspec(t, content)
			default:
				var document any
				require.NoError(t, yaml.Unmarshal(content, &document))
				require.NoError(t, schema(t, f.CI).Validate(document))
			}
		})
	}
}

// A schema that takes anything would prove nothing.
func TestSchemasRefuse(t *testing.T) {
	for ci, wrong := range map[host.CI]string{
		host.GitHub:     "on: push\njobs: {check: {runs-on: ubuntu-latest, steps: [{runs: go}]}}",
		host.GitLab:     "check: {script: [go], artifacts: {reports: {junits: x}}}",
		host.Drone:      "kind: pipeline\ntype: docker\nname: check\nsteps: go",
		host.Woodpecker: "steps: [{name: check, command: [go]}]",
		host.CircleCI:   "version: 2.1\njobs: {check: {machine: {image: x}, steps: [{run: {comand: go}}]}}",
	} {
		var document any
		require.NoError(t, yaml.Unmarshal([]byte(wrong), &document))
		require.Error(t, schema(t, ci).Validate(document), string(ci))
	}
}

func name(f jobfile.File) string {
	if f.Embedded {
		return string(f.CI) + " embedded"
	}
	return string(f.CI)
}

// requireBuildspec wants a build specification of version 0.2 with no other keys than
// those that its reference has.
func requireBuildspec(t *testing.T, content []byte) {
	t.Helper()
	type files struct {
		Files  []string `yaml:"files"`
		Base   string   `yaml:"base-directory"`
		Format string   `yaml:"file-format"`
	}
	var spec struct {
		Version string `yaml:"version"`
		Env     struct {
			Variables map[string]string `yaml:"variables"`
		} `yaml:"env"`
		Phases struct {
			Install struct {
				Runtimes map[string]string `yaml:"runtime-versions"`
			} `yaml:"install"`
			Build struct {
				Commands []string `yaml:"commands"`
			} `yaml:"build"`
		} `yaml:"phases"`
		Reports   map[string]files `yaml:"reports"`
		Artifacts files            `yaml:"artifacts"`
		Cache     struct {
			Paths []string `yaml:"paths"`
		} `yaml:"cache"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&spec))
	require.Equal(t, "0.2", spec.Version)
	require.Equal(t, []string{command}, spec.Phases.Build.Commands)
	require.Equal(t, "JUNITXML", spec.Reports["tests"].Format)
	for _, path := range spec.Cache.Paths {
		require.True(t, strings.HasSuffix(path, "/**/*"), "%s: folders are cached with all below them", path)
	}
}

// requireDeclarative wants a declarative pipeline: known sections in pipeline, and
// braces that match.
func requireDeclarative(t *testing.T, content string) {
	t.Helper()
	code := regexp.MustCompile(`(?m)^//.*$|'[^']*'`).ReplaceAllString(content, "''")
	var open []string
	var top []string
	for _, line := range strings.Split(code, "\n") {
		for _, opened := range regexp.MustCompile(`(\w+)[^{}]*\{`).FindAllStringSubmatch(line, -1) {
			if len(open) == 1 {
				top = append(top, opened[1])
			}
			open = append(open, opened[1])
		}
		for range strings.Count(line, "}") {
			require.NotEmpty(t, open, "a brace too many")
			open = open[:len(open)-1]
		}
	}
	require.Empty(t, open, "a brace is missing")
	require.Equal(t, []string{"agent", "options", "environment", "stages", "post"}, top)
	require.Regexp(t, `(?m)^\s+sh '`+regexp.QuoteMeta(command)+`'$`, content)
}
