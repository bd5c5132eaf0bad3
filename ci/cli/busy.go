package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/bodkin-ci/bodkin/engine"
)

// lookTime bounds how long looking at processes may take: whatever hangs might
// hang this, too.
const lookTime = 5 * time.Second

// shownCommand bounds how much of a process's command line is shown, in bytes.
const shownCommand = 160

// writes remembers how much the processes of this run had written.
type writes struct {
	mu   sync.Mutex
	last int64
}

// silent is how long ago this run gave a sign of life. What an exec writes into a
// file, as tests do with their results, is one too, where that can be seen. It
// looks there only when half of limit is over.
func (r *session) silent() time.Duration {
	silent := r.display.Busy.Silent()
	if silent < r.plan.silence/2 {
		return silent
	}
	r.writes.mu.Lock()
	defer r.writes.mu.Unlock()
	var sum int64
	for _, p := range r.processes() {
		sum += p.Written
	}
	if sum != r.writes.last {
		r.writes.last = sum
		r.display.Busy.Hear()
		return 0
	}
	return silent
}

// busy says what is going on: vertices, and what runs in their containers where
// that can be seen, which is on the embedded engine.
func (r *session) busy() string {
	return r.display.Busy.What() + processTable(r.processes())
}

// processes are those in the containers of this run, as far as the engine's vertices
// tell: they are named after their commands.
func (r *session) processes() []engine.Process {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	all, err := engine.Processes(ctx, r.plan.engine)
	if err != nil {
		r.log.Debug("looking at what runs", "err", err)
	}
	ours := map[string]bool{}
	for _, name := range r.display.Busy.Names() {
		command, isExec := strings.CutPrefix(name, "exec ")
		for _, p := range all {
			if isExec && p.Command == command {
				ours[p.Container] = true
			}
		}
	}
	return slices.DeleteFunc(all, func(p engine.Process) bool { return !ours[p.Container] })
}

func processTable(processes []engine.Process) string {
	if len(processes) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("  processes there:\n")
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "    PID\tSTATE\tAGE\tCPU\tCOMMAND")
	container := ""
	for _, p := range processes {
		if container != "" && p.Container != container {
			fmt.Fprintln(table, "    -\t\t\t\t")
		}
		container = p.Container
		command := strings.ToValidUTF8(p.Command, "?")
		if len(command) > shownCommand {
			command = strings.ToValidUTF8(command[:shownCommand], "") + "…"
		}
		fmt.Fprintf(table, "    %d\t%s\t%s\t%s\t%s\n", p.PID, p.State, p.Age.Round(time.Second), p.CPU.Round(10*time.Millisecond), command)
	}
	_ = table.Flush()
	return b.String()
}
