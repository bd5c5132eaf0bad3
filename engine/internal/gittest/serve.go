package gittest

import (
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Handler serves the repositories over HTTP to requests that allow lets through;
// nil: all.
func (g *Git) Handler(allow func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const service = "git-upload-pack"
		if allow != nil && !allow(r) {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "log in", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		folder, action := cut(r.URL.Path)
		if _, err := os.Stat(filepath.Join(g.Dir, path.Join("/", folder))); err != nil {
			http.NotFound(w, r)
			return
		}
		switch {
		case action == "/info/refs" && r.URL.Query().Get("service") == service:
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			fmt.Fprint(w, "001e# service=git-upload-pack\n0000")
			g.uploadPack(r.Context(), folder, nil, w, "--stateless-rpc", "--advertise-refs")
		case action == "/"+service && r.Method == http.MethodPost:
			body := io.Reader(r.Body)
			if r.Header.Get("Content-Encoding") == "gzip" {
				body, _ = gzip.NewReader(r.Body)
			}
			w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
			g.uploadPack(r.Context(), folder, body, w, "--stateless-rpc")
		default:
			http.NotFound(w, r)
		}
	})
}

func cut(p string) (folder, action string) {
	for _, action := range []string{"/info/refs", "/git-upload-pack"} {
		if folder, ok := strings.CutSuffix(p, action); ok {
			return folder, action
		}
	}
	return p, ""
}

// uploadPack hands out a repository.
func (g *Git) uploadPack(ctx context.Context, folder string, in io.Reader, out io.Writer, flags ...string) {
	args := append([]string{"-c", "safe.directory=*", "upload-pack"}, flags...)
	cmd := g.command(ctx, append(args, path.Join(served, path.Join("/", folder)))...)
	cmd.Stdin, cmd.Stdout = in, out
	_ = cmd.Run()
}

// HTTP serves the repositories on loopback and returns the URL of all of them.
func (g *Git) HTTP(t testing.TB, allow func(*http.Request) bool) string {
	t.Helper()
	server := httptest.NewServer(g.Handler(allow))
	t.Cleanup(server.Close)
	return server.URL
}

// Daemon serves the repositories by git's own protocol and returns their URL.
func (g *Git) Daemon(t testing.TB) string {
	t.Helper()
	return "git://" + listen(t, func(conn net.Conn) {
		cmd := g.command(context.Background(), "-c", "safe.directory=*", "daemon", "--inetd", "--export-all", "--base-path="+served, served)
		cmd.Stdin, cmd.Stdout = conn, conn
		_ = cmd.Run()
	})
}

func listen(t testing.TB, serve func(net.Conn)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// SSHServer is a server for one key.
type SSHServer struct {
	// Address is its host and port.
	Address string
	// HostKey is the line of a known_hosts file for it.
	HostKey string
	// Agent is the socket of an agent that has the key.
	Agent string
}

// SSH serves the repositories by SSH to who has the agent's key.
func (g *Git) SSH(t testing.TB) *SSHServer {
	t.Helper()
	_, hostKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	host, err := ssh.NewSignerFromKey(hostKey)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	require.NoError(t, err)
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, offered ssh.PublicKey) (*ssh.Permissions, error) {
		if string(offered.Marshal()) != string(signer.PublicKey().Marshal()) {
			return nil, fmt.Errorf("unknown key")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	s := &SSHServer{Agent: Agent(t, key)}
	s.Address = listen(t, func(conn net.Conn) { g.serveSSH(conn, config) })
	h, p, err := net.SplitHostPort(s.Address)
	require.NoError(t, err)
	s.HostKey = fmt.Sprintf("[%s]:%s %s", h, p, ssh.MarshalAuthorizedKey(host.PublicKey()))
	return s
}

// Agent starts an SSH agent with keys and returns its socket.
func Agent(t testing.TB, keys ...ed25519.PrivateKey) string {
	t.Helper()
	ring := agent.NewKeyring()
	for _, key := range keys {
		require.NoError(t, ring.Add(agent.AddedKey{PrivateKey: key}))
	}
	path := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = agent.ServeAgent(ring, conn)
			}()
		}
	}()
	return path
}

func (g *Git) serveSSH(conn net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		go func() {
			for request := range requests {
				folder, ok := strings.CutPrefix(string(request.Payload[min(4, len(request.Payload)):]), "git-upload-pack '")
				ok = ok && request.Type == "exec"
				_ = request.Reply(ok, nil)
				if ok {
					g.uploadPack(context.Background(), strings.TrimSuffix(folder, "'"), channel, channel)
					_, _ = channel.SendRequest("exit-status", false, []byte{0, 0, 0, 0})
					_ = channel.Close()
				}
			}
		}()
	}
}
