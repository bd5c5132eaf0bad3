package procs

import (
	"bytes"
	"os"
	"path/filepath"
)

// Root is the root folder of the process on this machine that has a variable in its
// environment, as this process sees it; "" where there is none, or none that may
// be looked at.
func Root(variable, value string) string {
	wanted := []byte(variable + "=" + value)
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return ""
	}
	for _, path := range found {
		environ, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for field := range bytes.SplitSeq(environ, []byte{0}) {
			if bytes.Equal(field, wanted) {
				return filepath.Join(filepath.Dir(path), "root")
			}
		}
	}
	return ""
}
