package shim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

func TestTracingVariablesOfBuildKitAreDropped(t *testing.T) {
	c := newContainer(t)
	const show = "env | grep -E '^(OTEL|TRACE|BODKIN)' || true"
	c.env = append(c.env,
		"TRACEPARENT=00-06ce5f17cf8352d8fc974ad967183803-7007c6f2929d815a-01", "TRACESTATE=a=b",
		"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=unix:///dev/otel-grpc.sock", "OTEL_SERVICE_NAME=mine")
	require.Equal(t, "OTEL_SERVICE_NAME=mine\n", c.sh(show).stdout)
}

func TestTracingVariablesOfThePipelineAreKept(t *testing.T) {
	c := newContainer(t)
	c.env = append(c.env,
		protocol.EnvName("TRACEPARENT")+"=mine", "TRACEPARENT=buildkit's",
		protocol.EnvName("OTEL_TRACES_EXPORTER")+"=none", protocol.EnvName("OTHER")+"=x")
	require.Equal(t, "[mine][none][x]", c.sh(`printf '[%s]' "$TRACEPARENT" "$OTEL_TRACES_EXPORTER" "$OTHER"`).stdout)
}
