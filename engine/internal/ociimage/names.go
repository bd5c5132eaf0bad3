package ociimage

import (
	"fmt"
	"slices"

	"github.com/distribution/reference"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// annotationImageName holds the full reference in an archive's index, as
// containerd and Docker write and read it.
const annotationImageName = "io.containerd.image.name"

// normalNames parses image references, gives them a tag where they have none,
// and puts them in order without repetition.
func normalNames(names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		ref, err := reference.ParseNormalizedNamed(name)
		if err != nil {
			return nil, fmt.Errorf("image name %q: %w", name, err)
		}
		if _, ok := ref.(reference.Digested); ok {
			return nil, fmt.Errorf("image name %q: an archive can name a tag, not a digest", name)
		}
		out = append(out, reference.TagNameOnly(ref).String())
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// familiar is the short form of a name from normalNames, as Docker lists it.
func familiar(name string) string {
	ref, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return name
	}
	return reference.FamiliarString(ref)
}

// tagOf is the part of a reference behind the colon, "" if there is none.
func tagOf(name string) string {
	ref, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return ""
	}
	if tagged, ok := ref.(reference.Tagged); ok {
		return tagged.Tag()
	}
	return ""
}

// named repeats desc once for each name; once without, if there are none.
func named(desc ocispecs.Descriptor, names []string) []ocispecs.Descriptor {
	if len(names) == 0 {
		return []ocispecs.Descriptor{desc}
	}
	var out []ocispecs.Descriptor
	for _, name := range names {
		d := desc
		d.Annotations = map[string]string{
			annotationImageName:        name,
			ocispecs.AnnotationRefName: tagOf(name),
		}
		out = append(out, d)
	}
	return out
}
