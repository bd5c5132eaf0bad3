package debian

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// aptEntry is one enabled source of an apt configuration.
type aptEntry struct {
	file       string
	uris       []string
	suites     []string
	components []string
	signedBy   string
}

// aptMirrors picks the mirrors of the Debian archive out of the apt
// configuration below dir. A given security mirror is kept.
func aptMirrors(dir, security string) (mirror, securityMirror string) {
	var best, bestSecurity int
	securityMirror = security
	for _, e := range readAptSources(dir) {
		for _, suite := range e.suites {
			uri := e.mirror()
			rank := e.rank(suite, uri)
			switch {
			case rank == 0:
			case isSecuritySuite(suite):
				if security == "" && rank > bestSecurity {
					bestSecurity, securityMirror = rank, uri
				}
			case rank > best:
				best, mirror = rank, uri
			}
		}
	}
	return mirror, securityMirror
}

// debianSuite matches the suites of the Debian archive, with or without
// -updates and the like. Others that publish for Debian use other suites,
// components or keys.
var debianSuite = regexp.MustCompile(`^(buster|bullseye|bookworm|trixie|forky|duke|sid|oldoldstable|oldstable|stable|testing|unstable)(-updates|-proposed-updates|-security|/updates|-backports)?$`)

// rank says how sure it is that an entry is a mirror of the Debian archive: 0
// for no.
func (e aptEntry) rank(suite, uri string) int {
	if uri == "" || !debianSuite.MatchString(suite) || !slices.Contains(e.components, "main") {
		return 0
	}
	ours := strings.Contains(e.signedBy, "debian-archive")
	if e.signedBy != "" && !ours {
		return 0
	}
	rank := 1
	if ours {
		rank += 4
	}
	if base := filepath.Base(e.file); base == "sources.list" || base == "debian.sources" {
		rank += 2
	}
	for part := range strings.SplitSeq(uri, "/") {
		if part == "debian" || part == "debian-security" {
			rank++
			break
		}
	}
	return rank
}

// mirror is the first http(s) URL of the entry. mirror+file: names a file with
// URLs, as cloud images have it.
func (e aptEntry) mirror() string {
	for _, uri := range e.uris {
		if path, ok := strings.CutPrefix(uri, "mirror+file:"); ok {
			text, err := os.ReadFile("/" + strings.TrimLeft(path, "/"))
			if err != nil {
				continue
			}
			if f := strings.Fields(string(text)); len(f) > 0 {
				uri = f[0]
			}
		}
		if strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "https://") {
			return strings.TrimRight(uri, "/")
		}
	}
	return ""
}

func readAptSources(dir string) []aptEntry {
	lists, _ := filepath.Glob(filepath.Join(dir, "sources.list.d", "*.list"))
	entries := readOneLine(filepath.Join(dir, "sources.list"))
	for _, f := range lists {
		entries = append(entries, readOneLine(f)...)
	}
	deb822, _ := filepath.Glob(filepath.Join(dir, "sources.list.d", "*.sources"))
	for _, f := range deb822 {
		entries = append(entries, readDeb822(f)...)
	}
	return entries
}

// readDeb822 reads a *.sources file. A key written into the file itself counts
// as somebody else's.
func readDeb822(file string) []aptEntry {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var list []aptEntry
	for st := range stanzas(string(text)) {
		if !slices.Contains(strings.Fields(st.get("Types")), "deb") || strings.EqualFold(st.get("Enabled"), "no") {
			continue
		}
		list = append(list, aptEntry{
			file:       file,
			uris:       strings.Fields(st.get("URIs")),
			suites:     strings.Fields(st.get("Suites")),
			components: strings.Fields(st.get("Components")),
			signedBy:   st.get("Signed-By"),
		})
	}
	return list
}

var oneLine = regexp.MustCompile(`^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$`)

// readOneLine reads a sources.list file.
func readOneLine(file string) []aptEntry {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var list []aptEntry
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		m := oneLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		e := aptEntry{file: file, uris: []string{m[2]}, suites: []string{m[3]}, components: strings.Fields(m[4])}
		for option := range strings.FieldsSeq(m[1]) {
			if v, ok := strings.CutPrefix(option, "signed-by="); ok {
				e.signedBy = v
			}
		}
		list = append(list, e)
	}
	return list
}
