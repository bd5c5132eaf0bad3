package protocol

import (
	"bytes"
	"fmt"
)

// ReportFiles are the files below OutDir that a report holds, where they exist.
var ReportFiles = []string{StdoutFile, StderrFile, ExitCodeFile, ErrorFile}

// ReportArgs are the arguments that have the shim write a report of the files in
// dir to stdout.
func ReportArgs(dir string) []string { return []string{BinaryPath, "report", dir} }

// ReportEntry is what a report says of one file.
func ReportEntry(name string, content []byte) []byte {
	return append(fmt.Appendf(nil, "%s %d\n", name, len(content)), content...)
}

// ParseReport returns the files of a report by name.
func ParseReport(report []byte) (map[string][]byte, error) {
	files := map[string][]byte{}
	for len(report) > 0 {
		header, rest, _ := bytes.Cut(report, []byte("\n"))
		var name string
		var size int
		if _, err := fmt.Sscanf(string(header), "%s %d", &name, &size); err != nil || size < 0 || size > len(rest) {
			return nil, fmt.Errorf("reading the shim's report: %d bytes do not follow %q", size, header)
		}
		files[name], report = rest[:size], rest[size:]
	}
	return files, nil
}
