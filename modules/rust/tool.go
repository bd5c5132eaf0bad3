package rust

import (
	"context"
	"path"

	"dagger.io/dagger"
)

// tool is a program of crates.io.
type tool struct {
	file *dagger.File
	path string // where containers have it, so that cargo finds it
}

// tool compiles a program of crates.io with the dependencies that it was published
// with. It is compiled once: nothing of the source is part of it.
func (r *Rust) tool(ctx context.Context, name, version string) (tool, error) {
	base, err := r.Base(ctx)
	if err != nil {
		return tool{}, err
	}
	const out = "/tool"
	file := base.
		WithMountedTemp(targetPath).
		WithEnvVariable("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"). // it runs for less time than it takes to compile
		WithEnvVariable("CARGO_PROFILE_RELEASE_LTO", "off").
		WithExec([]string{"cargo", "install", "--locked", "--root=" + out, name + "@" + version}).
		File(path.Join(out, "bin", name))
	return tool{file: file, path: path.Join(programsFolder, name)}, nil
}
