package golang

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersions(t *testing.T) {
	for _, c := range []struct{ goMod, asked, picked string }{
		{"", "", DefaultVersion},
		{"go 1.26.3", "1.26.3", "1.26.3"},
		{"go 1.25.4", "1.25.4", "1.25.4"},
		{"go 1.24", "1.24", DefaultVersion},
		{"go 1.26", "1.26", DefaultVersion},
		{"go 1.99", "1.99", "1.99.0"},
		{"go 1.18", "1.18", DefaultVersion},
		{"go 1.20.3", "1.20.3", DefaultVersion},
		{"go 1.27rc1", "1.27rc1", "1.27rc1"},
		{"go 1.25.0\ntoolchain go1.26.2", "1.26.2", "1.26.2"},
		{"go 1.25.0\ntoolchain go1.26.2-custom", "1.26.2", "1.26.2"},
		{"go 1.26.5\ntoolchain default", "1.26.5", "1.26.5"},
		{"go 1.26.5\nfromthefuture x", "1.26.5", "1.26.5"},
	} {
		d, err := parseModule("go.mod", "module example.com/hello\n"+c.goMod+"\n")
		require.NoError(t, err)
		require.Equal(t, c.asked, d.version, c.goMod)
		require.Equal(t, c.picked, pickVersion(d.version), c.goMod)
	}
}
