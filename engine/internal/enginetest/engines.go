package enginetest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bodkin-ci/bodkin/engine/internal/dockertest"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
)

// EngineEnv names the environment variable that points the tests at one engine
// instead of the usual ones: one of Names, or an address such as tcp://host:1234.
const EngineEnv = "BODKIN_TEST_ENGINE"

// Names of the engines that tests usually run on.
const (
	EmbeddedName = "embedded"
	PlainName    = "plain"
	DockerName   = "docker"
)

// plains are the plain daemons that can be tested on, by name.
var plains = map[string]Transport{PlainName: TCP, "plain-unix": Unix, "plain-mtls": MutualTLS}

// Names are those of all engines that the tests can start.
func Names() []string {
	names := slices.Concat([]string{EmbeddedName}, slices.Collect(maps.Keys(plains)), slices.Collect(maps.Keys(dockers)))
	slices.Sort(names)
	return names
}

// dockers are the Docker daemons that can be tested on, by name.
var dockers = map[string]dockertest.Options{
	DockerName:          {Suite: "trixie"},
	"docker-containerd": {Suite: "trixie", Containerd: true},
	"docker-bookworm":   {Suite: "bookworm"},
}

// Engine is something to run a test on.
type Engine struct {
	// Name is that of subtests.
	Name string
	// Address is what engine.WithAddress takes.
	Address string
	// State is the folder with everything that the daemon keeps, or "" where it
	// is out of reach.
	State string
	// Isolated says that execs do not share the host's network.
	Isolated bool
	// Docker says that it is the BuildKit within a Docker daemon of Debian's.
	Docker bool
}

var plain struct {
	sync.Mutex
	running *Plain
}

// startPlain starts a plain daemon, once.
func startPlain(transport Transport) (*Plain, error) {
	plain.Lock()
	defer plain.Unlock()
	if plain.running != nil {
		return plain.running, nil
	}
	p, err := StartPlainOn(context.Background(), transport)
	if err != nil {
		return nil, err
	}
	keepLog = p.Log
	AtEnd(func() { _ = p.Close() })
	plain.running = p
	return p, nil
}

var dockerd struct {
	sync.Mutex
	running *dockertest.Docker
}

// docker starts the Docker daemon with a name among dockers, once.
func docker(name string) (*dockertest.Docker, error) {
	dockerd.Lock()
	defer dockerd.Unlock()
	if dockerd.running != nil {
		return dockerd.running, nil
	}
	opts := dockers[name]
	var err error
	if opts.Box, err = testbox(); err != nil {
		return nil, err
	}
	d, err := dockertest.Start(context.Background(), opts)
	if err != nil {
		return nil, err
	}
	AtEnd(func() { _ = d.Close() })
	dockerd.running = d
	return d, nil
}

// Engines returns the engines to test on: the embedded one and a plain daemon,
// which is started now, or the one that BODKIN_TEST_ENGINE names. It skips in
// short mode and where those engines cannot run; an engine that should start and
// does not is a failure.
func Engines(t testing.TB) []Engine {
	t.Helper()
	if testing.Short() {
		t.Skip("needs an engine, and starting one takes time: left out by -short")
	}
	name := os.Getenv(EngineEnv)
	if strings.Contains(name, "://") {
		inDocker := strings.HasPrefix(name, "docker+")
		return []Engine{{Name: "other", Address: name, Isolated: inDocker, Docker: inDocker}}
	}
	if err := embedded.Supported(); err != nil {
		t.Skipf("%s (set %s to test another engine)", err, EngineEnv)
	}
	var engines []Engine
	if name == "" || name == EmbeddedName {
		engines = append(engines, Engine{Name: EmbeddedName, Address: EmbeddedName, Isolated: true})
	}
	if transport, ok := plains[cmp.Or(name, PlainName)]; ok {
		p, err := startPlain(transport)
		if err != nil {
			t.Fatal(err)
		}
		engines = append(engines, Engine{Name: cmp.Or(name, PlainName), Address: p.Address, State: p.State})
	}
	if _, ok := dockers[name]; ok {
		d, err := docker(name)
		if err != nil {
			t.Fatal(err)
		}
		engines = append(engines, Engine{Name: name, Address: "docker+unix://" + d.Socket, State: d.State, Isolated: true, Docker: true})
	}
	if len(engines) == 0 {
		t.Fatalf("%s is %q: want one of %s, or the address of a BuildKit daemon", EngineEnv, name, strings.Join(Names(), ", "))
	}
	return engines
}

// keepLog is the plain daemon's log, once there is one.
var keepLog string

// saveLog keeps the plain daemon's log after a failure: its folder goes with it.
func saveLog() {
	log, err := os.ReadFile(keepLog)
	if err != nil {
		return
	}
	kept := filepath.Join(os.TempDir(), "bodkin-plain-failed.log")
	if err := os.WriteFile(kept, log, 0o600); err == nil {
		fmt.Fprintln(os.Stderr, "the plain daemon's log is kept in", kept)
	}
}

var (
	endMu sync.Mutex
	atEnd []func()
)

// AtEnd has Main call f after the tests, the last one first.
func AtEnd(f func()) {
	endMu.Lock()
	defer endMu.Unlock()
	atEnd = append(atEnd, f)
}

// Main runs a package's tests, gives back what they have started and returns the
// exit status. A package that uses Engines calls it from its TestMain.
func Main(m *testing.M) int {
	defer removeTestbox()
	status := m.Run()
	endMu.Lock()
	defer endMu.Unlock()
	if status != 0 && keepLog != "" {
		saveLog()
	}
	for i := len(atEnd) - 1; i >= 0; i-- {
		atEnd[i]()
	}
	if status != 0 && os.Getenv(EngineEnv) == "" {
		fmt.Fprintf(os.Stderr, "to test one engine alone, set %s to one of %s, or an address\n", EngineEnv, strings.Join(Names(), ", "))
	}
	return status
}
