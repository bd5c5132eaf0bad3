// Command enginestable runs the engine's test suite on each engine in turn and writes
// what came of it as a table into docs/docker.md:
//
//	go run ./engine/internal/enginestable
//
// Arguments name engines; without any, all. Rows of others stay. It takes up to half an
// hour, and needs what the suite needs.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// page is where the table is.
const page = "docs/docker.md"

// packages hold the suite.
var packages = []string{"./engine", "./engine/conformance"}

// timeout is that of one engine's run.
const timeout = "40m"

// elsewhere are tests that start the engines they are about: the same for all rows.
const elsewhere = "^(TestDockerHost|TestDockerOverTLS|TestOldDocker|TestExportImage.+|TestPackageLoads|TestBuildKitOverTLS)$"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "enginestable:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string) error {
	for _, name := range names {
		if _, ok := titles[name]; !ok {
			return fmt.Errorf("there is no engine %q: want some of %s", name, strings.Join(enginetest.Names(), ", "))
		}
	}
	for _, e := range engines {
		if len(names) > 0 && !slices.Contains(names, e.name) {
			continue
		}
		found, err := suite(ctx, e.name)
		if err != nil {
			return fmt.Errorf("running the suite on %s: %w", e.name, err)
		}
		if err := rewrite(page, e.title, found.row(e.title)); err != nil {
			return err
		}
	}
	return nil
}

// suite runs the tests on one engine.
func suite(ctx context.Context, engine string) (*outcome, error) {
	args := []string{"test", "-json", "-count=1", "-timeout", timeout, "-skip", elsewhere}
	for _, dir := range packages {
		if _, err := os.Stat(dir); err == nil {
			args = append(args, dir)
		}
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), enginetest.EngineEnv+"="+engine)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(os.TempDir(), "bodkin-engines-"+engine+".json"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	fmt.Fprintln(os.Stderr, "what the tests on", engine, "say goes to", log.Name())
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	found, readErr := read(io.TeeReader(events, log), engine)
	_, _ = io.Copy(io.Discard, events)
	// That tests fail is a result.
	err = cmd.Wait()
	if exit := new(exec.ExitError); errors.As(err, &exit) && ctx.Err() == nil {
		err = nil
	}
	if err := errors.Join(readErr, err); err != nil {
		return nil, err
	}
	if len(found.results) == 0 {
		return nil, errors.New("no test has run: see what `go test` says")
	}
	found.took = time.Since(start).Round(time.Second)
	for _, name := range found.failed() {
		fmt.Fprintf(os.Stderr, "%s: %s fails\n%s", engine, name, found.said[name])
	}
	return found, nil
}

// rewrite replaces the row with a title in a page, or adds it to the table.
func rewrite(page, title, row string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(tableStart+"\n"))
	table, after, closed := bytes.Cut(rest, []byte(tableEnd))
	if !ok || !closed {
		return fmt.Errorf("%s has no lines %s and %s", page, tableStart, tableEnd)
	}
	rows := map[string]string{title: row}
	for line := range strings.Lines(string(table)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 && rows[strings.TrimSpace(cells[1])] == "" {
			rows[strings.TrimSpace(cells[1])] = line
		}
	}
	out := bytes.NewBuffer(nil)
	fmt.Fprintf(out, "%s%s\n%s", before, tableStart, tableHead)
	for _, e := range engines {
		out.WriteString(rows[e.title])
	}
	fmt.Fprintf(out, "%s%s", tableEnd, after)
	return renameio.WriteFile(page, out.Bytes(), 0o644)
}
