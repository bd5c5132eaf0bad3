package shim_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

const (
	port     = 5432
	clientAt = "127.77.8.9"
	variable = "BODKIN_EXEC_SERVICE_0"
)

// network gives the shim a network namespace of its own, as an exec has it.
func (c *container) network() *container {
	needsNetworks(c.t)
	c.wrap = append([]string{"unshare", "--net", "sh", "-c", `ip link set lo up; exec "$@"`, "sh"}, c.wrap...)
	return c
}

func needsNetworks(t testing.TB) {
	if _, err := exec.LookPath("ip"); err != nil || os.Getuid() != 0 {
		t.Skip("network namespaces need root and the program ip")
	}
	if err := exec.Command("unshare", "--net", "true").Run(); err != nil {
		t.Skipf("network namespaces cannot be made here: %v", err)
	}
}

// as makes the shim run as another user.
func (c *container) as(user string) *container {
	require.NoError(c.t, os.Chmod(filepath.Dir(c.dir), 0o755))
	require.NoError(c.t, os.Chmod(c.path(".bodkin", protocol.OutName), 0o777))
	c.wrap = append(c.wrap, "setpriv", "--reuid", user, "--regid", user, "--clear-groups")
	return c
}

func (c *container) role(name string) *container {
	c.env = append(c.env, roleVariable+"="+name)
	return c
}

// service is a running service.
type service struct {
	*exec.Cmd
	dir    string // the instance's folder
	mu     sync.Mutex
	stderr []string
	ready  chan struct{}
	ended  chan struct{}
}

// meeting returns a folder like NetDir.
func meeting(t testing.TB) string {
	dir, err := os.MkdirTemp("", "net-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o777))
	return dir
}

// serve starts a service. It is stopped at the end of the test.
func (c *container) serve(meeting string, spec protocol.Spec, command ...string) *service {
	c.t.Helper()
	s := &service{dir: filepath.Join(meeting, "one"), ready: make(chan struct{}), ended: make(chan struct{})}
	c.env = append(c.env, protocol.ServiceVariable+"="+s.dir)
	args := append(append([]string{}, c.wrap...), program)
	args = append(args, protocol.ServeArgs(spec, command...)[1:]...)
	s.Cmd = exec.Command(args[0], args[1:]...)
	s.Dir, s.Env = c.dir, c.env
	stderr, err := s.StderrPipe()
	require.NoError(c.t, err)
	s.Stdout = &bytes.Buffer{}
	require.NoError(c.t, s.Start())
	go s.watch(bufio.NewScanner(stderr))
	c.t.Cleanup(func() {
		s.Process.Signal(syscall.SIGTERM)
		<-s.ended
	})
	return s
}

func (s *service) watch(lines *bufio.Scanner) {
	for lines.Scan() {
		if lines.Text() == protocol.MarkerReady {
			close(s.ready)
			continue
		}
		s.mu.Lock()
		s.stderr = append(s.stderr, lines.Text())
		s.mu.Unlock()
	}
	s.Wait()
	close(s.ended)
}

// said returns what was written to stderr.
func (s *service) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.stderr, "\n")
}

// await returns when the service is ready.
func (s *service) await(t testing.TB) *service {
	t.Helper()
	select {
	case <-s.ready:
	case <-s.ended:
		require.FailNow(t, "the service has ended", s.said())
	}
	return s
}

func bound(ports ...int) protocol.Spec {
	return protocol.Spec{Services: []protocol.Service{{Address: clientAt, Ports: ports, Variable: variable}}}
}

func listen(ports ...int) protocol.Spec { return protocol.Spec{Listen: ports} }

func at(address string) string { return fmt.Sprintf("%s:%d", address, port) }

// client is an exec that uses the service.
func client(t *testing.T, s *service, role string) *container {
	c := newContainer(t).role(role).network()
	c.env = append(c.env, variable+"="+s.dir)
	return c
}

func TestService(t *testing.T) {
	s := newContainer(t).network().role("echo").serve(meeting(t), listen(port), helper, at("127.0.0.1")).await(t)
	for role, args := range map[string][]string{
		"pingpong": nil, "halfclose": nil, "big": {"50000000"}, "many": {"2000", "150"},
	} {
		t.Run(role, func(t *testing.T) {
			r := client(t, s, role).run(bound(port), append([]string{helper, at(clientAt)}, args...)...)
			require.Equal(t, 0, r.status, r.stderr)
		})
	}
	t.Run("more than threads are for", func(t *testing.T) {
		r := client(t, s, "many").run(bound(port), helper, at(clientAt), "1400", "700")
		require.Equal(t, 0, r.status, r.stderr)
	})
	t.Run("without TCP", func(t *testing.T) {
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: filepath.Join(s.dir, strconv.Itoa(port))})
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.Write([]byte("all there is"))
		require.NoError(t, err)
		require.NoError(t, conn.CloseWrite())
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		require.Equal(t, "all there is", string(answer))
	})
	t.Run("leaves nothing open", func(t *testing.T) {
		require.Eventually(t, func() bool { return len(sockets(t, s)) <= 2 }, 10*time.Second, 10*time.Millisecond, "only those that listen")
	})
}

