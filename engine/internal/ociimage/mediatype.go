package ociimage

import (
	"fmt"
	"strings"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// MediaTypes is the family of media types an image uses.
type MediaTypes string

// The families, as the Dagger API names them.
const (
	OCI    MediaTypes = "OCIMediaTypes"
	Docker MediaTypes = "DockerMediaTypes"
)

// ParseMediaTypes reads the name of a family, also in Dagger's short form
// ("OCI", "DOCKER"). Empty is OCI.
func ParseMediaTypes(s string) (MediaTypes, error) {
	switch strings.ToLower(s) {
	case "", "oci", "ocimediatypes":
		return OCI, nil
	case "docker", "dockermediatypes":
		return Docker, nil
	}
	return "", fmt.Errorf("unknown image media types %q: use %s or %s", s, OCI, Docker)
}

// Media types of Docker's image format, version 2, schema 2.
const (
	dockerManifest   = "application/vnd.docker.distribution.manifest.v2+json"
	dockerIndex      = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerConfig     = "application/vnd.docker.container.image.v1+json"
	dockerLayer      = "application/vnd.docker.image.rootfs.diff.tar"
	dockerLayerGzip  = dockerLayer + ".gzip"
	dockerLayerZstd  = dockerLayer + ".zstd"
	dockerSchema1    = "application/vnd.docker.distribution.manifest.v1"
	ociNonDistribute = "application/vnd.oci.image.layer.nondistributable."
	dockerForeign    = "application/vnd.docker.image.rootfs.foreign."
)

func (m MediaTypes) manifest() string {
	if m == Docker {
		return dockerManifest
	}
	return ocispecs.MediaTypeImageManifest
}

func (m MediaTypes) index() string {
	if m == Docker {
		return dockerIndex
	}
	return ocispecs.MediaTypeImageIndex
}

func (m MediaTypes) config() string {
	if m == Docker {
		return dockerConfig
	}
	return ocispecs.MediaTypeImageConfig
}

// layerTypes pairs the names that the two families have for one format.
var layerTypes = map[Compression]map[MediaTypes]string{
	Uncompressed: {OCI: ocispecs.MediaTypeImageLayer, Docker: dockerLayer},
	Gzip:         {OCI: ocispecs.MediaTypeImageLayerGzip, Docker: dockerLayerGzip},
	Zstd:         {OCI: ocispecs.MediaTypeImageLayerZstd, Docker: dockerLayerZstd},
}

// layer names a layer with compression c.
func (m MediaTypes) layer(c Compression) string { return layerTypes[c][m] }

// compressionOf reads the compression off a layer's media type, "" if it is
// one that is passed on without a look inside.
func compressionOf(mediaType string) Compression {
	for c, names := range layerTypes {
		if mediaType == names[OCI] || mediaType == names[Docker] {
			return c
		}
	}
	return ""
}

func isManifest(mediaType string) bool {
	return mediaType == ocispecs.MediaTypeImageManifest || mediaType == dockerManifest
}

func isIndex(mediaType string) bool {
	return mediaType == ocispecs.MediaTypeImageIndex || mediaType == dockerIndex
}

// isRemoteLayer reports layers that archives may leave out, because their
// licence forbids passing them on.
func isRemoteLayer(desc ocispecs.Descriptor) bool {
	return len(desc.URLs) > 0 || strings.HasPrefix(desc.MediaType, ociNonDistribute) ||
		strings.HasPrefix(desc.MediaType, dockerForeign)
}
