package conformance_test

import (
	"bufio"
	"context"
	"flag"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/conformance"
	"github.com/bodkin-ci/bodkin/engine/internal/api"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// address names the engine to test instead of the usual ones.
var address = flag.String("engine", "", `the engine to test: "dagger" for the session in the environment, or what engine.WithAddress takes`)

// parallel is how many cases run at once: most of the time they wait for a daemon.
const parallel = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = flag.Set("test.parallel", parallel)
	}
	os.Exit(enginetest.Main(m))
}

func engines(t *testing.T) []enginetest.Engine {
	if *address == "" && os.Getenv("DAGGER_SESSION_PORT") != "" {
		*address = engine.Dagger
	}
	if *address != "" {
		return []enginetest.Engine{{Name: "other", Address: *address}}
	}
	return enginetest.Engines(t)
}

// Every engine passes all cases, and there is a case for each field and option, or an entry
// in uncovered.txt.
func TestConformance(t *testing.T) {
	sdl, err := api.SDL()
	require.NoError(t, err)
	used, err := conformance.NewUsed(sdl)
	require.NoError(t, err)
	for _, eng := range engines(t) {
		t.Run(eng.Name, func(t *testing.T) {
			conformance.Run(t, conformance.Options{
				Connect:      func(ctx context.Context) (*dagger.Client, error) { return connect(ctx, eng.Address, used.See) },
				Box:          enginetest.Testbox(t),
				Unprivileged: eng.Docker,
			})
		})
	}
	if flag.Lookup("test.run").Value.String() == "" && !t.Failed() {
		requireCovered(t, used.Unused())
	}
}

// connect opens a session on an engine and a client of it, over the loopback, as programs
// in other languages do.
func connect(ctx context.Context, address string, see func([]byte)) (*dagger.Client, error) {
	session, err := engine.Listen(ctx, engine.WithAddress(address))
	if err != nil {
		return nil, err
	}
	enginetest.AtEnd(func() { _ = session.Close() })
	return conformance.Dial(ctx, session.Port, session.Token, see)
}

// uncovered lists what no case uses: a field, an option, or all of a type (Type.*), and
// the reason.
const uncovered = "uncovered.txt"

func requireCovered(t *testing.T, unused []string) {
	file, err := os.Open(uncovered)
	require.NoError(t, err)
	defer file.Close()
	listed := map[string]bool{}
	for scan := bufio.NewScanner(file); scan.Scan(); {
		name, reason, _ := strings.Cut(strings.TrimSpace(scan.Text()), " ")
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		require.NotEmpty(t, strings.TrimSpace(reason), "%s: %s has no reason", uncovered, name)
		listed[name] = true
	}
	needed := map[string]bool{}
	for _, name := range unused {
		typ, _, _ := strings.Cut(name, ".")
		entry := slices.IndexFunc([]string{name, typ + ".*"}, func(entry string) bool { return listed[entry] })
		if entry < 0 {
			t.Errorf("no case uses %s: add one, or list it in %s with the reason", name, uncovered)
			continue
		}
		needed[[]string{name, typ + ".*"}[entry]] = true
	}
	for name := range listed {
		if !needed[name] {
			t.Errorf("%s lists %s, which cases use", uncovered, name)
		}
	}
}
