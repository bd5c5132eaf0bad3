// Package dockertest runs a real dockerd from Debian's packages for tests, without
// installing it: in mount, process and network namespaces of its own, with a user
// mode network, so that nothing on the host changes. Call Start. It needs root.
package dockertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// startPatience bounds how long a dockerd may take to answer.
const startPatience = 90 * time.Second

// stopPatience bounds how long it may take to end.
const stopPatience = 20 * time.Second

// Options of a dockerd. The zero value but for Box is the recommended set-up.
type Options struct {
	// Box is the path of the test program, which enters the daemon's root.
	Box string
	// Suite is the Debian release whose Docker is run. Default trixie.
	Suite string
	// Containerd has images kept by containerd, not by Docker's classic store.
	// Docker has that from version 23.
	Containerd bool
	// TLS has the daemon listen on loopback, too, for clients that show a certificate.
	TLS bool
	// Args are further arguments of dockerd.
	Args []string
}

// Docker is a running dockerd.
type Docker struct {
	// Socket is the path of its API's socket.
	Socket string
	// Host is what DOCKER_HOST has to be for TLS, tcp://127.0.0.1:PORT, and Certs the
	// folder with a client's certificates.
	Host, Certs string
	// State is the folder with everything that it keeps.
	State string
	// Log is the file with what it has said.
	Log string

	dir     string
	options Options
	daemon  *exec.Cmd
	network *exec.Cmd
}

// Start starts a dockerd and returns when it answers. Close ends it and removes
// its state.
func Start(ctx context.Context, opts Options) (*Docker, error) {
	if opts.Suite == "" {
		opts.Suite = "trixie"
	}
	root, err := root(ctx, opts.Suite)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bodkin-docker-")
	if err != nil {
		return nil, err
	}
	d := &Docker{dir: dir, options: opts, State: filepath.Join(dir, "state"), Log: filepath.Join(dir, "log")}
	d.Socket = filepath.Join(d.State, "docker.sock")
	if err := d.start(ctx, root); err != nil {
		said, _ := os.ReadFile(d.Log)
		return nil, errors.Join(fmt.Errorf("starting Docker of Debian %s: %w\n%s", opts.Suite, err, said), d.Close())
	}
	return d, nil
}

func (d *Docker) start(ctx context.Context, root string) error {
	for _, sub := range []string{"state", "root", "netroot"} {
		if err := os.Mkdir(filepath.Join(d.dir, sub), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(d.State, "daemon.json"), []byte(settings), 0o644); err != nil {
		return err
	}
	if err := d.makeCertificates(); err != nil {
		return err
	}
	out, err := os.Create(d.Log)
	if err != nil {
		return err
	}
	defer out.Close()
	d.daemon = d.command(root, "root", out, append([]string{"/bin/sh", "-ec", prelude, "dockerd"}, d.arguments()...)...)
	d.daemon.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC
	if err := d.daemon.Start(); err != nil {
		return err
	}
	d.network = d.command(root, "netroot", out, "/usr/bin/slirp4netns", "--configure", "--mtu=65520",
		"--api-socket="+filepath.Join(inDaemon, networkSocket), "--netns-type=path", fmt.Sprintf("/proc/%d/ns/net", d.daemon.Process.Pid), "tap0")
	d.network.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS
	if err := d.network.Start(); err != nil {
		return fmt.Errorf("starting the network: %w", err)
	}
	if err := d.wait(ctx); err != nil {
		return err
	}
	return d.forward(ctx)
}

// command runs args in the unpacked root. It ends with this process.
func (d *Docker) command(root, top string, out *os.File, args ...string) *exec.Cmd {
	cmd := exec.Command(d.options.Box, append([]string{"enter", root, d.options.Box, d.State, filepath.Join(d.dir, top), "--"}, args...)...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// prelude leads what the daemon asks of its own loopback to the host's: registries
// of tests listen there. 10.0.2.2 is the host in slirp4netns's network.
const prelude = `
echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet
iptables -t nat -A OUTPUT -d 127.0.0.1 -p tcp -j DNAT --to-destination 10.0.2.2
iptables -t nat -A POSTROUTING -s 127.0.0.0/8 -o tap0 -j MASQUERADE
exec dockerd "$@"
`

// settings have containerd keep images. Docker has a flag for that only from version 27.
const settings = `{"features": {"containerd-snapshotter": true}}`

// inDaemon is where the daemon sees its state folder.
const inDaemon = "/var/lib/buildkit"

func (d *Docker) arguments() []string {
	args := []string{
		"--host", "unix://" + inDaemon + "/docker.sock", "--data-root", inDaemon + "/data",
		"--exec-root", "/run/docker", "--pidfile", "/run/docker.pid", "--cgroup-parent", d.cgroup(),
	}
	if d.options.Containerd {
		args = append(args, "--config-file", inDaemon+"/daemon.json")
	}
	return slices.Concat(args, d.tlsArguments(), d.options.Args)
}

// cgroup is the control group that the daemon's containers are in.
func (d *Docker) cgroup() string { return "/" + filepath.Base(d.dir) }

// wait returns when the daemon answers.
func (d *Docker) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		_, err := d.Version(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for its API: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
		if syscall.Kill(d.daemon.Process.Pid, 0) != nil || d.zombie() {
			return errors.New("it has ended")
		}
	}
}

// zombie reports whether the daemon has ended without having been waited for.
func (d *Docker) zombie() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.daemon.Process.Pid))
	_, after, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(after, "Z")
}

// Version returns the daemon's version, such as 20.10.24+dfsg1.
func (d *Docker) Version(ctx context.Context) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "unix", d.Socket)
	}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/version", nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct{ Version string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("reading the version: %w", err)
	}
	return answer.Version, nil
}

// Close ends the daemon, by its process ID, and removes all that it has left.
func (d *Docker) Close() error {
	errs := []error{end(d.daemon), end(d.network), d.removeCgroups()}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

func end(cmd *exec.Cmd) error {
	if cmd == nil || cmd.Process == nil {
		return nil
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
		return nil
	case <-time.After(stopPatience):
	}
	err := cmd.Process.Kill()
	<-ended
	return err
}

// removeCgroups removes the control groups of the daemon's containers, in every
// hierarchy.
func (d *Docker) removeCgroups() error {
	var errs []error
	for _, pattern := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/*"} {
		found, _ := filepath.Glob(filepath.Join(pattern, d.cgroup()))
		for _, dir := range found {
			errs = append(errs, removeCgroup(dir))
		}
	}
	return errors.Join(errs...)
}

// removeCgroup removes a control group with those below it: nothing in it but
// folders can be removed.
func removeCgroup(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeCgroup(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.Remove(dir)
}
