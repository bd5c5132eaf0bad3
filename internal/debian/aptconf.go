package debian

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// hostAptConf is the apt configuration of this host.
var hostAptConf = sync.OnceValue(func() map[string]string { return readAptConf("/etc/apt") })

// readAptConf reads apt.conf.d/* and apt.conf below dir, in apt's order. Keys
// are in lower case and full, such as "acquire::check-valid-until". Files that
// cannot be read count as empty: apt's configuration is optional here.
func readAptConf(dir string) map[string]string {
	conf := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(dir, "apt.conf.d", "*"))
	for _, f := range append(files, filepath.Join(dir, "apt.conf")) {
		if ext := filepath.Ext(f); ext != "" && ext != ".conf" {
			continue
		}
		if text, err := os.ReadFile(f); err == nil {
			parseAptConf(string(text), conf)
		}
	}
	return conf
}

// parseAptConf adds the settings of one file to conf: «A::B "v";» and the
// nested form «A { B "v"; };».
func parseAptConf(text string, conf map[string]string) {
	var scope, words []string
	key := func(name string) string {
		return strings.ToLower(strings.Join(append(append([]string{}, scope...), name), "::"))
	}
	for _, tok := range aptTokens(text) {
		switch tok {
		case "{":
			name := ""
			if len(words) > 0 {
				name = words[0]
			}
			scope, words = append(scope, name), nil
		case "}":
			if len(scope) > 0 {
				scope = scope[:len(scope)-1]
			}
			words = nil
		case ";":
			if len(words) == 2 {
				conf[key(words[0])] = words[1]
			}
			words = nil
		default:
			words = append(words, tok)
		}
	}
}

// aptTokens splits a file into words, braces and semicolons; quotes are
// dropped, comments (//, /* */, # at the start of a line) left out.
func aptTokens(text string) []string {
	var tokens []string
	word := func(s string) {
		if s != "" {
			tokens = append(tokens, s)
		}
	}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "//"), c == '#' && (i == 0 || text[i-1] == '\n'):
			i += len(untilAny(text[i:], "\n"))
		case strings.HasPrefix(text[i:], "/*"):
			body, _, _ := strings.Cut(text[i+2:], "*/")
			i += len(body) + 4
		case c == '"':
			s := untilAny(text[i+1:], "\"")
			tokens = append(tokens, s)
			i += len(s) + 2
		case strings.IndexByte("{};", c) >= 0:
			tokens = append(tokens, string(c))
			i++
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
		default:
			s := untilAny(text[i:], " \t\r\n{};\"")
			word(s)
			i += len(s)
		}
	}
	return tokens
}

// untilAny is the part of s before the first of chars.
func untilAny(s, chars string) string {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i]
	}
	return s
}
