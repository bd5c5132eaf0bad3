package webcheck_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/webcheck"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{
		"1.1.1.1", "8.8.8.8", "100.63.255.255", "172.15.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255",
		"2606:4700:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1",
	} {
		require.True(t, webcheck.Public(netip.MustParseAddr(addr)), addr)
	}
	for _, addr := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.0.0.1", "192.168.1.1", "198.18.0.1", "203.0.113.9",
		"224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1",
		"2001::1", "2001:db8::1", "2002:7f00:1::1", "100::1", "2606:4700::1%eth0",
	} {
		require.False(t, webcheck.Public(netip.MustParseAddr(addr)), addr)
	}
	require.False(t, webcheck.Public(netip.Addr{}))
}
