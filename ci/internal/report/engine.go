package report

import (
	"bytes"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/bodkin-ci/bodkin/engine"
)

// kinds are BuildKit's kinds of cache records in the user's words.
var kinds = map[string]string{
	"regular":             "layers",
	"exec.cachemount":     "cache volumes",
	"source.local":        "host folders",
	"source.git.checkout": "git checkouts",
	"frontend":            "frontends",
	"internal":            "internal",
}

// Engine writes what state the embedded engine is in and how much disk its cache
// uses, by kind.
func Engine(out io.Writer, state *engine.State, now time.Time) error {
	var b bytes.Buffer
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	if !state.Running {
		line("engine", "not running; the next run starts it")
		line("state", "%s", state.Dir)
	} else {
		line("engine", "running for %s, BuildKit %s", now.Sub(state.Since).Round(time.Second), state.BuildKit)
		line("clients", "%d; without one it ends after %s", state.Clients, state.Idle)
		line("address", "%s", state.Address)
		line("network", "%s on %s", state.Subnet, state.Bridge)
		line("processes", "buildkitd %d, supervisor %d", state.Buildkitd, state.Supervisor)
		line("state", "%s", state.Dir)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if state.Running {
		b.WriteString("\n")
		if err := diskUse(&b, state.Disk); err != nil {
			return err
		}
	}
	_, err := out.Write(b.Bytes())
	return err
}

func diskUse(out io.Writer, uses []engine.DiskUse) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CACHE\tRECORDS\tSIZE\tUNUSED")
	var total engine.DiskUse
	for _, use := range uses {
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", kindName(use.Kind), use.Records, Bytes(use.Bytes), Bytes(use.Reclaimable))
		total.Records += use.Records
		total.Bytes += use.Bytes
		total.Reclaimable += use.Reclaimable
	}
	fmt.Fprintf(table, "total\t%d\t%s\t%s\n", total.Records, Bytes(total.Bytes), Bytes(total.Reclaimable))
	return table.Flush()
}

func kindName(kind string) string {
	if name, ok := kinds[kind]; ok {
		return name
	}
	return kind
}
