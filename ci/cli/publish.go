package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"dagger.io/dagger"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/ci/internal/publish"
	"github.com/bodkin-ci/bodkin/ci/internal/revision"
)

// Destination is where images are published. The zero value takes registry and
// project from the CI's variables, and the tags from the revision.
type Destination struct {
	to publish.Destination
	// What is left out of what is said of images.
	withoutProvenance, withoutSBOM bool
}

// Flags adds --registry, --repository, --tag, --provenance and --sbom.
func (d *Destination) Flags(f *pflag.FlagSet) {
	f.StringVar(&d.to.Registry, "registry", "", "`host` of the registry (default: the CI's own)")
	f.StringVar(&d.to.Repository, "repository", "", "`path` in the registry, below which each application has a repository, or with {app} in it (default: the CI's project)")
	f.StringArrayVar(&d.to.Tags, "tag", nil, "`name` to publish as, instead of commit, branch and latest; repeatable")
	negated(f, "provenance", &d.withoutProvenance, "say in the registry which source the image comes from (default true)")
	negated(f, "sbom", &d.withoutSBOM, "say in the registry what the image holds (default true)")
}

// negated adds a flag that is on by default.
func negated(f *pflag.FlagSet, name string, off *bool, usage string) {
	f.BoolFunc(name, usage, func(value string) error {
		on, err := strconv.ParseBool(value)
		*off = !on
		return err
	})
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
	var pinned, said string
	if d.withoutProvenance && d.withoutSBOM {
		pinned, err = j.publishTags(ctx, repository, tags, images)
	} else {
		pinned, said, err = j.publishAttested(ctx, d, repository, tags, images)
	}
	if err != nil {
		return err
	}
	j.Say(fmt.Sprintf("%s is published: %s\n  tags: %s\n%s", j.App.Name, pinned, strings.Join(tags, ", "), said))
	return j.write([]byte(pinned+"\n"), "image.digest")
}

// publishTags publishes images as one under tags, and returns its reference with
// digest.
func (j *Job) publishTags(ctx context.Context, repository string, tags []string, images []*dagger.Container) (pinned string, err error) {
	for _, tag := range tags {
		ref, err := images[0].Publish(ctx, repository+":"+tag, dagger.ContainerPublishOpts{PlatformVariants: images[1:]})
		if err != nil {
			return "", err
		}
		name, digest, ok := strings.Cut(ref, "@")
		if !ok {
			return "", fmt.Errorf("publishing %s:%s: the engine answers with %q, which has no digest", repository, tag, ref)
		}
		before := pinned
		if pinned = strings.TrimSuffix(name, ":"+tag) + "@" + digest; before != "" && before != pinned {
			return "", fmt.Errorf("publishing %s: it was %s, and %s as tag %s", repository, before, pinned, tag)
		}
	}
	return pinned, nil
}

// publishAttested publishes images under the first tag, and then an index of them and
// of what is said of them under all. Nobody misses anything in between: what the first
// tag names is the same image.
func (j *Job) publishAttested(ctx context.Context, d Destination, repository string, tags []string, images []*dagger.Container) (pinned, said string, err error) {
	a, err := j.attesting(d)
	if err != nil {
		return "", "", err
	}
	defer a.close()
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.look(groupCtx, images) })
	group.Go(func() (err error) {
		pinned, err = j.publishTags(groupCtx, repository, tags[:1], images)
		return err
	})
	if err := group.Wait(); err != nil {
		return "", "", err
	}
	image := pinned
	if pinned, err = a.attach(ctx, image, tags); err != nil {
		return "", "", err
	}
	_, digest, _ := strings.Cut(image, "@")
	return pinned, fmt.Sprintf("  image: %s\n  attestations: %s\n", digest, a), nil
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
