package host

import (
	"fmt"
	"os"
)

// summaryFile is the variable that names the file whose Markdown is shown with
// the run.
const summaryFile = "GITHUB_STEP_SUMMARY"

// summaryLimit is how large that file may be, in bytes; a larger one is dropped
// as a whole.
const summaryLimit = 1 << 20

// Summarize adds Markdown to what the service shows with the run, where it has a
// place for it. What does not fit is left out.
func (c CI) Summarize(markdown string) (err error) {
	path := os.Getenv(summaryFile)
	if c != GitHub || path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing the step summary: %w", err)
	}
	defer func() {
		if closed := file.Close(); err == nil && closed != nil {
			err = fmt.Errorf("writing the step summary: %w", closed)
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("writing the step summary: %w", err)
	}
	const cut = "\n\n… more in the log\n"
	if room := summaryLimit - int(info.Size()); len(markdown) > room {
		if room < len(cut) {
			return nil
		}
		markdown = markdown[:room-len(cut)] + cut
	}
	if _, err := file.WriteString(markdown); err != nil {
		return fmt.Errorf("writing the step summary: %w", err)
	}
	return nil
}
