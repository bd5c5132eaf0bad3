package cli

import (
	"io"
	"os"
	"time"

	"github.com/charmbracelet/log"
	"github.com/muesli/termenv"

	"github.com/bodkin-ci/bodkin/ci/internal/progress"
)

// newLogger returns the log of a run: short lines on a terminal, with the time
// where lines are kept, JSON where programs read them.
func newLogger(out io.Writer, mode progress.Mode) *log.Logger {
	logger := log.NewWithOptions(out, log.Options{
		ReportTimestamp: mode != progress.TTY,
		TimeFormat:      time.TimeOnly,
	})
	switch mode {
	case progress.JSON:
		logger.SetFormatter(log.JSONFormatter)
		logger.SetTimeFormat(time.RFC3339Nano)
	case progress.TTY:
		logger.SetColorProfile(termenv.NewOutput(os.Stderr).EnvColorProfile())
	}
	return logger
}
