package golang

import (
	"context"
	"path"

	"dagger.io/dagger"
)

// moduleFiles are the files of a source that say which modules it needs, those
// of nested modules included: replace lines and go.work lead there.
var moduleFiles = []string{"**/go.mod", "**/go.sum", "go.work", "go.work.sum"}

// downloadArgs is the command that fetches all modules.
func downloadArgs() []string { return []string{"go", "mod", "download"} }

// Download returns Base with the modules that the source needs in the module
// cache. It depends on go.mod, go.sum and go.work alone, so that other changes
// of the source fetch nothing again. Of a source with a vendor folder nothing
// is fetched.
func (g *Golang) Download(ctx context.Context) (*dagger.Container, error) {
	d, err := g.describe(ctx)
	if err != nil {
		return nil, err
	}
	ctr, err := g.Base(ctx)
	if err != nil || d.vendored {
		return ctr, err
	}
	files := g.dag.Directory().WithDirectory("/", g.source, dagger.DirectoryWithDirectoryOpts{Include: moduleFiles})
	return g.withSource(ctr, files).WithExec(downloadArgs()), nil
}

// withSource mounts files as the source and goes to the module's folder. Nothing
// writes there, which saves the engine a copy.
func (g *Golang) withSource(ctr *dagger.Container, files *dagger.Directory) *dagger.Container {
	return ctr.
		WithMountedDirectory(sourcePath, files, dagger.ContainerWithMountedDirectoryOpts{ReadOnly: true}).
		WithWorkdir(path.Join(sourcePath, g.opts.Path))
}
