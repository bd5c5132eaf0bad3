package cli

import (
	"context"
	"fmt"
	"strings"

	"dagger.io/dagger"
	"github.com/spf13/pflag"

	"github.com/bodkin-ci/bodkin/ci/internal/publish"
	"github.com/bodkin-ci/bodkin/ci/internal/revision"
)

// Destination is where images are published. The zero value takes registry and
// project from the CI's variables, and the tags from the revision.
type Destination struct{ to publish.Destination }

// Flags adds --registry, --repository and --tag.
func (d *Destination) Flags(f *pflag.FlagSet) {
	f.StringVar(&d.to.Registry, "registry", "", "`host` of the registry (default: the CI's own)")
	f.StringVar(&d.to.Repository, "repository", "", "`path` in the registry, below which each application has a repository, or with {app} in it (default: the CI's project)")
	f.StringArrayVar(&d.to.Tags, "tag", nil, "`name` to publish as, instead of commit, branch and latest; repeatable")
}

// Check says what is missing or wrong.
func (d *Destination) Check() error {
	_, err := d.to.To("app")
	return err
}

// Publish publishes the images of the job's platforms as one, under all tags of
// the revision. Its reference with digest is shown and written to image.digest.
func (j *Job) Publish(ctx context.Context, d Destination, images ...*dagger.Container) error {
	repository, err := d.to.To(j.App.Name)
	if err != nil {
		return err
	}
	rev := j.Revision()
	tags := d.to.TagsOf(rev, revision.RefOf(ctx, j.App.Dir))
	if rev.Dirty() && len(d.to.Tags) == 0 {
		j.Log.Warn("there are changes that are not committed: branch and latest stay what they are; --tag says otherwise", "app", j.App.Name)
	}
	var pinned string
	for _, tag := range tags {
		ref, err := images[0].Publish(ctx, repository+":"+tag, dagger.ContainerPublishOpts{PlatformVariants: images[1:]})
		if err != nil {
			return err
		}
		name, digest, ok := strings.Cut(ref, "@")
		if !ok {
			return fmt.Errorf("publishing %s:%s: the engine answers with %q, which has no digest", repository, tag, ref)
		}
		if pinned = strings.TrimSuffix(name, ":"+tag) + "@" + digest; j.digest != "" && j.digest != pinned {
			return fmt.Errorf("publishing %s: it was %s, and %s as tag %s", repository, j.digest, pinned, tag)
		}
		j.digest = pinned
	}
	j.Say(fmt.Sprintf("%s is published: %s\n  tags: %s\n", j.App.Name, pinned, strings.Join(tags, ", ")))
	return j.write([]byte(pinned+"\n"), "image.digest")
}

// Platforms returns one job for each platform that the command is for, which
// share this one's output.
func (j *Job) Platforms() []*Job {
	jobs := []*Job{j}
	for _, platform := range j.others {
		jobs = append(jobs, &Job{
			Dag: j.Dag, App: j.App, Platform: platform, Log: j.Log, Interactive: j.Interactive,
			name: j.name, run: j.run, outside: j.outside, output: j.output, revision: j.revision,
		})
	}
	return jobs
}
