package repository

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// documents are the pages that users and developers read.
func documents(t *testing.T) []string {
	t.Helper()
	return files(t, func(path string) bool {
		return path == "README.md" || strings.HasPrefix(path, "docs/") && strings.HasSuffix(path, ".md")
	})
}

var (
	variable      = regexp.MustCompile(`BODKIN_[A-Z_]+`)
	variableInRow = regexp.MustCompile("(?m)^\\| `(BODKIN_[A-Z_]+)\\*?` \\|")
)

// variablesPage has the table of environment variables.
const variablesPage = "docs/embedded.md"

func TestEnvironmentVariablesAreDocumented(t *testing.T) {
	inCode := map[string]string{}
	for _, file := range files(t, isProgram) {
		for _, name := range variable.FindAllString(read(t, file), -1) {
			inCode[name] = file
		}
	}
	var inTable []string
	for _, row := range variableInRow.FindAllStringSubmatch(read(t, variablesPage), -1) {
		inTable = append(inTable, row[1])
	}
	for name, file := range inCode {
		require.Contains(t, inTable, name, "%s of %s is not in the table of %s", name, file, variablesPage)
	}
	for _, page := range documents(t) {
		for _, name := range variable.FindAllString(read(t, page), -1) {
			require.Contains(t, inCode, name, "%s of %s is not in the code", name, page)
		}
	}
}

// fence is a fenced code block: its language and its content.
var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

func TestCommandsInDocumentsParse(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go compiler")
	}
	commands := map[string]bool{}
	for _, page := range documents(t) {
		for _, block := range fence.FindAllStringSubmatch(read(t, page), -1) {
			for line := range strings.Lines(block[2]) {
				if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./ci "); ok && block[1] == "sh" {
					commands[rest] = true
				}
			}
		}
	}
	require.Contains(t, commands, "build")
	for command := range commands {
		t.Run(command, func(t *testing.T) {
			command, _, _ := strings.Cut(command+" ", " -- ") // what follows is another program's
			args := strings.Fields(command)
			require.Contains(t, ci(t, append(args, "--help")...), "Usage:")
			flags := slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return !strings.HasPrefix(arg, "--") })
			words := args[:slices.IndexFunc(append(args, "--"), func(arg string) bool { return strings.HasPrefix(arg, "-") })]
			help := ci(t, append(words, "--help")...)
			for _, flag := range flags {
				require.Contains(t, help, flag)
			}
			require.Contains(t, help, "ci "+strings.Join(words, " ")+" ", "the help of another command")
		})
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksResolve(t *testing.T) {
	for _, page := range documents(t) {
		for _, match := range link.FindAllStringSubmatch(fence.ReplaceAllString(read(t, page), ""), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			linked := page
			if target != "" {
				linked = path.Join(path.Dir(page), target)
			}
			_, err := os.Stat(filepath.Join(root, linked))
			require.NoError(t, err, "link %s in %s", match[1], page)
			if anchor != "" {
				require.Contains(t, anchors(read(t, linked)), anchor, "link %s in %s", match[1], page)
			}
		}
	}
}

var (
	heading   = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the names that a page's headings get.
func anchors(page string) []string {
	var names []string
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		name := notAnchor.ReplaceAllString(strings.ToLower(match[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

// The program that README shows for other repositories is the one that a test
// builds and runs.
func TestReadmeShowsTheTestedProgram(t *testing.T) {
	program := "internal/e2e/testdata/outside/pipeline.go.txt"
	require.True(t, strings.Contains(read(t, "README.md"), "```go\n"+read(t, program)+"```"), "README.md shows another program than %s", program)
}

// README says how much of the API is served, as the page made from the schema does.
func TestReadmeKnowsHowMuchIsServed(t *testing.T) {
	all := regexp.MustCompile(`(?m)^\| all \| (\d+ of \d+) \| (\d+ of \d+) \|$`).FindStringSubmatch(read(t, "docs/api.md"))
	require.NotNil(t, all)
	readme := strings.Join(strings.Fields(read(t, "README.md")), " ")
	require.Contains(t, readme, all[1]+" fields and "+all[2]+" options are served")
}
