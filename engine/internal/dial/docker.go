package dial

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/go-connections/tlsconfig"
	"github.com/moby/buildkit/client"
	docker "github.com/moby/moby/client"
)

// HostDocker is the address of the Docker daemon that Docker's own programs talk to.
const HostDocker = "docker"

// DefaultDockerHost is where a Docker daemon listens unless told otherwise.
const DefaultDockerHost = docker.DefaultDockerHost

// dockerPrefix marks the address of a Docker daemon among those of BuildKit
// daemons: docker+unix://, docker+tcp:// and docker+ssh://.
const dockerPrefix = "docker+"

// The variables with which Docker's own programs find their daemon.
const (
	dockerHostEnv = "DOCKER_HOST"
	dockerTLSEnv  = "DOCKER_TLS_VERIFY"
	dockerCertEnv = "DOCKER_CERT_PATH"
)

// IsDocker reports whether address is that of a Docker daemon: "docker",
// "docker://" (the one that Docker's own programs talk to) or one that begins with
// "docker+".
func IsDocker(address string) bool {
	return address == HostDocker || address == HostDocker+"://" || strings.HasPrefix(address, dockerPrefix)
}

// DefaultDockerSocket is the path of Docker's default socket, "" where there is none.
func DefaultDockerSocket() string {
	path := strings.TrimPrefix(DefaultDockerHost, unixScheme)
	if info, err := os.Stat(path); err != nil || info.Mode().Type() != os.ModeSocket {
		return ""
	}
	return path
}

// HasDocker reports whether something leads to a Docker daemon: DOCKER_HOST, a
// context, or the default socket.
func HasDocker() bool {
	return os.Getenv(dockerHostEnv) != "" || DockerContext() != "" || DefaultDockerSocket() != ""
}

// Docker returns a client of the Docker daemon at an address for which IsDocker
// holds. Nothing is connected yet. "docker" is what DOCKER_HOST names, else the
// context in use, else the default socket. tcp:// is TLS where the context says so or
// DOCKER_TLS_VERIFY or DOCKER_CERT_PATH is set; ssh:// runs `docker system dial-stdio`
// there.
func Docker(address string) (*docker.Client, error) {
	if host, ok := strings.CutPrefix(address, dockerPrefix); ok {
		return dockerAt(host)
	}
	if name := DockerContext(); name != "" {
		return dockerOf(name)
	}
	if host := os.Getenv(dockerHostEnv); host != "" {
		return dockerAt(host)
	}
	return dockerAt(DefaultDockerHost)
}

// dockerOf is a client of the daemon that a context describes.
func dockerOf(context string) (*docker.Client, error) {
	described, err := contextEndpoint(context)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(described.Host, unixScheme) {
		return dockerAt(described.Host)
	}
	options, err := described.ClientOpts()
	if err != nil {
		return nil, fmt.Errorf("reading Docker context %q: %w", context, err)
	}
	return docker.New(options...)
}

// dockerAt is a client of the daemon that DOCKER_HOST would name by host.
func dockerAt(host string) (*docker.Client, error) {
	helper, err := connhelper.GetConnectionHelper(host)
	if err != nil {
		return nil, fmt.Errorf("reading the Docker host %q: %w", host, err)
	}
	if helper != nil {
		return docker.New(docker.WithHost(helper.Host), docker.WithDialContext(helper.Dialer))
	}
	if socket, ok := strings.CutPrefix(host, unixScheme); ok {
		// A client checks the length of a socket's path before it dials.
		dialer := func(ctx context.Context, _, _ string) (net.Conn, error) { return Socket(ctx, socket) }
		return docker.New(docker.WithHost("http://docker"), docker.WithDialContext(dialer))
	}
	options := []docker.Opt{docker.WithHost(host)}
	secure, err := dockerTLS()
	if err != nil {
		return nil, err
	}
	if secure != nil {
		options = append([]docker.Opt{docker.WithHTTPClient(secure)}, options...)
	}
	return docker.New(options...)
}

// dockerTLS returns the client that the environment's TLS settings ask for, or nil.
// As with Docker's own programs, certificates lie in ~/.docker unless named.
func dockerTLS() (*http.Client, error) {
	dir, verify := os.Getenv(dockerCertEnv), os.Getenv(dockerTLSEnv) != ""
	if dir == "" && !verify {
		return nil, nil
	}
	if dir == "" {
		dir = configDir()
	}
	settings, err := tlsconfig.Client(tlsconfig.Options{
		CAFile:             filepath.Join(dir, "ca.pem"),
		CertFile:           filepath.Join(dir, "cert.pem"),
		KeyFile:            filepath.Join(dir, "key.pem"),
		InsecureSkipVerify: !verify,
		ExclusiveRootPools: true,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the TLS certificates for %s in %s (%s names the folder with ca.pem, cert.pem and key.pem): %w",
			dockerHostEnv, dir, dockerCertEnv, err)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: settings}}, nil
}

// dockerBuildKit connects to the BuildKit within a Docker daemon: its API passes
// on two connections, one for calls and one for sessions.
func dockerBuildKit(ctx context.Context, address string) (*client.Client, error) {
	api, err := Docker(address)
	if err != nil {
		return nil, err
	}
	return client.New(ctx, unixScheme+"/docker",
		client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return api.DialHijack(ctx, "/grpc", "h2c", nil)
		}),
		client.WithSessionDialer(func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return api.DialHijack(ctx, "/session", proto, meta)
		}))
}
