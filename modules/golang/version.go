package golang

import (
	"go/version"
	"strings"

	"golang.org/x/mod/modfile"
)

// oldestPublished is the first Go version that is published as a module.
// Source: https://go.dev/doc/toolchain#proxies
const oldestPublished = "1.21.0"

// requested returns the Go version that the go and toolchain lines of a go.mod
// or go.work ask for: the newer one, without "go" in front of it.
func requested(goLine *modfile.Go, toolchain *modfile.Toolchain) string {
	asked := ""
	if goLine != nil {
		asked = goLine.Version
	}
	if toolchain != nil {
		if name, ok := strings.CutPrefix(toolchain.Name, "go"); ok {
			// "1.26.8-custom" is built like 1.26.8.
			name, _, _ = strings.Cut(name, "-")
			asked = newer(asked, name)
		}
	}
	return asked
}

// newer returns the newer of two Go versions, where "" is older than all.
func newer(a, b string) string {
	if version.Compare("go"+a, "go"+b) < 0 {
		return b
	}
	return a
}

// pickVersion turns what a module asks for into a release to use: exactly that,
// if it is one that is published. A language version ("1.24") or one that is
// too old means DefaultVersion, which builds them; if DefaultVersion is older,
// the first release of that language version.
func pickVersion(asked string) string {
	switch {
	case !version.IsValid("go"+asked) || newer(oldestPublished, asked) != asked:
		return DefaultVersion
	case version.Lang("go"+asked) != "go"+asked:
		return asked
	case newer(DefaultVersion, asked) == DefaultVersion:
		return DefaultVersion
	default:
		return asked + ".0"
	}
}
