// Package runtimeimage holds what images of programs have in common, whatever
// the program is written in. Start with Root, and call Config.Apply when the
// program is in place.
package runtimeimage

import (
	"maps"
	"slices"

	"dagger.io/dagger"
)

// DefaultUser is the user and group that images run as: numeric, so that
// Kubernetes can tell that it is not root.
const DefaultUser = "65532:65532"

// Accounts of an image. The default user's home is "/": the image has no other.
const (
	passwd = "root:x:0:0:root:/root:/sbin/nologin\n" +
		"nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n" +
		"nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
	group = "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"
)

// Root returns the root file system of an image without a program: the accounts
// root, nobody and nonroot, and nothing else.
func Root(dag *dagger.Client) *dagger.Directory {
	readable := dagger.DirectoryWithNewFileOpts{Permissions: 0o644}
	return dag.Directory().
		WithNewFile("/etc/passwd", passwd, readable).
		WithNewFile("/etc/group", group, readable)
}

// Config is everything about an image but its files.
type Config struct {
	User       string // default DefaultUser
	Ports      []int
	Env        map[string]string
	Entrypoint []string // default: the program alone
	Args       []string

	Title, Source, Revision, Version, Created string
	Labels                                    map[string]string // further ones
}

// Apply configures a container that holds the program.
func (c Config) Apply(ctr *dagger.Container, program string) *dagger.Container {
	user, entrypoint := c.User, c.Entrypoint
	if user == "" {
		user = DefaultUser
	}
	if len(entrypoint) == 0 {
		entrypoint = []string{program}
	}
	ctr = ctr.WithUser(user).WithWorkdir("/").WithEntrypoint(entrypoint)
	if len(c.Args) > 0 {
		ctr = ctr.WithDefaultArgs(c.Args)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		ctr = ctr.WithEnvVariable(name, c.Env[name])
	}
	for _, port := range c.Ports {
		ctr = ctr.WithExposedPort(port)
	}
	labels := c.AllLabels()
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		ctr = ctr.WithLabel(name, labels[name])
	}
	return ctr
}

// AllLabels returns the image's labels. The names are those of
// https://specs.opencontainers.org/image-spec/annotations/
func (c Config) AllLabels() map[string]string {
	labels := map[string]string{}
	for name, value := range map[string]string{
		"title": c.Title, "source": c.Source, "revision": c.Revision, "version": c.Version, "created": c.Created,
	} {
		if value != "" {
			labels["org.opencontainers.image."+name] = value
		}
	}
	maps.Copy(labels, c.Labels)
	return labels
}
