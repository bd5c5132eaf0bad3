package enginetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/engine/internal/dial"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/internal/testcert"
)

// startPatience bounds how long a plain daemon may take to answer.
const startPatience = 60 * time.Second

// Transport is how a plain daemon is reached.
type Transport int

// The transports.
const (
	TCP       Transport = iota // loopback, without TLS
	Unix                       // a socket
	MutualTLS                  // loopback with TLS: the client shows a certificate, too
)

// Plain is a stock buildkitd: no configuration of Bodkin's, execs on the host's
// network, and a state folder of its own.
type Plain struct {
	// Address is where it answers, such as tcp://127.0.0.1:PORT.
	Address string
	// State is the folder with everything it keeps.
	State string
	// Log is the file with what it has said.
	Log string

	dir string
	cmd *exec.Cmd
}

// StartPlain starts a plain daemon on loopback TCP from the parts of the embedded
// one. Close ends it and removes its state. It needs root.
func StartPlain(ctx context.Context) (*Plain, error) { return StartPlainOn(ctx, TCP) }

// StartPlainOn is StartPlain with another transport.
func StartPlainOn(ctx context.Context, transport Transport) (*Plain, error) {
	buildkitd, root, err := embedded.Parts(ctx, log.New(os.Stderr))
	if err != nil {
		return nil, fmt.Errorf("making the parts of a plain daemon: %w", err)
	}
	dir, err := os.MkdirTemp("", "bodkin-plain-")
	if err != nil {
		return nil, err
	}
	p := &Plain{dir: dir, State: filepath.Join(dir, "state"), Log: filepath.Join(dir, "log")}
	if err := p.start(ctx, buildkitd, root, transport); err != nil {
		said, _ := os.ReadFile(p.Log)
		return nil, errors.Join(fmt.Errorf("starting a plain daemon: %w\n%s", err, said), p.Close())
	}
	return p, nil
}

func (p *Plain) start(ctx context.Context, buildkitd, root string, transport Transport) error {
	box, err := testbox()
	if err != nil {
		return err
	}
	for _, sub := range []string{"state", "root"} {
		if err := os.Mkdir(filepath.Join(p.dir, sub), 0o755); err != nil {
			return err
		}
	}
	listen, err := p.listen(transport)
	if err != nil {
		return err
	}
	out, err := os.Create(p.Log)
	if err != nil {
		return err
	}
	defer out.Close()
	p.cmd = exec.Command(box, append([]string{
		"enter", root, buildkitd, p.State, filepath.Join(p.dir, "root"), "--",
		"/opt/buildkitd", "--debug", "--root", inDaemon,
		"--oci-worker-net", "host", "--containerd-worker=false",
		"--allow-insecure-entitlement", "security.insecure", "--allow-insecure-entitlement", "network.host",
	}, listen...)...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	// The daemon is the init of its own PID namespace: whatever it leaves ends with it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	return p.wait(ctx)
}

// inDaemon is where the daemon sees its state folder.
const inDaemon = "/var/lib/buildkit"

// listen sets Address, and returns the daemon's arguments for it.
func (p *Plain) listen(transport Transport) ([]string, error) {
	if transport == Unix {
		p.Address = "unix://" + filepath.Join(p.State, "buildkitd.sock")
		return []string{"--addr", "unix://" + inDaemon + "/buildkitd.sock"}, nil
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p.Address = fmt.Sprintf("tcp://127.0.0.1:%d", port)
	args := []string{"--addr", p.Address}
	if transport == TCP {
		return args, nil
	}
	const sub = "tls"
	certs := filepath.Join(p.State, sub)
	if err := os.Mkdir(certs, 0o700); err != nil {
		return nil, err
	}
	files, err := testcert.Make(certs)
	if err != nil {
		return nil, fmt.Errorf("making certificates: %w", err)
	}
	p.Address += "?tlsdir=" + certs
	for flag, file := range map[string]string{"--tlscacert": files.Authority, "--tlscert": files.ServerCert, "--tlskey": files.ServerKey} {
		args = append(args, flag, filepath.Join(inDaemon, sub, filepath.Base(file)))
	}
	return args, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// wait returns when the daemon answers.
func (p *Plain) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	c, err := dial.BuildKit(ctx, p.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Wait(ctx)
}

// Close ends the daemon, by its process ID, and removes its state.
func (p *Plain) Close() error {
	var errs []error
	if p.cmd != nil && p.cmd.Process != nil {
		ended := make(chan struct{})
		go func() {
			_ = p.cmd.Wait()
			close(ended)
		}()
		errs = append(errs, p.cmd.Process.Signal(syscall.SIGTERM))
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			errs = append(errs, p.cmd.Process.Kill())
			<-ended
		}
	}
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}
