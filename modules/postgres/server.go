package postgres

import (
	_ "embed"
	"maps"
	"slices"

	"dagger.io/dagger"
)

//go:embed find.sh
var findScript string

//go:embed init.sh
var initScript string

//go:embed start.sh
var startScript string

//go:embed ready.sh
var readyScript string

// Places in the container.
const (
	seedPath     = "/var/lib/bodkin-postgres/data" // the data folder as it was made
	dataPath     = "/pgdata"                       // the mount that the running one is in
	socketPath   = "/run/postgresql"
	initPath     = "/docker-entrypoint-initdb.d" // as the official images have it
	passwordPath = "/run/secrets/postgres-password"
)

// patience is how long the server may take to answer, and how often it is asked.
var patience = dagger.ContainerWithDockerHealthcheckOpts{
	StartPeriod: "45s", StartInterval: "50ms", Interval: "1s", Timeout: "10s", Retries: 5,
}

// script is the command that runs a shell script. Its arguments follow.
func script(text string, args ...string) []string {
	return append([]string{"sh", "-c", "set -eu\n" + findScript + text, "sh"}, args...)
}

// initialized makes the data folder. The password in it is the default one.
func (p *Postgres) initialized(base *dagger.Container) *dagger.Container {
	ctr := base.
		WithDirectory("/var/lib/bodkin-postgres", p.dag.Directory(), dagger.ContainerWithDirectoryOpts{Owner: p.owner()}).
		WithMountedTemp(socketPath).
		WithMountedTemp("/tmp").
		WithEnvVariable("PGHOST", socketPath).
		WithEnvVariable("PGDATA", seedPath)
	if p.opts.Init != nil {
		ctr = ctr.WithDirectory(initPath, p.opts.Init)
	}
	args := []string{p.opts.User, p.opts.Database, defaultPassword}
	if libraries := p.opts.Settings["shared_preload_libraries"]; libraries != "" {
		args = append(args, "-c", "shared_preload_libraries="+libraries)
	}
	return ctr.WithUser(account).WithExec(script(initScript, args...))
}

// server is the service, on a copy of the data folder that ctr has.
func (p *Postgres) server(ctr *dagger.Container, password *dagger.Secret) *dagger.Service {
	if p.opts.Volume != nil {
		ctr = ctr.WithMountedCache(dataPath, p.opts.Volume, dagger.ContainerWithMountedCacheOpts{
			Owner: p.owner(), Sharing: dagger.CacheSharingModeLocked,
		})
	} else {
		ctr = ctr.WithMountedTemp(dataPath)
	}
	set := ""
	if p.opts.Password != nil || p.opts.Volume != nil {
		set = passwordPath
	}
	return ctr.
		WithEnvVariable("PGDATA", dataPath+"/data").
		WithMountedSecret(passwordPath, password, dagger.ContainerWithMountedSecretOpts{Owner: p.owner(), Mode: 0o400}).
		WithExposedPort(Port).
		WithDockerHealthcheck(script(readyScript, p.opts.User, p.opts.Database, passwordPath), patience).
		AsService(dagger.ContainerAsServiceOpts{
			Args: script(startScript, append([]string{seedPath, p.opts.User, set}, p.arguments()...)...),
		})
}

// arguments are the server's.
func (p *Postgres) arguments() []string {
	settings := map[string]string{"listen_addresses": "*"}
	if p.opts.Volume == nil {
		maps.Copy(settings, TestSettings())
	}
	maps.Copy(settings, p.opts.Settings)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

// owner is who the server runs as.
func (p *Postgres) owner() string {
	if p.opts.Image != "" || p.opts.Base != nil {
		return account
	}
	return owner
}
