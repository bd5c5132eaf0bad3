package runtimeimage

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLabels(t *testing.T) {
	require.Empty(t, Config{}.AllLabels(), "nothing that changes from run to run")
	require.Equal(t, map[string]string{
		"org.opencontainers.image.title":    "hello",
		"org.opencontainers.image.source":   "https://example.com/hello",
		"org.opencontainers.image.revision": "abc",
		"org.opencontainers.image.version":  "v1",
		"org.opencontainers.image.created":  "2026-01-02T03:04:05Z",
		"team":                              "platform",
	}, Config{
		Version: "v1", Title: "hello", Source: "https://example.com/hello",
		Revision: "abc", Created: "2026-01-02T03:04:05Z", Labels: map[string]string{"team": "platform"},
	}.AllLabels())
}
