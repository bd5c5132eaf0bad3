package rust

import (
	"maps"
	"slices"

	"dagger.io/dagger"
)

// recipeFiles are the files of a source that say what it depends on.
var recipeFiles = []string{
	"**/Cargo.toml", "**/Cargo.lock", "**/.cargo/config.toml", "**/.cargo/config", "**/rust-toolchain.toml", "**/rust-toolchain",
}

// recipe returns the source with manifests and lock file, but with stubs in the
// place of everything that is compiled.
func (r *Rust) recipe(p *project) *dagger.Directory {
	include := slices.Clone(recipeFiles)
	for _, dir := range p.vendor {
		include = append(include, dir+"/**")
	}
	recipe := r.dag.Directory().WithDirectory("/", r.source, dagger.DirectoryWithDirectoryOpts{
		Include: include, Exclude: []string{"**/target"},
	})
	stubs := map[string]string{}
	for _, c := range p.crates {
		for name, content := range c.stubs(p.files) {
			stubs[name] = content
		}
	}
	for _, name := range slices.Sorted(maps.Keys(stubs)) {
		recipe = recipe.WithNewFile(name, stubs[name])
	}
	return recipe
}
