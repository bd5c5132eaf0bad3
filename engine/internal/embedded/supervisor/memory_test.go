//go:build linux

package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRestBeginsOnceAfterActivity(t *testing.T) {
	var r rest
	require.False(t, r.begins(500), "busy since its start")
	require.True(t, r.begins(500+quietTicks-1))
	require.False(t, r.begins(500+quietTicks-1), "still at rest")
	require.False(t, r.begins(900))
	require.False(t, r.begins(1300))
	require.True(t, r.begins(1300))
}

func TestProcessorTimeOfNothing(t *testing.T) {
	require.Zero(t, processorTime(0))
	for end := processorTime(os.Getpid()) + 2; processorTime(os.Getpid()) < end; {
		_ = identify(os.Getpid()) // takes time
	}
}
