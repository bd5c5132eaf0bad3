package host

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/bodkin-ci/bodkin/ci/internal/problem"
)

// QualityFile is the name of the code quality report in the output folder.
const QualityFile = "codequality.json"

// WriteQuality writes problems as the code quality report that GitLab shows in merge
// requests, into dir. For other services it does nothing.
func (c CI) WriteQuality(dir string, problems []problem.Problem) error {
	if c != GitLab {
		return nil
	}
	type lines struct {
		Begin int `json:"begin"`
	}
	type location struct {
		Path  string `json:"path"`
		Lines lines  `json:"lines"`
	}
	type issue struct {
		Description string   `json:"description"`
		CheckName   string   `json:"check_name"`
		Fingerprint string   `json:"fingerprint"`
		Severity    string   `json:"severity"`
		Location    location `json:"location"`
	}
	issues := []issue{} // none is an empty list: what an earlier run reported is fixed
	for _, p := range problems {
		issues = append(issues, issue{p.Message, p.Title, p.Fingerprint(), "major", location{p.File, lines{max(1, p.Line)}}})
	}
	content, err := json.MarshalIndent(issues, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the code quality report: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing the code quality report: %w", err)
	}
	if err := renameio.WriteFile(filepath.Join(dir, QualityFile), append(content, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the code quality report: %w", err)
	}
	return nil
}
