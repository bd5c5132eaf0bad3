package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/engine"
)

// fetch returns what a URL answers this machine.
func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func TestTunnel(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		svc := keeper(t, e.c)
		tunnel := e.c.Host().Tunnel(svc)
		_, err := tunnel.Endpoint(ctx)
		require.ErrorContains(t, err, "call start")

		tunnel, err = tunnel.Start(ctx)
		require.NoError(t, err)
		endpoint, err := tunnel.Endpoint(ctx, dagger.ServiceEndpointOpts{Scheme: "http"})
		require.NoError(t, err)
		require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, endpoint)
		fetch(t, endpoint+"/set/a?v=1")
		require.Equal(t, "1\n", run(t, e.box(t).WithServiceBinding("store", svc), "get", "http://store:8080/get/a"), "it is the same instance")
		ports, err := tunnel.Ports(ctx)
		require.NoError(t, err)
		require.Len(t, ports, 1)

		var group errgroup.Group
		large := strings.Repeat("0123456789", 100_000)
		for i := range 20 {
			group.Go(func() error {
				name := fmt.Sprintf("/%s/large-%d", "set", i)
				resp, err := http.PostForm(endpoint+name, url.Values{"v": {large}})
				if err != nil {
					return err
				}
				resp.Body.Close()
				resp, err = http.Get(endpoint + fmt.Sprintf("/get/large-%d", i))
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if err == nil && string(body) != large+"\n" {
					err = fmt.Errorf("%d other bytes came back", len(body))
				}
				return err
			})
		}
		require.NoError(t, group.Wait())

		_, err = tunnel.Stop(ctx)
		require.NoError(t, err)
		_, err = net.Dial("tcp", strings.TrimPrefix(endpoint, "http://"))
		require.Error(t, err)
		require.Equal(t, "1\n", run(t, e.box(t).WithServiceBinding("store", svc), "get", "http://store:8080/get/a?again"), "the service goes on")
	})
}

func TestTunnelPorts(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := taken.Addr().(*net.TCPAddr).Port
		to := dagger.HostTunnelOpts{Ports: []dagger.PortForward{{Frontend: port, Backend: keeperPort}}}
		_, err = e.c.Host().Tunnel(keeper(t, e.c), to).Start(ctx)
		require.ErrorContains(t, err, fmt.Sprintf("port %d of this machine", port))
		require.ErrorContains(t, err, "is taken")

		require.NoError(t, taken.Close())
		tunnel, err := e.c.Host().Tunnel(keeper(t, e.c), to).Start(ctx)
		require.NoError(t, err)
		endpoint, err := tunnel.Endpoint(ctx)
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1:"+strconv.Itoa(port), endpoint)
		fetch(t, "http://"+endpoint+"/start")
	})
}

func TestTunnelRefused(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		svc := keeper(t, e.c)
		tunnel := e.c.Host().Tunnel(svc)
		for want, tunnel := range map[string]*dagger.Service{
			"cannot lead to a tunnel": e.c.Host().Tunnel(tunnel),
			"does not expose port 81": e.c.Host().Tunnel(svc, dagger.HostTunnelOpts{Ports: []dagger.PortForward{{Backend: 81}}}),
			"8080/UDP":                e.c.Host().Tunnel(svc, dagger.HostTunnelOpts{Ports: []dagger.PortForward{{Backend: 8080, Protocol: dagger.NetworkProtocolUdp}}}),
			"exposes no port":         e.c.Host().Tunnel(e.box(t).AsService(dagger.ContainerAsServiceOpts{Args: box("true")})),
			"no hostname":             tunnel.WithHostname("x"),
		} {
			_, err := tunnel.Start(ctx)
			require.ErrorContains(t, err, want)
		}
		_, err := e.box(t).WithServiceBinding("x", tunnel).Sync(ctx)
		require.ErrorContains(t, err, "a tunnel cannot be bound")
	})
}

// listening is what a session's progress says of where a tunnel listens.
var listening = regexp.MustCompile(`(127\.0\.0\.1:\d+) leads to port 8080`)

// awaitAddress returns where the tunnel of a session listens.
func awaitAddress(t *testing.T, status *statuses) string {
	t.Helper()
	var found []string
	require.Eventually(t, func() bool {
		found = listening.FindStringSubmatch(status.text())
		return found != nil
	}, time.Minute, 10*time.Millisecond)
	return "http://" + found[1]
}

