package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// ErrNoAgent says that a repository is reached by SSH, and there is no agent.
var ErrNoAgent = errors.New("SSH needs an agent with a key: pass sshAuthSocket, or set SSH_AUTH_SOCK")

// sshAuth logs in with the keys of an agent.
type sshAuth struct{ config *ssh.ClientConfig }

func (a *sshAuth) Name() string                             { return "ssh-agent" }
func (a *sshAuth) String() string                           { return a.Name() }
func (a *sshAuth) ClientConfig() (*ssh.ClientConfig, error) { return a.config, nil }

func (r *remote) sshAccess(endpoint *transport.Endpoint) (auth *sshAuth, end func(), err error) {
	if r.access.Agent == "" {
		return nil, nil, &AccessError{Repository: r.Name(), Denied: true, Err: ErrNoAgent}
	}
	conn, err := net.Dial("unix", r.access.Agent)
	if err != nil {
		return nil, nil, &AccessError{Repository: r.Name(), Denied: true, Err: fmt.Errorf("asking the SSH agent: %w", err)}
	}
	config := &ssh.ClientConfig{
		User:    endpoint.User,
		Auth:    []ssh.AuthMethod{ssh.PublicKeysCallback(agent.NewClient(conn).Signers)},
		Timeout: dialTimeout,
	}
	if err := r.trust(config, sshAddress(endpoint)); err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return &sshAuth{config}, func() { _ = conn.Close() }, nil
}

func sshAddress(endpoint *transport.Endpoint) string {
	port := endpoint.Port
	if port == 0 {
		port = 22
	}
	return net.JoinHostPort(endpoint.Host, strconv.Itoa(port))
}

// trust decides which keys the host at an address may have.
func (r *remote) trust(config *ssh.ClientConfig, address string) error {
	files, strict, end, err := r.knownHosts()
	if err != nil {
		return err
	}
	defer end()
	if len(files) == 0 {
		config.HostKeyCallback = ssh.InsecureIgnoreHostKey() //nolint:gosec // nothing is known of any host
		return nil
	}
	known, err := knownhosts.NewDB(files...)
	if err != nil {
		return fmt.Errorf("reading the known hosts for git repository %s: %w", r.Name(), err)
	}
	config.HostKeyAlgorithms = known.HostKeyAlgorithms(address)
	check := known.HostKeyCallback()
	config.HostKeyCallback = func(_ string, peer net.Addr, key ssh.PublicKey) error {
		err := check(address, peer, key)
		switch {
		case err == nil || !strict && knownhosts.IsHostUnknown(err):
			return nil
		case knownhosts.IsHostKeyChanged(err):
			return fmt.Errorf("the key of host %s is another one than the known: %s", address, ssh.FingerprintSHA256(key))
		case knownhosts.IsHostUnknown(err):
			return fmt.Errorf("host %s is none of sshKnownHosts; its key is %s", address, ssh.FingerprintSHA256(key))
		}
		return err
	}
	return nil
}

// knownHosts are the files with the keys of hosts. Where the pipeline names hosts,
// they are all that is trusted.
func (r *remote) knownHosts() (files []string, strict bool, end func(), err error) {
	if r.access.KnownHosts != "" {
		file, err := os.CreateTemp("", "bodkin-known-hosts-")
		if err != nil {
			return nil, false, nil, err
		}
		_, err = file.WriteString(r.access.KnownHosts + "\n")
		return []string{file.Name()}, true, func() { _ = os.Remove(file.Name()) }, errors.Join(err, file.Close())
	}
	candidates := []string{"/etc/ssh/ssh_known_hosts"}
	if home, err := os.UserHomeDir(); err == nil {
		candidates = append(candidates, filepath.Join(home, ".ssh", "known_hosts"))
	}
	for _, file := range candidates {
		if _, err := os.Stat(file); err == nil {
			files = append(files, file)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, false, nil, err
		}
	}
	return files, false, func() {}, nil
}

// redirected opens a session where Access.Dial leads: the libraries for SSH and git
// dial themselves, so they are led to a port of this machine.
func (r *remote) redirected(ctx context.Context, endpoint *transport.Endpoint, open func() (transport.UploadPackSession, error)) (transport.UploadPackSession, error) {
	if r.access.Dial == nil {
		return open()
	}
	port := endpoint.Port
	if port == 0 {
		port = map[string]int{SSH: 22, Git: 9418}[r.url.Scheme]
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go relayOne(ctx, listener, func() (net.Conn, error) {
		return r.access.Dial(ctx, "tcp", net.JoinHostPort(endpoint.Host, strconv.Itoa(port)))
	})
	endpoint.Host, endpoint.Port = "127.0.0.1", listener.Addr().(*net.TCPAddr).Port
	s, err := open()
	if err != nil {
		_ = listener.Close()
	}
	return s, err
}
