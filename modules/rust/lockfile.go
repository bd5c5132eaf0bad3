package rust

import (
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// unstable names the packages in a lock file that are those of the source, and
// all that depend on them: of a patch for a published crate, these may be
// published ones too. It is sorted. What is wrong with a lock file is cargo's to
// say.
func unstable(lock string) []string {
	var file struct {
		Package []struct {
			Name, Source string
			Dependencies []string
		}
	}
	if toml.Unmarshal([]byte(lock), &file) != nil {
		return nil
	}
	users := map[string][]string{}
	var found []string
	for _, p := range file.Package {
		if p.Source == "" {
			found = append(found, p.Name)
		}
		for _, d := range p.Dependencies {
			name, _, _ := strings.Cut(d, " ") // a version follows where there are several
			users[name] = append(users[name], p.Name)
		}
	}
	seen := map[string]bool{}
	for len(found) > 0 {
		name := found[0]
		found = found[1:]
		if !seen[name] {
			seen[name] = true
			found = append(found, users[name]...)
		}
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sourceGraph returns, for the packages in a lock file that are those of the
// source, all of these that they depend on, each with itself.
func sourceGraph(lock string) map[string][]string {
	var file struct {
		Package []struct {
			Name, Source string
			Dependencies []string
		}
	}
	if toml.Unmarshal([]byte(lock), &file) != nil {
		return nil // cargo says it better
	}
	needs, own := map[string][]string{}, map[string]bool{}
	for _, p := range file.Package {
		own[p.Name] = own[p.Name] || p.Source == ""
		for _, d := range p.Dependencies {
			name, _, _ := strings.Cut(d, " ")
			needs[p.Name] = append(needs[p.Name], name)
		}
	}
	graph := map[string][]string{}
	for name := range own {
		if !own[name] {
			continue
		}
		seen := map[string]bool{}
		for next := []string{name}; len(next) > 0; next = next[1:] {
			if seen[next[0]] {
				continue
			}
			seen[next[0]] = true
			next = append(next, needs[next[0]]...)
			if own[next[0]] {
				graph[name] = append(graph[name], next[0])
			}
		}
		slices.Sort(graph[name])
	}
	return graph
}
