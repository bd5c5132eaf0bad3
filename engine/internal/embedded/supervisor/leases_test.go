//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func ended(l *leases) bool {
	select {
	case <-l.end:
		return true
	default:
		return false
	}
}

func TestLastLeaseEndsADaemonThatMayNotIdle(t *testing.T) {
	l := newLeases(0)
	require.False(t, ended(l))
	require.True(t, l.take(0))
	require.True(t, l.take(0))
	l.release()
	require.False(t, ended(l))
	l.release()
	require.True(t, ended(l))
	require.False(t, l.take(0), "a lease on a daemon that is ending")
}

func TestLastClientDecidesHowLongToIdle(t *testing.T) {
	l := newLeases(0)
	require.True(t, l.take(time.Hour))
	l.release()
	require.False(t, ended(l))
	require.True(t, l.take(time.Millisecond))
	l.release()
	<-l.end
	require.Contains(t, l.why, "1ms")
}

func TestIdleEndDoesNotCutALease(t *testing.T) {
	l := newLeases(0)
	require.True(t, l.take(time.Millisecond))
	l.release()
	if l.take(time.Hour) { // else the end came first, which is fine too
		time.Sleep(10 * time.Millisecond)
		require.False(t, ended(l))
	}
}

func TestOnlyAnUnusedDaemonMakesWay(t *testing.T) {
	l := newLeases(time.Hour)
	require.True(t, l.take(time.Hour))
	require.False(t, l.endUnused())
	l.release()
	require.True(t, l.endUnused())
	require.True(t, ended(l))
}
