//go:build linux

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigurationForCrun(t *testing.T) {
	const mounts = `[{"destination":"/a","options":["ro"]}]`
	for name, c := range map[string]struct {
		config string
		crun   bool
	}{
		"a step":     {`{"ociVersion":"1.3.0","process":{"terminal":false,"args":["\"terminal\":true"]},"mounts":` + mounts + `}`, true},
		"a terminal": {`{"ociVersion":"1.3.0","process":{"terminal":true},"mounts":` + mounts + `}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			bundle := t.TempDir()
			file := filepath.Join(bundle, "config.json")
			require.NoError(t, os.WriteFile(file, []byte(c.config), 0o600))
			crun, err := forCrun([]string{"--log-format", "json", "run", "--bundle", bundle, "--keep", "name"})
			require.NoError(t, err)
			require.Equal(t, c.crun, crun)
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			if !c.crun {
				require.Equal(t, c.config, string(data))
				return
			}
			var before, after map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(c.config), &before))
			require.NoError(t, json.Unmarshal(data, &after))
			require.Equal(t, `"`+specVersion+`"`, string(after["ociVersion"]))
			delete(before, "ociVersion")
			delete(after, "ociVersion")
			require.Equal(t, before, after)
		})
	}
}

func TestConfigurationThatCannotBeRead(t *testing.T) {
	bundle := t.TempDir()
	_, err := forCrun([]string{"run", "--bundle", bundle, "name"})
	require.ErrorContains(t, err, "reading the container's configuration")
	require.NoError(t, os.WriteFile(filepath.Join(bundle, "config.json"), []byte(`{"process":1}`), 0o600))
	_, err = forCrun([]string{"run", "--bundle", bundle, "name"})
	require.ErrorContains(t, err, "reading the container's process")
}
