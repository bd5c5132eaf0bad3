package golang

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostSettings(t *testing.T) {
	for _, name := range settingNames {
		t.Setenv(name, "")
		require.NoError(t, os.Unsetenv(name))
	}
	require.Empty(t, New(nil, nil, Options{}).opts.Settings)
	t.Setenv("GOPROXY", "https://proxy.example,direct")
	t.Setenv("GONOSUMDB", "")
	t.Setenv("GOFLAGS", "-mod=mod")
	require.Equal(t, map[string]string{"GOPROXY": "https://proxy.example,direct", "GONOSUMDB": ""}, New(nil, nil, Options{}).opts.Settings)
	require.Empty(t, New(nil, nil, Options{Settings: map[string]string{}}).opts.Settings)
}
