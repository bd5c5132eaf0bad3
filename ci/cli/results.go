package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// TestResults are what became of an application's tests.
type TestResults interface {
	WriteTable(io.Writer) error // for people
	WriteJUnit(io.Writer) error // for CI systems
	Profile() string            // a coverage profile; "" for none
	Err() error                 // that tests failed
}

// ReportTests writes results to junit.xml, and to coverage.out where coverage was
// measured, and shows them at the end of the run. It returns the results' error.
func (j *Job) ReportTests(results TestResults) error {
	var table, xml bytes.Buffer
	if err := results.WriteTable(&table); err != nil {
		return fmt.Errorf("showing test results: %w", err)
	}
	if err := results.WriteJUnit(&xml); err != nil {
		return fmt.Errorf("writing test results as XML: %w", err)
	}
	j.Say(table.String())
	if err := j.write(xml.Bytes(), "junit.xml"); err != nil {
		return err
	}
	if profile := results.Profile(); profile != "" {
		if err := j.write([]byte(profile), "coverage.out"); err != nil {
			return err
		}
	}
	return results.Err()
}

// Say shows text, in full lines, at the end of the run.
func (j *Job) Say(text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.said.WriteString(text)
}

func (j *Job) saying() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.said.String()
}

// write puts a file of this process into the application's output folder.
func (j *Job) write(content []byte, name string) error {
	path := filepath.Join(j.output, name)
	if err := os.MkdirAll(j.output, 0o755); err != nil {
		return fmt.Errorf("writing %s: %w", shortPath(path), err)
	}
	if err := renameio.WriteFile(path, content, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", shortPath(path), err)
	}
	j.wrote(path, int64(len(content)))
	return nil
}
