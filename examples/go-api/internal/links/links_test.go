package links_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links/linkstest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	linkstest.RunStore(t, func(*testing.T) links.Store { return new(links.Memory) })
}

func TestValidSlug(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"a", "Go-1_26", "7", strings.Repeat("x", 64)} {
		require.True(t, links.ValidSlug(ok), ok)
	}
	for _, bad := range []string{"", "-a", "_a", "a b", "a/b", "a\x00", "a\n", "é", "a\xff", strings.Repeat("x", 65)} {
		require.False(t, links.ValidSlug(bad), "%q", bad)
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://go.dev":                  "https://go.dev",
		"HTTPS://go.dev/a b":              "https://go.dev/a%20b",
		"http://[2606:4700::1]:8080/?q=1": "http://[2606:4700::1]:8080/?q=1",
		"https://go.dev/#top":             "https://go.dev/#top",
	} {
		got, err := links.ParseURL(raw)
		require.NoError(t, err, raw)
		require.Equal(t, want, got)
	}
	for raw, reason := range map[string]string{
		"":                         "must begin with https:// or http://",
		"go.dev":                   "must begin with https:// or http://",
		"ftp://go.dev/":            "must begin with https:// or http://",
		"javascript:alert(1)":      "must begin with https:// or http://",
		"file:///etc/passwd":       "must begin with https:// or http://",
		"https://":                 "names no host",
		"https://:443/":            "names no host",
		"https://u:secret@go.dev/": "must not hold a user name or password",
		"https://go.dev/%zz":       "is not a URL",
		"https://go.dev/\n":        "is not a URL",
		"https://go.dev/" + strings.Repeat("x", links.MaxURLLength): "is longer than 2048 bytes",
		"https://go.dev/" + strings.Repeat(" ", 1000):               "is longer than 2048 bytes once encoded",
	} {
		_, err := links.ParseURL(raw)
		var invalid *links.InvalidError
		require.ErrorAs(t, err, &invalid, raw)
		require.Equal(t, links.InvalidError{Field: "url", Reason: reason}, *invalid, raw)
	}
}