// sockets returns the open sockets of a service's shim.
func sockets(t *testing.T, s *service) []string {
	pid := s.Process.Pid // unshare and sh have become the shim
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	require.NoError(t, err)
	require.NotEmpty(t, fds)
	var open []string
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && strings.HasPrefix(target, "socket:") {
			open = append(open, target)
		}
	}
	return open
}

func TestServiceOnIPv6(t *testing.T) {
	s := newContainer(t).network().role("echo").serve(meeting(t), listen(port), helper, at("[::1]")).await(t)
	require.Equal(t, 0, client(t, s, "pingpong").run(bound(port), helper, at(clientAt)).status)
}

func TestServiceForOtherUsers(t *testing.T) {
	s := newContainer(t).network().as("1234").role("echo").serve(meeting(t), listen(port), helper, at("127.0.0.1")).await(t)
	r := client(t, s, "pingpong").as("4321").run(bound(port), helper, at(clientAt))
	require.Equal(t, 0, r.status, r.stderr)
}

func TestServiceThatUsesAService(t *testing.T) {
	place := meeting(t)
	first := newContainer(t).network().role("echo").serve(place, listen(port), helper, at("127.0.0.1")).await(t)
	require.NoError(t, os.Rename(first.dir, filepath.Join(place, "first")))
	first.dir = filepath.Join(place, "first")

	c := client(t, first, "pingpong")
	spec := bound(port)
	second := c.serve(place, spec, helper, at(clientAt))
	<-second.ended
	require.Equal(t, 0, second.ProcessState.ExitCode(), second.said())
}

func TestServiceThatDies(t *testing.T) {
	s := newContainer(t).network().role("die").serve(meeting(t), listen(port), helper, at("127.0.0.1")).await(t)
	r := client(t, s, "ended").run(bound(port), helper, at(clientAt))
	require.Equal(t, 0, r.status, r.stderr)
	<-s.ended
	require.Equal(t, 7, s.ProcessState.ExitCode())
	require.NoDirExists(t, s.dir)

	r = client(t, s, "ended").run(bound(port), helper, at(clientAt))
	require.Equal(t, 0, r.status, "nobody is there any more: "+r.stderr)
}

func TestServiceThatIsKilledWithItsShim(t *testing.T) {
	place := meeting(t)
	c := newContainer(t).namespaced().network().role("echo")
	s := c.serve(place, listen(port), helper, at("127.0.0.1")).await(t)
	holding := client(t, s, "hold").command(bound(port), helper, at(clientAt))
	connected, err := holding.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holding.Start())
	_, err = connected.Read(make([]byte, 64))
	require.NoError(t, err)

	require.NoError(t, s.Process.Kill())
	require.NoError(t, holding.Wait(), "the connection has ended with the service")
	<-s.ended
	require.DirExists(t, s.dir)

	require.NoError(t, os.Rename(s.dir, filepath.Join(place, "old")))
	newContainer(t).network().role("echo").serve(place, listen(port), helper, at("127.0.0.1")).await(t)
	require.NoDirExists(t, filepath.Join(place, "old"), "the next one clears up")
	require.DirExists(t, s.dir)
}

func TestServiceReadiness(t *testing.T) {
	t.Run("when the last port answers", func(t *testing.T) {
		s := newContainer(t).network().role("slow").serve(meeting(t), listen(port), helper, at("0.0.0.0")).await(t)
		require.Equal(t, "half a line", s.said(), "the marker has a line of its own")
		require.NoError(t, s.Process.Signal(syscall.SIGTERM))
		<-s.ended
		require.Equal(t, 143, s.ProcessState.ExitCode())
		require.Equal(t, "starting ... listening\n", s.Stdout.(*bytes.Buffer).String())
		require.NoDirExists(t, s.dir)
	})
	t.Run("never", func(t *testing.T) {
		c := newContainer(t).network().role("unready")
		s := c.serve(meeting(t), listen(port), helper)
		select {
		case <-s.ready:
			require.Fail(t, "nobody listens")
		case <-time.After(500 * time.Millisecond):
		}
		r := client(t, s, "ended").run(bound(port), helper, at(clientAt))
		require.Equal(t, 0, r.status, r.stderr)
	})
	t.Run("at once", func(t *testing.T) {
		spec := protocol.Spec{Listen: []int{port}, SkipCheck: []int{port}}
		newContainer(t).network().role("unready").serve(meeting(t), spec, helper).await(t)
	})
	t.Run("ends before", func(t *testing.T) {
		s := newContainer(t).network().serve(meeting(t), listen(port), "sh", "-c", "echo why >&2; exit 3")
		<-s.ended
		require.Equal(t, 3, s.ProcessState.ExitCode())
		require.Equal(t, "why", s.said())
	})
}

