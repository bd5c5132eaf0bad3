//go:build linux

package main

import (
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// withoutTracing drops the variables that BuildKit has added to environment,
// and gives those that the pipeline has set their own names back.
func withoutTracing(environment []string) []string {
	kept := make([]string, 0, len(environment))
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if own, ok := strings.CutPrefix(name, protocol.KeepPrefix); ok && protocol.Tracing(own) {
			entry = entry[len(protocol.KeepPrefix):]
		} else if protocol.Tracing(name) {
			continue
		}
		kept = append(kept, entry)
	}
	return kept
}
