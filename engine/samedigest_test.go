package engine_test

import (
	"testing"

	"dagger.io/dagger"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/dockertest"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// differentEngines starts engines that keep files in different ways, by name.
func differentEngines(t *testing.T) map[string]string {
	t.Helper()
	addresses := map[string]string{"embedded": enginetest.Address(t), "plain": startPlain(t)}
	for name, containerd := range map[string]bool{"docker": false, "docker with containerd": true} {
		d, err := dockertest.Start(t.Context(), dockertest.Options{Box: enginetest.Testbox(t), Containerd: containerd})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, d.Close()) })
		addresses[name] = "docker+unix://" + d.Socket
	}
	return addresses
}

// What is packaged is the same to the bit on every engine: a whole image, one for two
// platforms, and one on a base.
func TestSameDigestOnEveryEngine(t *testing.T) {
	t.Parallel()
	enginetest.Needs(t)
	r := registrytest.Start(t, registrytest.Options{})
	base, err := name.ParseReference(r.Host + "/base:1")
	require.NoError(t, err)
	require.NoError(t, remote.Write(base, testImage(t, unique())))
	content := unique()
	edited := func(ctr *dagger.Container) *dagger.Container {
		return ctr.WithNewFile("/etc/passwd", "").WithNewFile("/etc/group", "").
			WithNewFile("/open", content, dagger.ContainerWithNewFileOpts{Permissions: 0o666}).
			WithExec(box("mkdir", "/d/e", ";", "write", "/d/e/f", content, ";", "link", "/d/e/f", "/d/g", ";", "ln", "e/f", "/d/h",
				";", "chmod", "4755", "/d/e/f", ";", "chown", "7", "/d/e", ";", "fifo", "/d/pipe", ";", "write", "/gone", "x")).
			WithoutFile("/gone").WithLabel("a", "b").WithEntrypoint([]string{"/d/h"})
	}
	images := map[string]func(t *testing.T, c *dagger.Client) string{
		"whole": func(t *testing.T, c *dagger.Client) string { return archiveDigest(t, edited(boxIn(t, c))) },
		"two platforms": func(t *testing.T, c *dagger.Client) string {
			arm := c.Container(dagger.ContainerOpts{Platform: "linux/arm64"}).WithNewFile("/arch", "arm")
			return archiveDigest(t, edited(boxIn(t, c)), dagger.ContainerExportOpts{PlatformVariants: []*dagger.Container{arm}})
		},
		"on a base": func(t *testing.T, c *dagger.Client) string {
			from := c.Container().From(r.Host+"/base:1").WithUser("0").WithFile(boxPath, c.Host().File(enginetest.Testbox(t)))
			return pinnedTo(t, published(t, edited(from).WithoutFile("/tag"), r.Host+"/"+unique()+":1"))
		},
	}
	first := map[string]string{}
	for engineName, address := range differentEngines(t) {
		c, err := engine.Connect(t.Context(), engine.WithAddress(address))
		require.NoError(t, err)
		for image, digest := range images {
			got := digest(t, c)
			if first[image] == "" {
				first[image] = got
			}
			require.Equal(t, first[image], got, "%s on %s", image, engineName)
		}
		require.NoError(t, c.Close())
	}
}
