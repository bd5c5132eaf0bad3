package ociimage

import (
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// dockerSource is an image that only Docker's manifest.json describes.
type dockerSource struct {
	entry   dockerImage
	diffIDs []digest.Digest

	mu        sync.Mutex // held while the image is described
	described bool
}

// readDockerManifest reads manifest.json.
func readDockerManifest(docs *documents) ([]dockerImage, error) {
	data, err := docs.member(dockerManifestFile)
	if err != nil {
		return nil, err
	}
	var entries []dockerImage
	if err := decode(data, &entries, dockerManifestFile); err != nil {
		return nil, err
	}
	if len(entries) > maxManifests {
		return nil, fmt.Errorf("%s lists more than %d images", dockerManifestFile, maxManifests)
	}
	return entries, nil
}

// loadDocker reads what `docker save` wrote.
func (a *Archive) loadDocker() error {
	docs := newDocuments(a)
	entries, err := readDockerManifest(docs)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return fmt.Errorf("%s lists no image", dockerManifestFile)
	}
	for _, entry := range entries {
		img, err := a.dockerImage(docs, entry)
		if err != nil {
			return fmt.Errorf("image %q: %w", entry.Config, err)
		}
		a.images = append(a.images, img)
	}
	return nil
}

// dockerImage reads the configuration of one entry and looks for its layers.
func (a *Archive) dockerImage(docs *documents, entry dockerImage) (*storedImage, error) {
	config, err := docs.member(entry.Config)
	if err != nil {
		return nil, err
	}
	if want := digestInName(entry.Config); want != "" && want != digest.FromBytes(config) {
		return nil, fmt.Errorf("the configuration is damaged: its content has digest %s", digest.FromBytes(config))
	}
	var parsed ocispecs.Image
	if err := decode(config, &parsed, "the configuration"); err != nil {
		return nil, err
	}
	if have, want := len(entry.Layers), len(parsed.RootFS.DiffIDs); have != want {
		return nil, fmt.Errorf("%d layers are listed, but the configuration tells of %d", have, want)
	}
	for i, name := range entry.Layers {
		if err := parsed.RootFS.DiffIDs[i].Validate(); err != nil {
			return nil, fmt.Errorf("the configuration tells of layer %q: %w", parsed.RootFS.DiffIDs[i], err)
		}
		if _, err := a.lookup(name); err != nil {
			return nil, fmt.Errorf("layer %w", err)
		}
	}
	return &storedImage{
		platform: parsed.Platform,
		names:    entry.RepoTags,
		config:   config,
		docker:   &dockerSource{entry: entry, diffIDs: parsed.RootFS.DiffIDs},
	}, nil
}

// digestInName is the digest that a configuration's file name states, "" if it
// states none.
func digestInName(name string) digest.Digest {
	hex := strings.TrimPrefix(strings.TrimSuffix(path.Base(name), ".json"), "sha256:")
	d := digest.NewDigestFromEncoded(digest.SHA256, hex)
	if d.Validate() != nil {
		return ""
	}
	return d
}

// addRepoTags adds the names that manifest.json knows to the images of a layout.
func (a *Archive) addRepoTags(docs *documents) error {
	if _, ok := a.members[dockerManifestFile]; !ok {
		return nil
	}
	entries, err := readDockerManifest(docs)
	if err != nil {
		return err
	}
	tags := map[digest.Digest][]string{}
	for _, entry := range entries {
		d := digestInName(entry.Config)
		tags[d] = append(tags[d], entry.RepoTags...)
	}
	for _, img := range a.images {
		if img.absent == "" {
			img.names = append(img.names, tags[digest.FromBytes(img.config)]...)
		}
	}
	return nil
}
