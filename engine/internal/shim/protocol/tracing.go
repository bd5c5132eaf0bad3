package protocol

import "slices"

// tracingVariables are what BuildKit adds to the environment of every exec, to
// lead its spans to a socket of its own. They differ from run to run, so the
// shim keeps them from the command.
var tracingVariables = []string{
	"OTEL_TRACES_EXPORTER",
	"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
	"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
	"TRACEPARENT",
	"TRACESTATE",
}

// KeepPrefix precedes the names of tracing variables that the pipeline has set
// itself, which tells them from BuildKit's. The shim takes it off.
const KeepPrefix = "BODKIN_KEEP_"

// Tracing reports whether name is a variable that BuildKit sets by itself.
func Tracing(name string) bool { return slices.Contains(tracingVariables, name) }

// EnvName returns the name under which a variable of the pipeline reaches the
// shim.
func EnvName(name string) string {
	if Tracing(name) {
		return KeepPrefix + name
	}
	return name
}
