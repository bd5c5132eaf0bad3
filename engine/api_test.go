package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/proctest"
)

func TestVersion(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		version, err := e.c.Version(t.Context())
		require.NoError(t, err)
		require.Equal(t, "v0.21.8", version)
	})
}

func TestIDs(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		ctr := e.box(t).WithEnvVariable("A", "1")
		id, err := ctr.ID(ctx)
		require.NoError(t, err)
		again, err := e.box(t).WithEnvVariable("A", "1").ID(ctx)
		require.NoError(t, err)
		require.Equal(t, id, again, "the same calls give the same ID")
		other, err := e.box(t).WithEnvVariable("A", "2").ID(ctx)
		require.NoError(t, err)
		require.NotEqual(t, id, other)

		loaded := dagger.Ref[*dagger.Container](e.c, id)
		require.Equal(t, "1\n", run(t, loaded, "env", "A"))
		dirID, err := e.c.Directory().WithNewFile("f", "x").ID(ctx)
		require.NoError(t, err)
		require.Equal(t, "x", contents(t, dagger.Ref[*dagger.Directory](e.c, dirID).File("f")))

		_, err = dagger.Ref[*dagger.Container](e.c, "nonsense").Sync(ctx)
		require.ErrorContains(t, err, `unknown ID "nonsense"`)
		_, err = dagger.Ref[*dagger.Container](e.connect(t), id).Sync(ctx)
		require.ErrorContains(t, err, "IDs are valid within the session that handed them out")

		var answer map[string]any
		do := func(query string) error {
			answer = nil
			return e.c.Do(ctx, &dagger.Request{Query: query}, &dagger.Response{Data: &answer})
		}
		require.NoError(t, do(fmt.Sprintf(`{node(id: %q) {__typename id ... on Container {envVariable(name: "A")}}}`, id)))
		require.Equal(t, map[string]any{"node": map[string]any{"__typename": "Container", "id": string(id), "envVariable": "1"}}, answer)
		require.NoError(t, do(fmt.Sprintf(`{loadContainerFromID(id: %q) {user}}`, id)))
		require.ErrorContains(t, do(fmt.Sprintf(`{loadDirectoryFromID(id: %q) {name}}`, id)), "is that of a Container, not of a Directory")
		require.ErrorContains(t, do(`{directory {withDirectory(path: "/", source: "`+string(id)+`") {name}}}`), "is that of a Container, not of a Directory")
	})
}

// Each type's loader returns what its ID names.
func TestLoaders(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		ctr := e.box(t).WithEnvVariable("A", "1").WithLabel("l", "v").WithExposedPort(80)
		vars, err := ctr.EnvVariables(ctx)
		require.NoError(t, err)
		labels, err := ctr.Labels(ctx)
		require.NoError(t, err)
		ports, err := ctr.ExposedPorts(ctx)
		require.NoError(t, err)
		file := e.c.Directory().WithNewFile("f", "x")
		stats, err := file.Changes(e.c.Directory()).DiffStats(ctx)
		require.NoError(t, err)
		found, err := file.Search(ctx, "x")
		require.NoError(t, err)
		matches, err := found[0].Submatches(ctx)
		require.NoError(t, err)
		for name, object := range map[string]interface {
			ID(context.Context) (dagger.ID, error)
		}{
			"CacheVolume": e.c.CacheVolume("loaders"), "Container": ctr, "Directory": e.c.Directory(), "EnvVariable": &vars[0],
			"File": e.c.File("f", "x"), "Host": e.c.Host(), "Label": &labels[0], "Port": &ports[0],
			"Secret": e.c.SetSecret("loaders", "s"), "Stat": ctr.Stat("/"),
			"Changeset": e.c.Changeset(), "DiffStat": &stats[0], "SearchResult": &found[0], "SearchSubmatch": &matches[0],
		} {
			id, err := object.ID(ctx)
			require.NoError(t, err, name)
			var answer map[string]map[string]string
			err = e.c.Do(ctx, &dagger.Request{Query: fmt.Sprintf(`{load%sFromID(id: %q) {id}}`, name, id)}, &dagger.Response{Data: &answer})
			require.NoError(t, err, name)
			require.Equal(t, string(id), answer["load"+name+"FromID"]["id"])
		}
	})
}

func TestLoadsByID(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		id, err := e.c.Container().ID(ctx)
		require.NoError(t, err)
		for i := range 100 {
			id, err = dagger.Ref[*dagger.Container](e.c, id).WithEnvVariable(fmt.Sprint("V", i), "").ID(ctx)
			require.NoError(t, err)
		}
		vars, err := dagger.Ref[*dagger.Container](e.c, id).EnvVariables(ctx)
		require.NoError(t, err)
		require.Len(t, vars, 100)
		last, err := vars[99].Name(ctx)
		require.NoError(t, err)
		require.Equal(t, "V99", last)
	})
}

