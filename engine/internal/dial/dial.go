// Package dial connects to BuildKit daemons and other local sockets. Start with BuildKit.
package dial

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/client"
)

const unixScheme = "unix://"

// maxSocketPath is how long the path of a Unix socket may be on Linux, in
// bytes: sun_path has 108 with its final zero.
const maxSocketPath = 107

// BuildKit connects to a BuildKit daemon, or to the one within a Docker daemon. The
// path of a Unix socket is taken as it is: BuildKit's own client reads it as a URL,
// and stops at "#" or "?".
func BuildKit(ctx context.Context, address string) (*client.Client, error) {
	if IsDocker(address) {
		return dockerBuildKit(ctx, address)
	}
	socket, ok := strings.CutPrefix(address, unixScheme)
	if !ok {
		plain, options, err := tlsOptions(address)
		if err != nil {
			return nil, err
		}
		return client.New(ctx, plain, options...)
	}
	dialer := func(ctx context.Context, _ string) (net.Conn, error) { return Socket(ctx, socket) }
	return client.New(ctx, unixScheme+"/buildkit", client.WithContextDialer(dialer))
}

// Socket connects to a Unix socket, however long its path.
func Socket(ctx context.Context, socket string) (net.Conn, error) {
	var d net.Dialer
	if len(socket) <= maxSocketPath {
		return d.DialContext(ctx, "unix", socket)
	}
	dir, err := os.Open(filepath.Dir(socket))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return d.DialContext(ctx, "unix", fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(socket)))
}
