// Package registrytest runs a real registry for tests: Debian's docker-registry,
// unpacked and not installed, on loopback. Start with Start; Proxy puts faults
// between it and its users.
package registrytest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// startPatience bounds how long a registry may take to answer.
const startPatience = 60 * time.Second

// Options say what the registry wants of its users. The zero value is one
// without TLS and password.
type Options struct {
	// User and Password are the only login that it accepts. Empty: anybody may do
	// anything.
	User, Password string
	// TLS gives it a certificate of an authority of its own.
	TLS bool
}

// Registry is a running registry.
type Registry struct {
	// Host is what image references begin with, 127.0.0.1:PORT.
	Host string
	// URL is the address of its API without a path.
	URL string
	// CA is the file with the certificate of its authority, "" without TLS.
	CA string
	// Storage is the folder with all that it keeps.
	Storage string
	// Client reaches it as a user who trusts the authority. It has no login.
	Client *http.Client

	options Options
	log     string
}

// Start runs a registry with an empty storage until the test ends.
func Start(t testing.TB, o Options) *Registry {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a registry")
	}
	program, err := fetch(context.Background())
	require.NoError(t, err, "fetching a registry for tests")
	dir := t.TempDir()
	r := &Registry{Host: freeAddress(t), Client: &http.Client{Transport: &http.Transport{}}, options: o, log: filepath.Join(dir, "log")}
	r.Storage = filepath.Join(dir, "storage")
	r.URL = "http://" + r.Host
	env := append(os.Environ(),
		"REGISTRY_HTTP_ADDR="+r.Host,
		"REGISTRY_STORAGE=filesystem",
		"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY="+r.Storage,
		"REGISTRY_STORAGE_DELETE_ENABLED=true",
		"REGISTRY_LOG_LEVEL=info", "OTEL_TRACES_EXPORTER=none")
	if o.Password != "" {
		hash, err := bcrypt.GenerateFromPassword([]byte(o.Password), bcrypt.MinCost)
		require.NoError(t, err)
		users := filepath.Join(dir, "htpasswd")
		require.NoError(t, os.WriteFile(users, fmt.Appendf(nil, "%s:%s\n", o.User, hash), 0o600))
		env = append(env, "REGISTRY_AUTH=htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM=tests", "REGISTRY_AUTH_HTPASSWD_PATH="+users)
	}
	if o.TLS {
		c := newCertificate(t, dir)
		r.CA, r.URL, r.Client.Transport = c.authority, "https://"+r.Host, c.transport()
		env = append(env, "REGISTRY_HTTP_TLS_CERTIFICATE="+c.certificate, "REGISTRY_HTTP_TLS_KEY="+c.key)
	}
	config := filepath.Join(dir, "config.yml")
	require.NoError(t, os.WriteFile(config, []byte("version: 0.1\nstorage:\n  filesystem: {}\nhttp:\n  secret: tests\n"), 0o600))
	r.run(t, env, append(program, "serve", config))
	return r
}

// run starts the program and waits until it answers.
func (r *Registry) run(t testing.TB, env, args []string) {
	t.Helper()
	out, err := os.Create(r.log)
	require.NoError(t, err)
	defer out.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		r.Client.CloseIdleConnections()
	})
	for deadline := time.Now().Add(startPatience); ; time.Sleep(10 * time.Millisecond) {
		if resp, err := r.Client.Get(r.URL + "/v2/"); err == nil {
			_ = resp.Body.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("the registry ended: %s\n%s", cmd.ProcessState, r.Log(t))
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("the registry does not answer\n%s", r.Log(t))
		}
	}
}

// Log is what the registry has said, a line for each request among it.
func (r *Registry) Log(t testing.TB) string {
	t.Helper()
	said, err := os.ReadFile(r.log)
	require.NoError(t, err)
	return string(said)
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
