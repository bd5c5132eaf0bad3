package debian

import "strings"

// Installed is a package that a root file system has.
type Installed struct {
	Name, Version, Architecture string
	Source                      string // the source package's name, where it is another
	Maintainer                  string
}

// ReadInstalled reads what dpkg's status file says is installed. Paragraphs that
// name no package or version are left out.
func ReadInstalled(status string) []Installed {
	var all []Installed
	for s := range stanzas(status) {
		state := strings.Fields(s.get("Status"))
		if len(state) > 0 && state[len(state)-1] != "installed" {
			continue
		}
		source, _, _ := strings.Cut(s.get("Source"), " ")
		p := Installed{
			Name: s.get("Package"), Version: s.get("Version"), Architecture: s.get("Architecture"),
			Source: source, Maintainer: s.get("Maintainer"),
		}
		if p.Name != "" && p.Version != "" {
			all = append(all, p)
		}
	}
	return all
}
