package engine_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExportOfManyFiles exports more files than requests for them fit into the
// window of a stream.
func TestExportOfManyFiles(t *testing.T) {
	const folders, files = 100, 120
	onEngines(t, func(t *testing.T, e *env) {
		source, target := t.TempDir(), t.TempDir()
		for i := range folders {
			dir := filepath.Join(source, fmt.Sprint(i))
			require.NoError(t, os.Mkdir(dir, 0o755))
			for j := range files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(j)), bytes.Repeat([]byte{byte(i), byte(j)}, 3000), 0o644))
			}
		}
		_, err := e.c.Host().Directory(source).Export(t.Context(), target)
		require.NoError(t, err)
		for i := range folders {
			for j := range files {
				data, err := os.ReadFile(filepath.Join(target, fmt.Sprint(i), fmt.Sprint(j)))
				require.NoError(t, err)
				require.Equal(t, bytes.Repeat([]byte{byte(i), byte(j)}, 3000), data)
			}
		}
	})
}
