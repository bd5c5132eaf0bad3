package sbom

import (
	"cmp"
	"slices"

	packageurl "github.com/package-url/packageurl-go"
)

// component is one thing that an image holds.
type component struct {
	url  packageurl.PackageURL
	from string // the file that tells of it, within the image or the source
	// supplier has made it, where that is known.
	supplier string
}

// Name is the component's name with its namespace.
func (c component) name() string {
	if c.url.Namespace == "" || c.url.Type == packageurl.TypeDebian {
		return c.url.Name
	}
	return c.url.Namespace + "/" + c.url.Name
}

// distinct orders components and leaves out what is there twice.
func distinct(all []component) []component {
	slices.SortStableFunc(all, func(a, b component) int {
		return cmp.Or(cmp.Compare(a.url.ToString(), b.url.ToString()), cmp.Compare(a.from, b.from))
	})
	return slices.CompactFunc(all, func(a, b component) bool { return a.url.ToString() == b.url.ToString() })
}
