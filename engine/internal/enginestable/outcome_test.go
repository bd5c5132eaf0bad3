package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

func TestEveryEngineHasARow(t *testing.T) {
	require.Len(t, engines, len(enginetest.Names()))
	for _, name := range enginetest.Names() {
		require.Contains(t, titles, name)
	}
}

func TestTable(t *testing.T) {
	const said = `{"Action":"run","Test":"TestA"}
{"Action":"run","Test":"TestA/plain"}
{"Action":"run","Test":"TestA/plain/part"}
{"Action":"run","Test":"TestA/plain/other"}
{"Action":"pass","Test":"TestA/plain/other"}
{"Action":"pass","Test":"TestA/plain/part"}
{"Action":"pass","Test":"TestA/plain"}
{"Action":"pass","Test":"TestA"}
{"Action":"run","Test":"TestB/plain"}
{"Action":"output","Test":"TestB/plain","Output":"the BuildKit at x cannot do this: merging trees"}
{"Action":"fail","Test":"TestB/plain"}
{"Action":"run","Test":"TestC/plain"}
{"Action":"fail","Test":"TestC/plain"}
{"Action":"run","Test":"TestD/plain"}
{"Action":"skip","Test":"TestD/plain"}
{"Action":"run","Test":"TestHangs/plain"}
{"Action":"pass","Test":"TestElsewhere"}
`
	found, err := read(strings.NewReader(said), "plain")
	require.NoError(t, err)
	found.took = 90 * time.Second
	row := found.row(titles["plain"])
	require.Equal(t, "| `buildkitd` on TCP | 6 | 2 | 1 | 1 | 2: `TestC` `TestHangs` | 1m30s |\n", row)

	page := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(page, []byte("before\n"+tableStart+"\n"+tableEnd+"\nafter\n"), 0o644))
	require.NoError(t, rewrite(page, titles["plain"], row))
	require.NoError(t, rewrite(page, titles["embedded"], "| embedded | 5 |\n"))
	require.NoError(t, rewrite(page, titles["plain"], row))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, "before\n"+tableStart+"\n"+tableHead+"| embedded | 5 |\n"+row+tableEnd+"\nafter\n", string(text))
	require.ErrorContains(t, rewrite(os.DevNull, "", ""), "has no lines")
}
