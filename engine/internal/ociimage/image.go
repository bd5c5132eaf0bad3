package ociimage

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/containerd/platforms"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Opener opens a stream from its beginning. It is called once or more, each
// result is read by one goroutine and closed; a cancelled ctx ends it.
type Opener func(ctx context.Context) (io.ReadCloser, error)

// Image is one platform's image to be written.
type Image struct {
	// Platform is required; it is normalised (arm64/v8 is arm64).
	Platform ocispecs.Platform
	// Config is what runs and how. Labels below are added to its labels.
	Config ocispecs.ImageConfig
	// Docker holds the settings that Docker adds to the OCI configuration
	// (health check, ONBUILD, shell). Nil: none.
	Docker *dockerspec.DockerOCIImageConfigExt
	// Labels win over Config.Labels of the same name.
	Labels map[string]string
	// Annotations of the manifest. Only OCI media types have them.
	Annotations map[string]string
	// Rootfs is the whole root file system as a tar stream, as BuildKit's tar
	// exporter writes it, in any order. It is not opened where there is a Base.
	Rootfs Opener
	// Base, when set, is the image that the file system started from: its layers
	// are kept, and only what differs goes into a new layer.
	Base *Base
	// Unchanged says that the file system is that of Base: it is not looked at.
	Unchanged bool
}

// Base is the image below an Image.
type Base struct {
	// Layers from the lowest to the highest.
	Layers []Layer
	// History of the base image, kept as it is. Nil: none is known.
	History []ocispecs.History
	// Changes is the tar stream of what the image's file system has over what Layers
	// unpack to: whatever is new or differs, the folders above it, and an entry with
	// protocol.WhiteoutPrefix for each path that is gone.
	Changes Opener
}

// Layer is a layer blob that exists already.
type Layer struct {
	// Descriptor needs media type, digest and size, all of the blob as it is
	// stored. A blob that turns out to differ fails the write.
	Descriptor ocispecs.Descriptor
	// DiffID is the digest of the uncompressed tar. Empty: it is computed.
	DiffID digest.Digest
	// Open opens the blob.
	Open Opener
}

// Options say how an archive is written. The zero value is the recommended one.
type Options struct {
	// Compression of the layers. Left empty, new layers and base layers that are
	// not compressed get Gzip, and other base layers stay as they are. Given, it
	// is forced on all layers.
	Compression Compression
	// MediaTypes of manifests, configurations and layers. Default OCI.
	MediaTypes MediaTypes
	// Time is given to every file and to the image, in whole seconds. Default the
	// Unix epoch; earlier times are refused.
	Time time.Time
	// Names are image references ("app:1.0") that `docker load` gives the image.
	// Default none.
	Names []string
	// TempDir holds what does not belong in memory while it is needed: the
	// files of the trees, and the compressed layers. Default os.TempDir().
	TempDir string

	forced bool // Compression was given
}

// withDefaults checks o and fills in what was left out.
func (o Options) withDefaults() (Options, error) {
	var err error
	if o.Compression, err = ParseCompression(string(o.Compression)); err != nil {
		return o, err
	}
	o.forced = o.Compression != ""
	if !o.forced {
		o.Compression = Gzip
	}
	if o.MediaTypes, err = ParseMediaTypes(string(o.MediaTypes)); err != nil {
		return o, err
	}
	if o.Time, err = normalTime(o.Time); err != nil {
		return o, err
	}
	o.Names, err = normalNames(o.Names)
	return o, err
}

// normalTime returns t in whole seconds UTC, the Unix epoch for the zero time.
func normalTime(t time.Time) (time.Time, error) {
	if t.IsZero() {
		return time.Unix(0, 0).UTC(), nil
	}
	if t.Unix() < 0 {
		return t, fmt.Errorf("the image's time %s is before 1970", t.UTC().Format(time.RFC3339))
	}
	return t.UTC().Truncate(time.Second), nil
}

// check refuses what cannot be written and returns img with its platform
// normalised.
func (img Image) check(types MediaTypes) (Image, error) {
	if img.Platform.OS == "" || img.Platform.Architecture == "" {
		return img, fmt.Errorf("an image needs a platform, not %q", platforms.Format(img.Platform))
	}
	img.Platform = platforms.Normalize(img.Platform)
	name := platforms.Format(img.Platform)
	if img.Rootfs == nil && (img.Base == nil || len(img.Base.Layers) == 0) {
		return img, fmt.Errorf("the image for %s has no root file system", name)
	}
	if types == Docker && len(img.Annotations) > 0 {
		return img, fmt.Errorf("the image for %s has annotations, which Docker media types cannot hold: use OCI media types", name)
	}
	if img.Base != nil && len(img.Base.Layers) > 0 && img.Base.Changes == nil {
		return img, fmt.Errorf("the base image for %s has layers but nobody says what differs", name)
	}
	return img, nil
}
