package redis

import (
	_ "embed"
	"maps"
	"slices"
	"strconv"

	"dagger.io/dagger"
)

//go:embed start.sh
var startScript string

//go:embed ready.sh
var readyScript string

// Places in the container.
const (
	startPath    = "/usr/local/bin/redis-start"
	readyPath    = "/usr/local/bin/redis-ready"
	dataPath     = "/redisdata"
	passwordPath = "/run/secrets/redis-password"
	noPassword   = "-" // in place of a path
)

// patience is how long the server may take to answer, and how often it is asked.
var patience = dagger.ContainerWithDockerHealthcheckOpts{
	StartPeriod: "45s", StartInterval: "10ms", Interval: "1s", Timeout: "10s", Retries: 5,
}

func (r *Redis) server(ctr *dagger.Container) *dagger.Service {
	script := dagger.ContainerWithNewFileOpts{Permissions: 0o755}
	ctr = ctr.
		WithNewFile(startPath, startScript, script).
		WithNewFile(readyPath, readyScript, script)
	if r.opts.Volume != nil {
		ctr = ctr.WithMountedCache(dataPath, r.opts.Volume, dagger.ContainerWithMountedCacheOpts{
			Owner: r.owner(), Sharing: dagger.CacheSharingModeLocked,
		})
	} else {
		ctr = ctr.WithMountedTemp(dataPath)
	}
	password := noPassword
	if r.opts.Password != nil {
		password = passwordPath
		// The server reads it as the user of the container, whoever that is.
		ctr = ctr.WithMountedSecret(passwordPath, r.opts.Password, dagger.ContainerWithMountedSecretOpts{Mode: 0o444})
	}
	return ctr.
		WithExposedPort(Port).
		WithDockerHealthcheck([]string{readyPath, password}, patience).
		AsService(dagger.ContainerAsServiceOpts{Args: append([]string{startPath, password}, r.arguments()...)})
}

// arguments are the server's.
func (r *Redis) arguments() []string {
	settings := map[string]string{"port": strconv.Itoa(Port), "bind": "* -::*", "protected-mode": "no", "dir": dataPath}
	if r.opts.Volume == nil {
		maps.Copy(settings, TestSettings())
	}
	maps.Copy(settings, r.opts.Settings)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "--"+name, settings[name])
	}
	return args
}

// owner is whom a volume belongs to; "" is the user of the container.
func (r *Redis) owner() string {
	if r.opts.Image != "" || r.opts.Base != nil {
		return ""
	}
	return owner
}