// What is not served is refused by name, with what to do instead.
func TestRefusals(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		do := func(query string) error { return e.c.Do(ctx, &dagger.Request{Query: query}, &dagger.Response{}) }
		for name, call := range map[string]func() error{
			"Container.experimentalWithAllGPUs": func() error { _, err := e.c.Container().ExperimentalWithAllGPUs().Sync(ctx); return err },
			"Directory.asModule":                func() error { return do(`{directory {asModule {id}}}`) },
			"Query.moduleSource":                func() error { return do(`{moduleSource(refString: "x") {id}}`) },
			"Option experimentalPrivilegedNesting of Container.withExec": func() error {
				_, err := e.box(t).WithExec(box("true"), dagger.ContainerWithExecOpts{ExperimentalPrivilegedNesting: true}).Sync(ctx)
				return err
			},
			"Option nonsense of Container.withExec": func() error { return do(`{container {withExec(args: ["x"], nonsense: true) {id}}}`) },
		} {
			err := call()
			require.ErrorContains(t, err, name+" is not served by Bodkin's engine")
			require.ErrorContains(t, err, "run this pipeline on a Dagger engine")
		}
		require.ErrorContains(t, do("{"), "syntax error")
		require.Error(t, do(`{container {withExec(args: 7) {id}}}`))
	})
}

func TestCancellation(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		if e.Name == "other" {
			t.Skip("the engine's processes may be on another machine")
		}
		tag := unique()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() {
			_, err := e.box(t).WithExec(box("sleep", "1000s", tag)).Sync(ctx)
			ended <- err
		}()
		require.Eventually(t, func() bool { return len(proctest.Find(t, "sleep 1000s "+tag)) > 0 }, time.Minute, 20*time.Millisecond, "the command runs")
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.Eventually(t, func() bool { return len(proctest.Find(t, "sleep 1000s "+tag)) == 0 }, 10*time.Second, 20*time.Millisecond, "and is stopped")
		require.Equal(t, "fine\n", run(t, e.box(t), "echo", "fine"), "the session goes on")
	})
}

// One of two that wait for the same step gives up: the other gets its result.
func TestCancellingOneOfTwo(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctr := e.box(t).WithEnvVariable("N", unique()).WithExec(box("sleep", "1s", ";", "echo", "done"))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = ctr.Stdout(ctx) })
		out, err := ctr.Stdout(t.Context())
		require.NoError(t, err)
		require.Equal(t, "done\n", out)
		wg.Wait()
	})
}

func TestClosedClient(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		c, err := engine.Connect(t.Context(), engine.WithAddress(e.Address))
		require.NoError(t, err)
		ctr := boxIn(t, c)
		_, err = ctr.Sync(t.Context())
		require.NoError(t, err)
		require.NoError(t, c.Close())
		require.NoError(t, c.Close(), "closing again is no error")
		for range 2 {
			_, err = ctr.WithExec(box("true")).Sync(t.Context())
			require.ErrorContains(t, err, "closed")
		}
	})
}

func TestClosingStopsWhatRuns(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		if e.Name == "other" {
			t.Skip("the engine's processes may be on another machine")
		}
		tag := unique()
		c, err := engine.Connect(t.Context(), engine.WithAddress(e.Address))
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() {
			_, err := boxIn(t, c).WithExec(box("sleep", "1000s", tag)).Sync(t.Context())
			ended <- err
		}()
		require.Eventually(t, func() bool { return len(proctest.Find(t, "sleep 1000s "+tag)) > 0 }, time.Minute, 20*time.Millisecond)
		require.NoError(t, c.Close())
		require.Error(t, <-ended)
		require.Eventually(t, func() bool { return len(proctest.Find(t, "sleep 1000s "+tag)) == 0 }, 10*time.Second, 20*time.Millisecond)
	})
}

func TestProgress(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		told := &statuses{}
		c := e.connect(t, engine.WithProgress(told.add))
		tag := unique()
		require.Equal(t, "said "+tag+"\n", run(t, boxIn(t, c), "echo", "said "+tag))
		_ = fails(t, boxIn(t, c), "err", "failed "+tag, ";", "exit", "3")
		require.NoError(t, c.Close())
		text := told.text()
		require.Contains(t, text, "exec /bin/box echo said "+tag)
		require.Contains(t, text, "said "+tag+"\n")
		require.Contains(t, text, "failed "+tag)
		require.NotContains(t, text, "/dev/.bodkin", "the shim is nobody's business")
		for _, st := range told.all {
			for _, v := range st.Vertexes {
				require.NotEmpty(t, v.Name)
			}
		}
	})
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"nonsense":             `unknown engine "nonsense"`,
		"http://localhost":     `unknown engine "http://localhost"`,
		"tcp://":               `unknown engine "tcp://"`,
		"tcp://127.0.0.1:1":    "no BuildKit answers at tcp://127.0.0.1:1",
		"unix:///no/such/sock": "no BuildKit answers at unix:///no/such/sock",
	} {
		_, err := engine.Connect(t.Context(), engine.WithAddress(address))
		require.ErrorContains(t, err, want)
	}
}

// Where execs have a network of their own, they do not reach what listens on
// the host's loopback; where they share the host's, they do.
func TestLoopbackIsolation(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		host := startRegistry(t, "")
		if e.Isolated {
			require.Contains(t, fails(t, e.box(t), "dial", host, unique()).Stderr, "connection refused")
			return
		}
		_, err := e.box(t).WithExec(box("dial", host, unique())).Sync(t.Context())
		require.NoError(t, err)
	})
}
