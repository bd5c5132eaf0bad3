package ociimage

import (
	"fmt"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// image reads an image manifest and its configuration; nil when the manifest
// describes something else, such as a chart.
func (w *layoutWalk) image(desc ocispecs.Descriptor, data []byte) (*storedImage, error) {
	var manifest struct {
		ocispecs.Manifest
		Manifests any // of an index in a manifest's clothes
	}
	if err := decode(data, &manifest, "the manifest"); err != nil {
		return nil, err
	}
	if manifest.SchemaVersion != 2 || manifest.Manifests != nil {
		return nil, fmt.Errorf("not an image manifest")
	}
	if manifest.MediaType != "" && manifest.MediaType != desc.MediaType {
		return nil, fmt.Errorf("it calls itself %s, but is listed as %s", manifest.MediaType, desc.MediaType)
	}
	if t := manifest.Config.MediaType; t != ocispecs.MediaTypeImageConfig && t != dockerConfig {
		return nil, nil
	}
	if err := manifest.Config.Digest.Validate(); err != nil {
		return nil, fmt.Errorf("its configuration has digest %q: %w", manifest.Config.Digest, err)
	}
	config, err := w.docs.blob(manifest.Config)
	if err != nil {
		return nil, err
	}
	img := &storedImage{desc: desc, config: config}
	if img.platform, err = configPlatform(config, desc.Platform); err != nil {
		return nil, err
	}
	img.absent, err = w.archive.checkLayers(manifest.Layers)
	return img, err
}

// checkLayers compares the layers' sizes with what the archive holds and names
// the first that it does not hold.
func (a *Archive) checkLayers(layers []ocispecs.Descriptor) (absent string, err error) {
	for _, l := range layers {
		if err := l.Digest.Validate(); err != nil {
			return "", fmt.Errorf("it lists a layer with digest %q: %w", l.Digest, err)
		}
		c, ok := a.blobs[l.Digest]
		if !ok {
			if absent == "" && !isRemoteLayer(l) {
				absent = "layer " + l.Digest.String()
			}
			continue
		}
		if c.size != l.Size {
			return "", fmt.Errorf("layer %s has %d bytes, but %d are listed", l.Digest, c.size, l.Size)
		}
	}
	return absent, nil
}

// configPlatform is the platform of an image: what its configuration says, and
// what only the index says (listed, may be nil).
func configPlatform(config []byte, listed *ocispecs.Platform) (ocispecs.Platform, error) {
	var img ocispecs.Image
	if err := decode(config, &img, "the configuration"); err != nil {
		return ocispecs.Platform{}, err
	}
	p := img.Platform
	if listed != nil && (p.OS == "" || p.Architecture == "") {
		p = *listed
	}
	if listed != nil && p.Variant == "" {
		p.Variant = listed.Variant
	}
	return p, nil
}
