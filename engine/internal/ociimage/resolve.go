package ociimage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// NoMatchError says that an archive has no image of a tag and platform.
type NoMatchError struct {
	Path     string
	Tag      string // "" for any
	Platform string // "" for any
	Have     []string
	Absent   string // what an image that would match lacks, "" if none would
}

func (e *NoMatchError) Error() string {
	what := "no image"
	if e.Tag != "" {
		what += fmt.Sprintf(" tagged %q", e.Tag)
	}
	if e.Platform != "" {
		what += " for " + e.Platform
	}
	if e.Absent != "" {
		return fmt.Sprintf("image archive %s lists such an image, but does not hold its %s (%s)", e.Path, e.Absent, strings.TrimPrefix(what, "no "))
	}
	return fmt.Sprintf("image archive %s has %s; it has %s", e.Path, what, strings.Join(e.Have, ", "))
}

// Resolve picks an image and returns the descriptor of its manifest and its
// configuration, as stored. An image matches tag by any name that the archive
// gives it: the annotation org.opencontainers.image.ref.name, a full reference
// (RepoTags), or the part behind a reference's colon. An empty tag matches all;
// a zero platform does so too. Of several matches the one whose platform fits
// best is taken, then the first in the archive. None is a *NoMatchError.
func (a *Archive) Resolve(ctx context.Context, tag string, platform ocispecs.Platform) (ocispecs.Descriptor, []byte, error) {
	candidates := byPlatform(byTag(a.images, tag), platform)
	absent := ""
	for _, img := range candidates {
		if img.absent != "" {
			if absent == "" {
				absent = img.absent
			}
			continue
		}
		if err := a.describe(ctx, img); err != nil {
			return ocispecs.Descriptor{}, nil, err
		}
		desc := img.desc
		desc.Platform = &img.platform
		return desc, slices.Clone(img.config), nil
	}
	err := &NoMatchError{Path: a.path, Tag: tag, Have: a.List(), Absent: absent}
	if platform.OS != "" || platform.Architecture != "" {
		err.Platform = platforms.Format(platform)
	}
	return ocispecs.Descriptor{}, nil, err
}

// List names the archive's images for people: "app:1.0 (linux/amd64)".
func (a *Archive) List() []string {
	var out []string
	for _, img := range a.images {
		name := "an untagged image"
		if len(img.names) > 0 {
			name = familiar(img.names[0])
		}
		if img.platform.OS != "" {
			name += " (" + platforms.Format(img.platform) + ")"
		}
		out = append(out, name)
	}
	return out
}

// byTag keeps the images called tag: by their very name, else by the tag of
// their reference, else by what Docker takes the name to mean.
func byTag(images []*storedImage, tag string) []*storedImage {
	if tag == "" {
		return images
	}
	full := tag
	if ref, err := reference.ParseNormalizedNamed(tag); err == nil {
		full = reference.TagNameOnly(ref).String()
	}
	for _, matches := range []func(name string) bool{
		func(name string) bool { return name == tag || familiar(name) == tag },
		func(name string) bool { return tagOf(name) == tag },
		func(name string) bool { return name == full || familiar(name) == familiar(full) },
	} {
		var found []*storedImage
		for _, img := range images {
			if slices.ContainsFunc(img.names, matches) {
				found = append(found, img)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// byPlatform keeps the images that platform can run, the best first. An image
// that does not say what it is for is taken at its word.
func byPlatform(images []*storedImage, platform ocispecs.Platform) []*storedImage {
	if platform.OS == "" && platform.Architecture == "" {
		return images
	}
	matcher := platforms.Only(platforms.Normalize(platform))
	var found []*storedImage
	for _, img := range images {
		if img.platform.OS == "" || matcher.Match(platforms.Normalize(img.platform)) {
			found = append(found, img)
		}
	}
	slices.SortStableFunc(found, func(a, b *storedImage) int {
		switch pa, pb := platforms.Normalize(a.platform), platforms.Normalize(b.platform); {
		case matcher.Less(pa, pb):
			return -1
		case matcher.Less(pb, pa):
			return 1
		}
		return 0
	})
	return found
}
