package report

import (
	"bytes"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/bodkin-ci/bodkin/ci/internal/progress"
)

// Row is a step in the summary.
type Row struct {
	Step   string           `json:"step"`
	Status Status           `json:"status"`
	Counts *progress.Counts `json:"vertices,omitempty"` // nil: not known for this step alone
	Time   time.Duration    `json:"-"`
	Files  []File           `json:"files,omitempty"`
	Error  string           `json:"error,omitempty"`
}

// Status says how a step ended.
type Status string

// The ways a step ends.
const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Stopped Status = "stopped"
)

// File is a file that a step wrote.
type File struct {
	Path string `json:"path"` // as the user would name it
	Size int64  `json:"bytes"`
}

// Total is the summary's last row. Its time is less than the sum of the steps'
// where they ran side by side.
type Total struct {
	Counts progress.Counts
	Time   time.Duration
}

// Summary writes the table that ends a run: what was done, from the cache or
// executed, how long it took, and what was written. It is one write to out.
func Summary(out io.Writer, rows []Row, total Total) error {
	var b bytes.Buffer
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table)
	fmt.Fprintln(table, "STEP\tRESULT\tCACHED\tRUN\tTIME\tWROTE")
	for _, row := range rows {
		cached, run := "-", "-"
		if row.Counts != nil {
			cached, run = fmt.Sprint(row.Counts.Cached), fmt.Sprint(row.Counts.Run)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", row.Step, row.Status, cached, run, Seconds(row.Time), written(row.Files, 0))
		for i := 1; i < len(row.Files); i++ {
			fmt.Fprintf(table, "\t\t\t\t\t%s\n", written(row.Files, i))
		}
	}
	fmt.Fprintf(table, "total\t\t%d\t%d\t%s\t%s\n", total.Counts.Cached, total.Counts.Run, Seconds(total.Time), totalSize(rows))
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := out.Write(b.Bytes())
	return err
}

func written(files []File, i int) string {
	if i >= len(files) {
		return ""
	}
	return files[i].Path + " (" + Bytes(files[i].Size) + ")"
}

func totalSize(rows []Row) string {
	var sum int64
	var files int
	for _, row := range rows {
		for _, file := range row.Files {
			sum += file.Size
			files++
		}
	}
	if files == 0 {
		return ""
	}
	return Bytes(sum)
}

// Seconds writes a duration in seconds, the way progress does.
func Seconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.2fs", d.Seconds())
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}

// Bytes writes a size in decimal units, as disk and image sizes are given.
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value := float64(n)
	for _, unit := range []string{"kB", "MB", "GB"} {
		value /= 1000
		if value < 999.95 {
			return fmt.Sprintf("%.1f %s", value, unit)
		}
	}
	return fmt.Sprintf("%.1f TB", value/1000)
}
