package dockertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path"
	"path/filepath"

	"github.com/bodkin-ci/bodkin/engine/internal/dial"
	"github.com/bodkin-ci/bodkin/internal/testcert"
)

// tlsPort is where the daemon listens in its own network.
const tlsPort = 2376

// networkSocket is, in the state folder, where the network's program takes orders.
const networkSocket = "network.sock"

// makeCertificates makes those of the daemon and of its clients, where TLS is asked for.
func (d *Docker) makeCertificates() error {
	if !d.options.TLS {
		return nil
	}
	d.Certs = filepath.Join(d.State, "tls")
	if err := os.Mkdir(d.Certs, 0o700); err != nil {
		return err
	}
	if _, err := testcert.Make(d.Certs); err != nil {
		return fmt.Errorf("making certificates: %w", err)
	}
	return nil
}

func (d *Docker) tlsArguments() []string {
	if !d.options.TLS {
		return nil
	}
	certs := path.Join(inDaemon, filepath.Base(d.Certs))
	return []string{
		"--host", fmt.Sprintf("tcp://0.0.0.0:%d", tlsPort), "--tlsverify",
		"--tlscacert", certs + "/ca.pem", "--tlscert", certs + "/server-cert.pem", "--tlskey", certs + "/server-key.pem",
	}
}

// forward leads a port of this machine's loopback to the daemon's, where TLS is
// asked for.
func (d *Docker) forward(ctx context.Context) error {
	if !d.options.TLS {
		return nil
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		return err
	}
	conn, err := dial.Socket(ctx, filepath.Join(d.State, networkSocket))
	if err != nil {
		return fmt.Errorf("asking for a port: %w", err)
	}
	defer conn.Close()
	order := map[string]any{"execute": "add_hostfwd", "arguments": map[string]any{
		"proto": "tcp", "host_addr": "127.0.0.1", "host_port": port, "guest_port": tlsPort,
	}}
	if err := json.NewEncoder(conn).Encode(order); err != nil {
		return fmt.Errorf("asking for a port: %w", err)
	}
	var answer struct{ Error any }
	if err := json.NewDecoder(conn).Decode(&answer); err != nil || answer.Error != nil {
		return fmt.Errorf("asking for a port: %v %w", answer.Error, err)
	}
	d.Host = fmt.Sprintf("tcp://127.0.0.1:%d", port)
	return nil
}