func TestServiceHidesSecretsAndItsOwnVariables(t *testing.T) {
	c := newContainer(t)
	c.env = append(c.env, "PASSWORD=hunter2hunter2")
	s := c.serve(meeting(t), protocol.Spec{SecretEnv: []string{"PASSWORD"}}, "sh", "-c", "echo is $PASSWORD >&2; env | cut -d= -f1")
	<-s.ended
	require.Equal(t, "is ***", s.said())
	require.NotContains(t, s.Stdout.(*bytes.Buffer).String(), protocol.ServiceVariable)
}

func TestBoundExecDoesNotSeeTheVariable(t *testing.T) {
	c := newContainer(t).network()
	c.env = append(c.env, variable+"=/nowhere")
	r := c.run(bound(port), "env")
	require.Equal(t, 0, r.status, r.stderr)
	require.NotContains(t, r.stdout, variable)
}

func TestBindingRefused(t *testing.T) {
	c := newContainer(t)
	r := c.run(bound(port), "true")
	require.Equal(t, protocol.StatusSetup, r.status)
	require.Contains(t, r.stderr, "the engine does not say in "+variable+" where it is")

	c.env = append(c.env, variable+"=/nowhere")
	r = c.run(protocol.Spec{Services: []protocol.Service{{Address: "10.0.0.1", Ports: []int{port}, Variable: variable}}}, "true")
	require.Equal(t, protocol.StatusSetup, r.status)
	require.Contains(t, r.stderr, "binding the service at 10.0.0.1: this is no address of the loopback interface")
}

// sharing runs a script in which $EXEC starts an exec on one network with others.
func sharing(t *testing.T, s *service, script string) (string, error) {
	c := newContainer(t).role("pingpong")
	c.host(protocol.Host{SharedNetwork: true})
	c.env = append(c.env, variable+"="+s.dir)
	cmd := exec.Command("unshare", "--net", "sh", "-c", "ip link set lo up; "+script, "sh", protocol.Encode(bound(port)))
	cmd.Dir = c.dir
	cmd.Env = append(c.env, "SHIM="+program, "HELPER="+helper, "AT="+at(clientAt))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestAddressShared(t *testing.T) {
	s := newContainer(t).network().role("echo").serve(meeting(t), listen(port), helper, at("127.0.0.1")).await(t)
	out, err := sharing(t, s, `"$SHIM" exec "$1" -- sh -c 'echo up; sleep 0.5' | { read up; `+ // has the address
		`"$SHIM" exec "$1" -- sh -c '"$HELPER" "$AT"; sleep 1; "$HELPER" "$AT"'; }`) // takes it over
	require.NoError(t, err, out)
	require.Empty(t, out)
}

func TestAddressOfAnotherInstance(t *testing.T) {
	place := meeting(t)
	s := newContainer(t).network().role("echo").serve(place, listen(port), helper, at("127.0.0.1")).await(t)
	other := filepath.Join(place, "other")
	out, err := sharing(t, s, variable+`=`+other+` "$SHIM" exec "$1" -- sh -c 'echo up; sleep 0.5; echo other ends >&2' | { read up; `+
		`"$SHIM" exec "$1" -- sh -c 'echo own begins; "$HELPER" "$AT"'; }`)
	require.NoError(t, err, out)
	require.Equal(t, protocol.MarkerWaiting+"another run has "+at(clientAt)+" until it is done\nother ends\nown begins\n", out)
}

func TestAddressOfAnotherProgram(t *testing.T) {
	s := newContainer(t).network().role("echo").serve(meeting(t), listen(port), helper, at("127.0.0.1")).await(t)
	out, err := sharing(t, s, fmt.Sprintf(roleVariable+`=echo "$HELPER" 0.0.0.0:%d & sleep 0.5; "$SHIM" exec "$1" -- "$HELPER" "$AT"; status=$?; kill $!; exit $status`, port))
	require.Error(t, err)
	require.Contains(t, out, "port 5432 is taken by a program that listens on all addresses")
}
