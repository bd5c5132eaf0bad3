package engine_test

import (
	"fmt"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/engine"
)

func TestManyExecsShareAService(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		svc := keeper(t, e.c)
		var group errgroup.Group
		for i := range 20 {
			client := e.box(t).WithServiceBinding("store", svc).WithEnvVariable("CLIENT", fmt.Sprint(i))
			group.Go(func() error {
				_, err := client.WithExec(box("ok", fmt.Sprintf("http://store:8080/set/%d?v=%d", i, i))).Sync(t.Context())
				return err
			})
		}
		require.NoError(t, group.Wait())
		client := e.box(t).WithServiceBinding("store", svc).WithEnvVariable("TEST", unique())
		for _, i := range []int{0, 7, 19} {
			require.Equal(t, fmt.Sprintln(i), run(t, client, "get", fmt.Sprintf("http://store:8080/get/%d", i)))
		}
	})
}

// Two sessions that describe the same service at the same time have one each.
func TestSessionsDoNotShareServices(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		mark := unique()
		use := func(c *dagger.Client, who string) (set, get func() (string, error)) {
			svc := boxIn(t, c).WithEnvVariable("TEST", mark).WithExposedPort(keeperPort).
				AsService(dagger.ContainerAsServiceOpts{Args: box("keep", "8080")})
			client := boxIn(t, c).WithServiceBinding("store", svc).WithEnvVariable("TEST", mark+who)
			return func() (string, error) {
					return client.WithExec(box("get", "http://store:8080/set/a?v="+who)).Stdout(t.Context())
				}, func() (string, error) {
					return client.WithExec(box("get", "http://store:8080/get/a")).Stdout(t.Context())
				}
		}
		set1, get1 := use(e.connect(t), "first")
		set2, get2 := use(e.connect(t), "second")
		_, err := set1()
		require.NoError(t, err)
		_, err = set2()
		require.NoError(t, err)
		got, err := get1()
		require.NoError(t, err)
		require.Equal(t, "first\n", got)
		got, err = get2()
		require.NoError(t, err)
		require.Equal(t, "second\n", got)
	})
}

// Two sessions run what their execs have in common at the same time: also where
// these share one network, each meets its own service.
func TestSessionsWithTheSameExecs(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		mark := unique()
		var group errgroup.Group
		for _, who := range []string{"first", "second"} {
			c := e.connect(t)
			svc := boxIn(t, c).WithEnvVariable("TEST", mark).WithExposedPort(keeperPort).
				AsService(dagger.ContainerAsServiceOpts{Args: box("keep", "8080")})
			client := boxIn(t, c).WithServiceBinding("store", svc)
			set := client.WithExec(box("get", "http://store:8080/set/who?v="+who))
			// The files differ, the command does not.
			same := client.WithNewFile("/who", who).WithExec(box("get", "http://store:8080/get/who", ";", "sleep", "300ms"))
			group.Go(func() error {
				if _, err := set.Sync(t.Context()); err != nil {
					return err
				}
				got, err := same.Stdout(t.Context())
				if err == nil && got != who+"\n" {
					err = fmt.Errorf("%s has reached the service of %s", who, got)
				}
				return err
			})
		}
		require.NoError(t, group.Wait())
	})
}

func TestServiceThatNeverAnswers(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		c := e.connect(t, engine.WithServicePatience(500*time.Millisecond))
		svc := boxIn(t, c).WithEnvVariable("TEST", unique()).WithExposedPort(keeperPort).
			AsService(dagger.ContainerAsServiceOpts{Args: box("echo", "still thinking", ";", "sleep", "1h")})
		_, err := boxIn(t, c).WithServiceBinding("store", svc).WithExec(box("get", "http://store:8080/")).Sync(t.Context())
		require.ErrorContains(t, err, "its ports [8080] did not answer within 500ms")
		require.ErrorContains(t, err, "still thinking")
	})
}

func TestServiceWithThePortOfItsBinding(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		front := e.box(t).WithServiceBinding("store", keeper(t, e.c)).WithExposedPort(keeperPort)
		_, err := front.AsService(dagger.ContainerAsServiceOpts{Args: box("relate", ":8080", "http://store:8080/start")}).Start(t.Context())
		require.ErrorContains(t, err, "address already in use")
		require.ErrorContains(t, err, "port 8080 is also that of service store")
		own := front.AsService(dagger.ContainerAsServiceOpts{Args: box("relate", "127.0.0.1:8080", "http://store:8080/get/a")})
		run(t, e.box(t).WithServiceBinding("front", own), "ok", "http://front:8080/")
	})
}
