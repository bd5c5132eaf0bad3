package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dagger.io/dagger"
	"github.com/spf13/pflag"

	"github.com/bodkin-ci/bodkin/ci/cli"
	"github.com/bodkin-ci/bodkin/modules/debian"
	"github.com/bodkin-ci/bodkin/modules/golang"
	"github.com/bodkin-ci/bodkin/modules/golang/testresult"
	"github.com/bodkin-ci/bodkin/modules/postgres"
)

// tests is what the flags of test ask for.
var tests golang.TestOptions

func testFlags(f *pflag.FlagSet) {
	f.StringVar(&tests.Run, "run", "", "only tests that match this `regexp`")
	f.BoolVar(&tests.Cover, "cover", false, "measure coverage: dist/<app>/coverage.out")
	f.BoolVar(&tests.Race, "race", false, "look for data races, with a C compiler from Debian's packages")
	f.Func("shuffle", "run tests in another order: on, or the `seed` of an earlier run", setShuffle)
}

// setShuffle turns "on" into a seed, so that tests run again instead of being
// found in the cache, and can run again in the same order.
func setShuffle(value string) error {
	if value == "on" {
		value = strconv.FormatInt(time.Now().UnixNano(), 10)
	}
	if _, err := strconv.ParseInt(value, 10, 64); err != nil {
		return fmt.Errorf("%q is neither on nor a number", value)
	}
	tests.Shuffle = value
	return nil
}

// test runs the application's tests, next to its database if it has one.
func test(ctx context.Context, job *cli.Job) error {
	opts := tests
	if job.Interactive {
		opts.Failed = shellFor(job)
	}
	if database, needed := databases[job.App.Name]; needed {
		db := postgres.New(job.Dag, database)
		service, err := db.Service(ctx)
		if err != nil {
			return err
		}
		if opts.With, err = db.Bind(ctx, ""); err != nil {
			return err
		}
		opts.Services = []*dagger.Service{service}
	}
	tested := module(job)
	if opts.Race {
		compiler, err := debian.New(job.Dag, debian.Options{Packages: []string{"gcc", "libc6-dev"}}).Base(ctx)
		if err != nil {
			return err
		}
		tested = golang.New(job.Dag, job.Source(), golang.Options{Base: compiler})
	}
	results, err := tested.Test(ctx, opts)
	if err != nil {
		return err
	}
	if opts.Shuffle != "" {
		job.Say("in the order of --shuffle " + opts.Shuffle + "\n")
	}
	return job.ReportTests(results)
}

// shellFor opens a shell where the tests of a package have failed, next to the
// database as they have left it.
func shellFor(job *cli.Job) func(context.Context, testresult.Output, *dagger.Container) error {
	return func(ctx context.Context, output testresult.Output, left *dagger.Container) error {
		results, err := testresult.Parse([]testresult.Output{output})
		if err != nil {
			return err
		}
		var table strings.Builder
		if err := results.WriteTable(&table); err != nil {
			return err
		}
		job.Log.Error("tests failed; a shell opens in their container\n" + table.String())
		_, err = left.Terminal().Sync(ctx)
		return err
	}
}
