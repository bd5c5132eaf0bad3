package ociimage

import (
	"fmt"
	"maps"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// createdBy is what an image's history says of the layer written here.
const createdBy = "bodkin"

// imageConfig is an OCI image configuration with Docker's additions to its
// config section. Its field order is part of every image's digest.
type imageConfig struct {
	Created *time.Time `json:"created,omitempty"`
	ocispecs.Platform
	Config  dockerspec.DockerOCIImageConfig `json:"config"`
	RootFS  ocispecs.RootFS                 `json:"rootfs"`
	History []ocispecs.History              `json:"history,omitempty"`
}

// newConfig describes img; added says that the last of layers is img's own.
func newConfig(img Image, opts Options, layers []Layer, added bool) (imageConfig, error) {
	config := imageConfig{
		Created:  &opts.Time,
		Platform: img.Platform,
		Config:   dockerspec.DockerOCIImageConfig{ImageConfig: img.Config},
		RootFS:   ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{}},
	}
	if img.Docker != nil {
		config.Config.DockerOCIImageConfigExt = *img.Docker
	}
	if len(img.Labels) > 0 {
		labels := maps.Clone(img.Config.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, img.Labels)
		config.Config.Labels = labels
	}
	for _, l := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, l.DiffID)
	}
	var err error
	config.History, err = newHistory(img.Base, &opts.Time, added)
	return config, err
}

// newHistory continues the base image's history. Readers expect as many entries
// with a layer as there are layers, so where the base has none they are made.
func newHistory(base *Base, at *time.Time, added bool) ([]ocispecs.History, error) {
	var history []ocispecs.History
	if base != nil && base.History != nil {
		layers := 0
		for _, h := range base.History {
			if !h.EmptyLayer {
				layers++
			}
		}
		if layers != len(base.Layers) {
			return nil, fmt.Errorf("the base image's history tells of %d layers, but it has %d", layers, len(base.Layers))
		}
		history = append(history, base.History...)
	} else if base != nil {
		for range base.Layers {
			history = append(history, ocispecs.History{Created: at, Comment: "base image"})
		}
	}
	if added {
		history = append(history, ocispecs.History{Created: at, CreatedBy: createdBy})
	}
	return history, nil
}
