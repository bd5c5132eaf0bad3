//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"text/template"
)

const cniConfigPath = "/etc/cni/bodkin.conflist"

// daemonConfig is buildkitd's configuration. Garbage collection keeps cache
// volumes and unused steps for weeks, not the two days that BuildKit grants cache
// volumes by itself: a cold Go or Rust cache costs minutes.
var daemonConfig = template.Must(template.New("").Parse(`root = "{{.State}}"
insecure-entitlements = ["network.host", "security.insecure"]

[grpc]
  address = ["unix://{{.Sockets}}/buildkitd.sock"]
  debugAddress = "unix://{{.Debug}}"

[cdi]
  disabled = true

[history]
  maxAge = "48h"
  maxEntries = 100

[worker.containerd]
  enabled = false

[worker.oci]
  enabled = true
  snapshotter = "auto"
  networkMode = "cni"
  cniConfigPath = "{{.CNI}}"
  cniBinaryPath = "/usr/lib/cni"
  cniPoolSize = {{.Pool}}
  defaultCgroupParent = "{{.Cgroup}}"
  gc = true

  [[worker.oci.gcpolicy]]
    filters = ["type==source.local", "type==source.git.checkout"]
    keepDuration = "48h"
    maxUsedSpace = "2GB"

  [[worker.oci.gcpolicy]]
    keepDuration = "720h"
    reservedSpace = "10GB"
    maxUsedSpace = "60%"
    minFreeSpace = "5%"

  [[worker.oci.gcpolicy]]
    reservedSpace = "10GB"
    maxUsedSpace = "60%"
    minFreeSpace = "5%"

  [[worker.oci.gcpolicy]]
    all = true
    reservedSpace = "10GB"
    maxUsedSpace = "60%"
    minFreeSpace = "5%"

{{.Registries}}
`))

// writeDaemonConfig runs inside the engine's root.
func writeDaemonConfig(cfg initConfig) error {
	for _, path := range []string{daemonConfigPath, cniConfigPath} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
	}
	f, err := os.Create(daemonConfigPath)
	if err != nil {
		return fmt.Errorf("writing buildkitd's configuration: %w", err)
	}
	defer f.Close()
	err = daemonConfig.Execute(f, map[string]any{
		"State": stateInside, "Sockets": socketsInside, "Debug": debugSocket, "CNI": cniConfigPath,
		"Pool": min(max(4, 2*runtime.NumCPU()), 32), "Cgroup": "/" + cgroupName(cfg.Dir), "Registries": cfg.Registries,
	})
	if err != nil {
		return fmt.Errorf("writing buildkitd's configuration: %w", err)
	}
	cni, err := json.MarshalIndent(cfg.Network.cniConfig(), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(cniConfigPath, cni, 0o644)
}

// daemonEnv is buildkitd's whole environment. Step logs are not cut: the client
// decides what to show.
func daemonEnv(extra []string) []string {
	return append([]string{
		"PATH=/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"TMPDIR=/tmp",
		"SSL_CERT_FILE=" + bundleInside,
		"BUILDKIT_STEP_LOG_MAX_SIZE=-1",
		"BUILDKIT_STEP_LOG_MAX_SPEED=-1",
	}, extra...)
}
