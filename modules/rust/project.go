package rust

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// NotPackageError says that a folder holds no Rust package.
type NotPackageError struct {
	Path    string   // the folder within the source
	Missing string   // the file that it lacks: Cargo.toml or Cargo.lock
	Entries []string // what the folder holds instead
}

func (e *NotPackageError) Error() string {
	where := "the source folder"
	if e.Path != "." {
		where = "folder " + e.Path + " of the source"
	}
	if e.Missing == "Cargo.lock" {
		return where + " has no Cargo.lock, which says what to build with: run `cargo generate-lockfile` there and commit it"
	}
	holds := "it is empty"
	if len(e.Entries) > 0 {
		const shown = 8
		holds = "it holds " + strings.Join(e.Entries[:min(shown, len(e.Entries))], ", ")
		if len(e.Entries) > shown {
			holds += ", …"
		}
	}
	return fmt.Sprintf("%s is not a Rust package: it has no Cargo.toml (%s)", where, holds)
}

// project is what the source holds for cargo.
type project struct {
	crates []crate
	files  map[string]bool // Rust files
	vendor []string        // folders with sources of dependencies
	lock   string          // what Cargo.lock says
	// unstable names the packages of the source, and those that use them.
	unstable []string
	// graph has the packages of the source and all of these that each depends on.
	graph map[string][]string
}

// describe reads the manifests in the source.
func (r *Rust) describe(ctx context.Context) (*project, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.read != nil {
		return r.read, nil
	}
	if err := r.opts.check(); err != nil {
		return nil, err
	}
	p, err := r.readProject(ctx)
	if err != nil {
		return nil, err
	}
	r.read = p
	return p, nil
}

func (r *Rust) readProject(ctx context.Context) (*project, error) {
	manifests, err := r.glob(ctx, "**/Cargo.toml")
	if err != nil {
		return nil, err
	}
	if !slices.Contains(manifests, path.Join(r.opts.Path, "Cargo.toml")) {
		return nil, r.notPackage(ctx)
	}
	lock, err := r.findLock(ctx, manifests)
	if err != nil {
		return nil, err
	}
	files, err := r.glob(ctx, "**/*.rs")
	if err != nil {
		return nil, err
	}
	p := &project{files: map[string]bool{}, lock: lock, unstable: unstable(lock), graph: sourceGraph(lock)}
	for _, name := range files {
		p.files[name] = true
	}
	if p.vendor, err = r.vendorFolders(ctx); err != nil {
		return nil, err
	}
	for _, name := range manifests {
		if p.vendored(name) {
			continue
		}
		content, err := r.source.File(name).Contents(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		m, err := parseManifest(name, content)
		// Others may be there to be wrong, as data of tests.
		if err != nil && path.Dir(name) == r.opts.Path {
			return nil, err
		}
		p.crates = append(p.crates, crate{dir: path.Dir(name), manifest: m})
	}
	return p, nil
}

// glob returns the files of the source that a pattern matches, without those
// that cargo has built.
func (r *Rust) glob(ctx context.Context, pattern string) ([]string, error) {
	found, err := r.source.Glob(ctx, pattern)
	if err != nil {
		return nil, fmt.Errorf("looking for %s in the source: %w", pattern, err)
	}
	return slices.DeleteFunc(found, func(name string) bool {
		return strings.HasPrefix(name, "target/") || strings.Contains(name, "/target/")
	}), nil
}

func (r *Rust) notPackage(ctx context.Context) error {
	dir := r.source
	if r.opts.Path != "." {
		dir = dir.Directory(r.opts.Path)
	}
	entries, err := dir.Entries(ctx)
	if err != nil {
		return fmt.Errorf("listing folder %s of the source: %w", r.opts.Path, err)
	}
	return &NotPackageError{r.opts.Path, "Cargo.toml", entries}
}

// findLock reads the lock file beside the manifest, or beside one further up
// whose workspace the package may be part of.
func (r *Rust) findLock(ctx context.Context, manifests []string) (string, error) {
	locks, err := r.glob(ctx, "**/Cargo.lock")
	if err != nil {
		return "", err
	}
	for dir := r.opts.Path; ; dir = path.Dir(dir) {
		name := path.Join(dir, "Cargo.lock")
		if slices.Contains(locks, name) && slices.Contains(manifests, path.Join(dir, "Cargo.toml")) {
			content, err := r.source.File(name).Contents(ctx)
			if err != nil {
				return "", fmt.Errorf("reading %s: %w", name, err)
			}
			return content, nil
		}
		if dir == "." {
			return "", &NotPackageError{r.opts.Path, "Cargo.lock", nil}
		}
	}
}

// vendorFolders returns the folders that the source's configuration of cargo
// takes dependencies from.
func (r *Rust) vendorFolders(ctx context.Context) ([]string, error) {
	configs, err := r.glob(ctx, "**/.cargo/config.toml")
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, name := range configs {
		content, err := r.source.File(name).Contents(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		var config struct {
			Source map[string]struct{ Directory string }
		}
		if toml.Unmarshal([]byte(content), &config) != nil {
			continue // cargo says it better
		}
		for _, source := range config.Source {
			if source.Directory != "" {
				folders = append(folders, path.Join(path.Dir(path.Dir(name)), source.Directory))
			}
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders), nil
}

func (p *project) vendored(name string) bool {
	return slices.ContainsFunc(p.vendor, func(dir string) bool { return strings.HasPrefix(name, dir+"/") })
}

// crateIn returns the package in a folder of the source.
func (p *project) crateIn(dir string) crate {
	for _, c := range p.crates {
		if c.dir == dir {
			return c
		}
	}
	return crate{dir: dir}
}

// names lists the packages of the source.
func (p *project) names() []string {
	var names []string
	for _, c := range p.crates {
		if c.Package != nil {
			names = append(names, c.Package.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
