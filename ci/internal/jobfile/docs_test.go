package jobfile_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/host"
	"github.com/bodkin-ci/bodkin/ci/internal/jobfile"
)

// The documentation shows each file as init writes it.
func TestDocumentationShowsTheFiles(t *testing.T) {
	page, err := os.ReadFile("../../../docs/cis.md")
	require.NoError(t, err)
	for _, f := range jobfile.All() {
		language := "yaml"
		if f.CI == host.Jenkins {
			language = "groovy"
		}
		require.Contains(t, string(page), "\n```"+language+"\n"+string(f.Content(jobfile.Options{}))+"```\n", name(f))
		require.Contains(t, string(page), "`"+f.Path+"`")
	}
}
