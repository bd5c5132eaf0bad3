package rust

import (
	_ "embed"
	"maps"
	"path"
	"slices"
	"strings"

	"dagger.io/dagger"
)

//go:embed units.sh
var unitsScript string

const (
	unitsPath       = "/units"
	unitsScriptPath = "/.cargo/units.sh"
)

// withCargo runs a cargo command. Packages of the source that others in it depend
// on are taken from a cache volume where all that they depend on is as it was
// when they were compiled.
func (r *Rust) withCargo(ctr *dagger.Container, command []string) *dagger.Container {
	packages := r.read.kept(r.opts.Image == "" && r.opts.Base == nil)
	if len(packages) == 0 {
		return ctr.WithExec(command)
	}
	args := append([]string{"sh", unitsScriptPath, unitsPath, strings.Join(packages, "\n")}, command...)
	return ctr.
		WithMountedFile(unitsScriptPath, r.dag.File("units.sh", unitsScript)).
		WithMountedCache(unitsPath, r.dag.CacheVolume(r.opts.CachePrefix+"-units")).
		WithExec(args).
		WithoutMount(unitsPath)
}

// kept describes the packages of the source that others in it depend on, as
// units.sh takes them. With pinned unset, build scripts may find anything in the
// container: packages that have one, or depend on one that has, are left out.
func (p *project) kept(pinned bool) []string {
	byName := map[string][]crate{}
	for _, c := range p.crates {
		if c.Package != nil {
			byName[c.Package.Name] = append(byName[c.Package.Name], c)
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(p.graph)) {
		needed := p.graph[name]
		usable := p.used(name)
		var depends, others string
		for _, other := range slices.Sorted(maps.Keys(p.graph)) {
			crates := byName[other]
			if len(crates) != 1 || strings.ContainsAny(crates[0].dir, ":|\n*?[\\") {
				usable = false // its folder is not known, or confuses the script
				break
			}
			switch {
			case !slices.Contains(needed, other):
				others += crates[0].dir + ":"
			case !pinned && crates[0].hasBuildScript(p.files):
				usable = false
			default:
				depends += crates[0].dir + ":"
			}
		}
		if usable {
			lines = append(lines, name+"|"+depends+"|"+others)
		}
	}
	return lines
}

// used says whether another package of the source depends on one.
func (p *project) used(name string) bool {
	for user, needs := range p.graph {
		if user != name && slices.Contains(needs, name) {
			return true
		}
	}
	return false
}

func (c crate) hasBuildScript(files map[string]bool) bool {
	if build, ok := c.Package.Build.(bool); ok {
		return build
	}
	return c.Package.Build != nil || files[path.Join(c.dir, "build.rs")]
}
