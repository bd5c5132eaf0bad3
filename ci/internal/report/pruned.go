package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bodkin-ci/bodkin/engine"
)

// Pruned writes what was removed from the cache, by kind.
func Pruned(out io.Writer, removed []engine.DiskUse) error {
	if len(removed) == 0 {
		_, err := fmt.Fprintln(out, "Nothing to remove.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REMOVED\tRECORDS\tSIZE")
	var total engine.DiskUse
	for _, use := range removed {
		fmt.Fprintf(table, "%s\t%d\t%s\n", kindName(use.Kind), use.Records, Bytes(use.Bytes))
		total.Records += use.Records
		total.Bytes += use.Bytes
	}
	fmt.Fprintf(table, "total\t%d\t%s\n", total.Records, Bytes(total.Bytes))
	return table.Flush()
}

// volumes is BuildKit's kind of cache volumes.
const volumes = "exec.cachemount"

// Kept writes what stays in the cache after pruning with opts, and why more stays
// than opts has asked for, where it does.
func Kept(out io.Writer, kept []engine.DiskUse, opts engine.PruneOptions) error {
	var total, used int64
	var kinds []string
	reasons := map[string]bool{}
	for _, use := range kept {
		total += use.Bytes
		used += use.Bytes - use.Reclaimable
		kinds = append(kinds, fmt.Sprintf("%s %s", kindName(use.Kind), Bytes(use.Bytes)))
		reasons[use.Kind] = true
	}
	if total == 0 {
		return nil
	}
	text := fmt.Sprintf("Kept %s: %s.\n", Bytes(total), strings.Join(kinds, ", "))
	if total > opts.KeepStorage {
		text += why(reasons[volumes] && !opts.All, used, opts.KeepDuration)
	}
	_, err := io.WriteString(out, text)
	return err
}

func why(volumesStay bool, used int64, recent time.Duration) string {
	var reasons []string
	if volumesStay {
		reasons = append(reasons, "cache volumes go with --all only")
	}
	if recent > 0 {
		reasons = append(reasons, fmt.Sprintf("what was used within %s stays", shortDuration(recent)))
	}
	if used > 0 {
		reasons = append(reasons, Bytes(used)+" are in use")
	}
	if len(reasons) == 0 {
		return ""
	}
	return "Not less, because " + strings.Join(reasons, ", and ") + ".\n"
}

// shortDuration writes 72h instead of 72h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