func TestUp(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		status := &statuses{}
		c := e.connect(t, engine.WithProgress(status.add))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		up := make(chan error, 1)
		ctr := boxIn(t, c).WithEnvVariable("TEST", unique()).WithExposedPort(keeperPort)
		go func() {
			up <- ctr.Up(ctx, dagger.ContainerUpOpts{Random: true, Args: box("keep", "8080")})
		}()
		address := awaitAddress(t, status)
		fetch(t, address+"/set/a?v=up")
		require.Equal(t, "up\n", fetch(t, address+"/get/a"))
		cancel()
		require.ErrorIs(t, <-up, context.Canceled)
		require.Eventually(t, func() bool {
			conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
			if err == nil {
				conn.Close()
			}
			return err != nil
		}, time.Minute, 10*time.Millisecond)
	})
}

func TestUpEndsWithTheService(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		status := &statuses{}
		c := e.connect(t, engine.WithProgress(status.add))
		svc := boxIn(t, c).WithEnvVariable("TEST", unique()).WithExposedPort(keeperPort).
			AsService(dagger.ContainerAsServiceOpts{Args: box("keep", "8080")})
		up := make(chan error, 1)
		go func() { up <- svc.Up(t.Context(), dagger.ServiceUpOpts{Random: true}) }()
		address := awaitAddress(t, status)
		_, err := http.Get(address + "/exit/9")
		require.Error(t, err)
		err = <-up
		require.ErrorContains(t, err, "exit code: 9")
		require.ErrorContains(t, err, "keeping on port 8080")
	})
}

func TestHostService(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		var mu sync.Mutex
		asked := 0
		host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			asked++
			_, _ = io.Copy(w, r.Body)
			fmt.Fprintln(w, "from the host", r.URL.Path)
		}))
		defer host.Close()
		port := host.Listener.Addr().(*net.TCPAddr).Port
		svc := e.c.Host().Service([]dagger.PortForward{{Frontend: 80, Backend: port}, {Backend: port}})
		client := e.box(t).WithServiceBinding("host", svc).WithEnvVariable("TEST", unique())
		require.Equal(t, "from the host /a\n", run(t, client, "get", "http://host/a"))
		require.Equal(t, "from the host /b\n", run(t, client, "get", fmt.Sprintf("http://host:%d/b", port)))
		endpoint, err := svc.Endpoint(t.Context(), dagger.ServiceEndpointOpts{Scheme: "http"})
		require.NoError(t, err)
		require.Equal(t, "from the host /c\n", run(t, client, "get", endpoint+"/c"))
		require.Equal(t, 3, asked)
	})
}

func TestHostServiceRefused(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		for want, svc := range map[string]*dagger.Service{
			"needs a port":     e.c.Host().Service(nil),
			"53/UDP":           e.c.Host().Service([]dagger.PortForward{{Backend: 53, Protocol: dagger.NetworkProtocolUdp}}),
			"backend port 0":   e.c.Host().Service([]dagger.PortForward{{Frontend: 80}}),
			"80 of a service":  e.c.Host().Service([]dagger.PortForward{{Backend: 80}, {Frontend: 80, Backend: 81}}),
			"hostname \"a_b\"": e.c.Host().Service([]dagger.PortForward{{Backend: 80}}).WithHostname("a_b"),
		} {
			_, err := svc.Start(ctx)
			require.ErrorContains(t, err, want)
		}
	})
}

func TestHostServiceWithNobodyThere(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		status := &statuses{}
		c := e.connect(t, engine.WithProgress(status.add))
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := taken.Addr().(*net.TCPAddr).Port
		require.NoError(t, taken.Close())
		svc := c.Host().Service([]dagger.PortForward{{Frontend: 80, Backend: port}})
		_, err = boxIn(t, c).WithServiceBinding("host", svc).WithExec(box("get", "http://host/")).Sync(t.Context())
		var failed *dagger.ExecError
		require.True(t, errors.As(err, &failed), err)
		require.Contains(t, status.text(), "connection refused")
	})
}

func TestServiceWithHostname(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		plain := keeper(t, e.c)
		named := plain.WithHostname("store.example")
		endpoint, err := named.Endpoint(t.Context(), dagger.ServiceEndpointOpts{Scheme: "http"})
		require.NoError(t, err)
		require.Equal(t, "http://store.example:8080", endpoint)
		client := e.box(t).WithServiceBinding("named", named).WithServiceBinding("plain", plain)
		first := run(t, client, "get", endpoint+"/start")
		require.Equal(t, first, run(t, client, "get", "http://named:8080/start"))
		require.NotEqual(t, first, run(t, client, "get", "http://plain:8080/start"), "another name is another instance")
		require.Equal(t, "store.example\n", run(t, client, "get", "http://named:8080/hostname"))
	})
}
