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
	initPath  = "/usr/local/bin/postgres-init"
	startPath = "/usr/local/bin/postgres-start"
	readyPath = "/usr/local/bin/postgres-ready"

	ownPath      = "/var/lib/bodkin-postgres"
	seedPath     = ownPath + "/data" // the data folder as it was made
	dataPath     = "/pgdata"         // the mount that the running one is in
	socketPath   = "/tmp"
	filesPath    = "/docker-entrypoint-initdb.d" // as the official images have it
	passwordPath = "/run/secrets/postgres-password"
	keepPassword = "-" // in place of a path: as it is in the data folder
)

// patience is how long the server may take to answer, and how often it is asked.
var patience = dagger.ContainerWithDockerHealthcheckOpts{
	StartPeriod: "45s", StartInterval: "10ms", Interval: "1s", Timeout: "10s", Retries: 5,
}

// withScripts adds what runs in the container.
func withScripts(ctr *dagger.Container) *dagger.Container {
	add := func(path, text string) {
		ctr = ctr.WithNewFile(path, "#!/bin/sh\nset -eu\n"+findScript+text, dagger.ContainerWithNewFileOpts{Permissions: 0o755})
	}
	add(initPath, initScript)
	add(startPath, startScript)
	add(readyPath, readyScript)
	return ctr
}

// initialized makes the data folder. The password in it is the default one.
func (p *Postgres) initialized(base *dagger.Container) *dagger.Container {
	ctr := withScripts(base).
		WithDirectory(ownPath, p.dag.Directory(), dagger.ContainerWithDirectoryOpts{Owner: p.owner()}).
		WithMountedTemp(socketPath).
		WithEnvVariable("PGHOST", socketPath).
		WithEnvVariable("PGSEED", seedPath)
	if p.opts.Init != nil {
		ctr = ctr.WithDirectory(filesPath, p.opts.Init)
	}
	args := []string{initPath, p.opts.User, p.opts.Database, defaultPassword}
	if libraries := p.opts.Settings["shared_preload_libraries"]; libraries != "" {
		args = append(args, "-c", "shared_preload_libraries="+libraries)
	}
	return ctr.WithUser(account).WithExec(args)
}

// server is the service, on a copy of the data folder that ctr has.
func (p *Postgres) server(ctr *dagger.Container, secret *dagger.Secret) *dagger.Service {
	if p.opts.Volume != nil {
		ctr = ctr.WithMountedCache(dataPath, p.opts.Volume, dagger.ContainerWithMountedCacheOpts{
			Owner: p.owner(), Sharing: dagger.CacheSharingModeLocked,
		})
	} else {
		ctr = ctr.WithMountedTemp(dataPath)
	}
	password := keepPassword
	if p.opts.Password != nil || p.opts.Volume != nil {
		password = passwordPath
	}
	return ctr.
		WithEnvVariable("PGDATA", dataPath+"/data").
		WithMountedSecret(passwordPath, secret, dagger.ContainerWithMountedSecretOpts{Owner: p.owner(), Mode: 0o400}).
		WithExposedPort(Port).
		WithDockerHealthcheck([]string{readyPath, p.opts.User, p.opts.Database, passwordPath}, patience).
		AsService(dagger.ContainerAsServiceOpts{
			Args: append([]string{startPath, p.opts.User, password}, p.arguments()...),
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
