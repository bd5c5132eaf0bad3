package buildkit

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/solver/pb"
	docker "github.com/moby/moby/client"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/dial"
)

// dockerDaemon is the Docker daemon that BuildKit is a part of; nil where it is not.
type dockerDaemon struct {
	api     *docker.Client
	id      string // that of the daemon's data
	version string
	classic bool // images are kept by Docker itself, not by containerd

	mu     sync.Mutex
	loaded map[digest.Digest]bool
}

// openDocker asks the Docker daemon at address what it is.
func openDocker(ctx context.Context, address string) (*dockerDaemon, error) {
	api, err := dial.Docker(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	answer, err := api.Info(ctx, docker.InfoOptions{})
	if err != nil {
		_ = api.Close()
		return nil, err
	}
	classic := !slices.ContainsFunc(answer.Info.DriverStatus, func(pair [2]string) bool {
		return pair[0] == "driver-type" && strings.HasPrefix(pair[1], "io.containerd.")
	})
	return &dockerDaemon{
		api: api, id: answer.Info.ID, version: answer.Info.ServerVersion, classic: classic, loaded: map[digest.Digest]bool{},
	}, nil
}

func (d *dockerDaemon) close() error {
	if d == nil {
		return nil
	}
	return d.api.Close()
}

// lacksLayouts reports whether image archives have to be loaded. With its classic
// store Docker says that it knows OCI layouts, and refuses them.
func (d *dockerDaemon) lacksLayouts() bool { return d != nil && d.classic }

// Identifiers of sources.
const (
	layoutScheme = "oci-layout://"
	imageScheme  = "docker-image://"
)

// lowerArchive has a source of an archive's image name one that Docker has, which
// is loaded where it is missing.
func (d *dockerDaemon) lowerArchive(ctx context.Context, stores *Stores, source *pb.SourceOp) error {
	_, hash, _ := strings.Cut(source.Identifier, "@")
	manifest, err := digest.Parse(hash)
	if err != nil {
		return fmt.Errorf("reading %s: %w", source.Identifier, err)
	}
	if d == nil {
		return fmt.Errorf("importing image archives needs BuildKit 0.11 or newer")
	}
	name := "bodkin/archive:" + manifest.Encoded()
	if err := d.load(ctx, stores, manifest, name); err != nil {
		return fmt.Errorf("loading an image archive into Docker: %w", err)
	}
	source.Identifier = imageScheme + "docker.io/" + name
	maps.DeleteFunc(source.Attrs, func(key, _ string) bool { return strings.HasPrefix(key, "oci.") })
	if source.Attrs == nil {
		source.Attrs = map[string]string{}
	}
	source.Attrs[pb.AttrImageResolveMode] = pb.AttrImageResolveModePreferLocal
	return nil
}

// load has Docker keep an image under name.
func (d *dockerDaemon) load(ctx context.Context, stores *Stores, manifest digest.Digest, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.loaded[manifest] {
		return nil
	}
	if _, err := d.api.ImageInspect(ctx, name); errdefs.IsNotFound(err) {
		if err := d.send(ctx, stores, manifest, name); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	d.loaded[manifest] = true
	return nil
}

// send writes the image to Docker as an archive in Docker's own format.
func (d *dockerDaemon) send(ctx context.Context, stores *Stores, manifest digest.Digest, name string) error {
	return d.take(ctx, func(w io.Writer) error { return writeDockerArchive(ctx, stores, manifest, name, w) })
}

// take has Docker load the archive that write writes.
func (d *dockerDaemon) take(ctx context.Context, write func(io.Writer) error) error {
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(write(w)) }()
	defer r.Close()
	answer, err := d.api.ImageLoad(ctx, r)
	if err != nil {
		return err
	}
	defer answer.Close()
	return loadError(answer)
}

// loadError reads what Docker says while it loads.
func loadError(said io.Reader) error {
	for dec := json.NewDecoder(said); ; {
		var line struct{ Error string }
		if err := dec.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading Docker's answer: %w", err)
		}
		if line.Error != "" {
			return fmt.Errorf("docker says: %s", line.Error)
		}
	}
}

func writeDockerArchive(ctx context.Context, stores *Stores, manifest digest.Digest, name string, w io.Writer) error {
	raw, err := content.ReadBlob(ctx, stores, ocispecs.Descriptor{Digest: manifest})
	if err != nil {
		return err
	}
	var image ocispecs.Manifest
	if err := json.Unmarshal(raw, &image); err != nil {
		return fmt.Errorf("reading the image's manifest: %w", err)
	}
	out := tar.NewWriter(w)
	list := struct {
		Config   string
		RepoTags []string
		Layers   []string
	}{Config: image.Config.Digest.Encoded() + ".json", RepoTags: []string{name}}
	written := map[digest.Digest]bool{}
	for _, layer := range image.Layers {
		file := layer.Digest.Encoded() + ".tar"
		list.Layers = append(list.Layers, file)
		if written[layer.Digest] {
			continue
		}
		written[layer.Digest] = true
		if err := copyBlob(ctx, out, stores, layer, file); err != nil {
			return err
		}
	}
	if err := copyBlob(ctx, out, stores, image.Config, list.Config); err != nil {
		return err
	}
	if raw, err = json.Marshal([]any{list}); err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Name: "manifest.json", Mode: 0o644, Size: int64(len(raw))}); err != nil {
		return err
	}
	if _, err := out.Write(raw); err != nil {
		return err
	}
	return out.Close()
}

func copyBlob(ctx context.Context, out *tar.Writer, stores *Stores, blob ocispecs.Descriptor, name string) error {
	r, err := stores.ReaderAt(ctx, blob)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: r.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(out, content.NewReader(r))
	return err
}
