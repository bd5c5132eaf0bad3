package dial

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/docker/cli/cli/config"
	endpoint "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
)

// dockerContextEnv names the context that Docker's own programs use.
const dockerContextEnv = "DOCKER_CONTEXT"

// defaultContext is the context that the environment describes.
const defaultContext = "default"

// DockerContext is the name of the Docker context in use, "" for the default one. As
// with Docker's own programs DOCKER_HOST comes first, then DOCKER_CONTEXT, then what
// `docker context use` has written.
func DockerContext() string {
	if os.Getenv(dockerHostEnv) != "" {
		return ""
	}
	name := os.Getenv(dockerContextEnv)
	if name == "" {
		if file, err := config.Load(configDir()); err == nil {
			name = file.CurrentContext
		}
	}
	if name == defaultContext {
		return ""
	}
	return name
}

// configDir is the folder with the configuration of Docker's own programs.
func configDir() string {
	if dir := os.Getenv(config.EnvOverrideConfigDir); dir != "" {
		return dir
	}
	return config.Dir()
}

// contextEndpoint reads where a Docker context leads.
func contextEndpoint(name string) (endpoint.Endpoint, error) {
	dir := filepath.Join(configDir(), "contexts")
	types := store.NewConfig(func() any { return &map[string]any{} },
		store.EndpointTypeGetter(endpoint.DockerEndpoint, func() any { return &endpoint.EndpointMeta{} }))
	contexts := store.New(dir, types)
	fail := func(err error) (endpoint.Endpoint, error) {
		return endpoint.Endpoint{}, fmt.Errorf("reading Docker context %q in %s (%s or `docker context use` names it; DOCKER_HOST comes before it): %w",
			name, dir, dockerContextEnv, err)
	}
	meta, err := contexts.GetMetadata(name)
	if err != nil {
		return fail(err)
	}
	described, err := endpoint.EndpointFromContext(meta)
	if err == nil && described.Host == "" {
		err = errors.New("it names no Docker host")
	}
	if err != nil {
		return fail(err)
	}
	complete, err := endpoint.WithTLSData(contexts, name, described)
	if err != nil {
		return fail(err)
	}
	return complete, nil
}
