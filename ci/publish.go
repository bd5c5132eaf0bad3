package main

import (
	"context"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/ci/cli"
)

// destination is where publish sends images.
var destination cli.Destination

// publish sends the application's image to a registry: one for all platforms, the
// same that package writes for each.
func publish(ctx context.Context, job *cli.Job) error {
	var images []*dagger.Container
	for _, one := range job.Platforms() {
		ctr, err := image(ctx, one)
		if err != nil {
			return err
		}
		images = append(images, ctr)
	}
	return job.Publish(ctx, destination, images...)
}

// annotated says in the image's manifest what its labels say: registries show
// annotations without reading the configuration.
func annotated(ctr *dagger.Container, revision cli.Revision, err error) (*dagger.Container, error) {
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"org.opencontainers.image.source":   revision.Source,
		"org.opencontainers.image.revision": revision.Commit,
		"org.opencontainers.image.created":  revision.Created(),
	} {
		if value != "" {
			ctr = ctr.WithAnnotation(name, value)
		}
	}
	return ctr, nil
}
