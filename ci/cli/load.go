package cli

import (
	"context"
	"fmt"
	"strings"

	"dagger.io/dagger"
)

// Load has the Docker daemon that is the engine, else the one that Docker's own
// programs talk to, keep the image as APP:latest. With several platforms the tag is the
// platform, such as linux-arm64.
func (j *Job) Load(ctx context.Context, image *dagger.Container) error {
	name := j.App.Name + ":latest"
	if j.several {
		name = j.App.Name + ":" + strings.ReplaceAll(string(j.Platform), "/", "-")
	}
	if err := image.ExportImage(ctx, name); err != nil {
		return fmt.Errorf("loading %s into Docker: %w", name, err)
	}
	j.Say(fmt.Sprintf("%s is in Docker: docker run %s\n", j.App.Name, name))
	return nil
}
