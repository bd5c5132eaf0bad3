package webcheck_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/webcheck"
)

func TestTitle(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"<!doctype html><html><head><title>Go</title></head></html>":  "Go",
		"<TITLE lang=en>\n  The  Go\tLanguage\u00a0</TITLE>":          "The Go Language",
		"<title>a &amp; b &lt;i&gt; &#x1f418;</title>":                "a & b <i> 🐘",
		"<title>a <b>bold</b> claim</title>":                          "a <b>bold</b> claim",
		"<script>'<title>no</title>'</script><title>yes</title>":      "yes",
		"<!-- <title>no</title> --><title>yes</title>":                "yes",
		"<head></head><body><svg><title>an icon</title></svg></body>": "",
		"<title></title>":     "",
		"<title>   </title>":  "",
		"<title>never closed": "never closed",
		"<title":              "",
		"":                    "",
		"plain text":          "",
		"<title>nul\x00 bell\x07 broken\xff\xfe utf-8</title>":           "nul bell broken utf-8",
		"<title>" + strings.Repeat("ä", 200) + "</title>":                strings.Repeat("ä", 200),
		"<title>" + strings.Repeat("ä", 201) + "</title>":                strings.Repeat("ä", 199) + "…",
		"<style>" + strings.Repeat("x", 300<<10) + "</style><title>late": "",
	} {
		require.Equal(t, want, webcheck.Title(strings.NewReader(page)), "%.80q", page)
	}
}

func FuzzTitle(f *testing.F) {
	f.Add("<title>Go</title>")
	f.Add("<title>&#0;\x00\xff</title>")
	f.Fuzz(func(t *testing.T, page string) {
		title := webcheck.Title(strings.NewReader(page))
		require.True(t, utf8.ValidString(title))
		require.LessOrEqual(t, utf8.RuneCountInString(title), 200)
		require.NotContains(t, title, "\x00")
	})
}
