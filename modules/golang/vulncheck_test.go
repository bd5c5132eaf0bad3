package golang

import (
	"context"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func TestVulncheckCommands(t *testing.T) {
	for db, opts := range map[string]VulncheckOptions{
		"https://vuln.go.dev":         {},
		"https://mirror.example/vuln": {DB: "https://mirror.example/vuln/"},
		"file:///vulndb":              {DBFiles: new(dagger.Directory)},
	} {
		require.Equal(t, []string{"/check", "-db", db, "./..."}, opts.command("/check"))
	}
	require.Equal(t, "-tags=one,two", VulncheckOptions{Tags: []string{"one", "two"}}.command("/check")[3])
	require.Contains(t, VulncheckOptions{Version: "v1.7.0"}.install(), "golang.org/x/vuln/cmd/govulncheck@v1.7.0")
}

func TestVulncheckOptionsThatContradict(t *testing.T) {
	err := New(nil, nil, Options{}).Vulncheck(context.Background(), VulncheckOptions{DB: "https://mirror.example", DBFiles: new(dagger.Directory)})
	require.ErrorContains(t, err, "set one")
}
