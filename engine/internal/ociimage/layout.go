package ociimage

import (
	"fmt"
	"path"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Bounds of an image index: how deep indexes may nest, and how many manifests
// they may list in all.
const (
	maxIndexDepth = 4
	maxManifests  = 4096
)

// annotationReferenceType marks manifests that describe another one (SBOM,
// provenance) instead of an image.
const annotationReferenceType = "vnd.docker.reference.type"

// loadLayout reads an OCI image layout.
func (a *Archive) loadLayout() error {
	docs := newDocuments(a)
	if _, ok := a.members[layoutFile]; ok {
		var layout ocispecs.ImageLayout
		data, err := docs.member(layoutFile)
		if err != nil {
			return err
		}
		if err := decode(data, &layout, layoutFile); err != nil {
			return err
		}
		if !strings.HasPrefix(layout.Version, "1.") {
			return fmt.Errorf("OCI image layout version %q is not known", layout.Version)
		}
	}
	if err := a.findBlobs(); err != nil {
		return err
	}
	data, err := docs.member(indexFile)
	if err != nil {
		return err
	}
	walk := &layoutWalk{archive: a, docs: docs}
	if err := walk.index(data, indexFile, nil, 0); err != nil {
		return err
	}
	if len(a.images) == 0 {
		if _, ok := a.members[dockerManifestFile]; ok {
			return a.loadDocker()
		}
		return fmt.Errorf("%s lists no image", indexFile)
	}
	return a.addRepoTags(docs)
}

// findBlobs notes the members that are blobs by their name.
func (a *Archive) findBlobs() error {
	for name := range a.members {
		rest, ok := strings.CutPrefix(name, blobsDir+"/")
		if !ok {
			continue
		}
		alg, hex := path.Split(rest)
		d := digest.NewDigestFromEncoded(digest.Algorithm(strings.TrimSuffix(alg, "/")), hex)
		if d.Validate() != nil {
			continue // a file that nothing can refer to
		}
		m, err := a.lookup(name)
		if err != nil {
			return err
		}
		a.blobs[d] = a.content(m)
	}
	return nil
}

// layoutWalk collects the images of an index and of the indexes below it.
type layoutWalk struct {
	archive   *Archive
	docs      *documents
	manifests int
}

// index reads one index; its images go by names as well as their own.
func (w *layoutWalk) index(data []byte, what string, names []string, depth int) error {
	if depth > maxIndexDepth {
		return fmt.Errorf("%s: indexes nest deeper than %d", what, maxIndexDepth)
	}
	var index struct {
		ocispecs.Index
		Config, Layers any // of a manifest in an index's clothes
	}
	if err := decode(data, &index, what); err != nil {
		return err
	}
	if index.SchemaVersion != 2 || index.Config != nil || index.Layers != nil {
		return fmt.Errorf("%s is not an image index", what)
	}
	for _, desc := range index.Manifests {
		if w.manifests++; w.manifests > maxManifests {
			return fmt.Errorf("it lists more than %d manifests", maxManifests)
		}
		if err := desc.Digest.Validate(); err != nil {
			return fmt.Errorf("%s lists a manifest with digest %q: %w", what, desc.Digest, err)
		}
		if err := w.manifest(desc, append(names[:len(names):len(names)], namesOf(desc)...), depth); err != nil {
			return err
		}
	}
	return nil
}

// namesOf lists what desc is called in its index.
func namesOf(desc ocispecs.Descriptor) []string {
	var names []string
	for _, key := range []string{annotationImageName, ocispecs.AnnotationRefName} {
		if name := desc.Annotations[key]; name != "" {
			names = append(names, name)
		}
	}
	return names
}

// manifest reads what desc lists: an index, an image, or something that is no
// image and passed over.
func (w *layoutWalk) manifest(desc ocispecs.Descriptor, names []string, depth int) error {
	what := "manifest " + desc.Digest.String()
	if strings.HasPrefix(desc.MediaType, dockerSchema1) {
		return fmt.Errorf("%s has Docker's first format, which is not read: push and pull it anew", what)
	}
	if !isIndex(desc.MediaType) && !isManifest(desc.MediaType) || desc.Annotations[annotationReferenceType] != "" {
		return nil
	}
	if _, ok := w.archive.blobs[desc.Digest]; !ok {
		// Archives of one platform may keep the index of all.
		w.archive.images = append(w.archive.images, absentImage(desc, names, what))
		return nil
	}
	data, err := w.docs.blob(desc)
	if err != nil {
		return err
	}
	if isIndex(desc.MediaType) {
		return w.index(data, what, names, depth+1)
	}
	img, err := w.image(desc, data)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if img != nil {
		img.names = names
		w.archive.images = append(w.archive.images, img)
	}
	return nil
}

// absentImage is an image that is listed, but not there.
func absentImage(desc ocispecs.Descriptor, names []string, what string) *storedImage {
	img := &storedImage{desc: desc, names: names, absent: what}
	if desc.Platform != nil {
		img.platform = *desc.Platform
	}
	return img
}
