//go:build linux

package main

import (
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRoutePrefix(t *testing.T) {
	dest := binary.NativeEndian.Uint32([]byte{10, 192, 4, 0})
	mask := binary.NativeEndian.Uint32([]byte{255, 255, 252, 0})
	require.Equal(t, netip.MustParsePrefix("10.192.4.0/22"), routePrefix(dest, mask))
}

func TestSubnetOf(t *testing.T) {
	free, err := subnetFor("00000001", nil)
	require.NoError(t, err)
	require.Equal(t, "10.192.4.0/22", free.String())
	last, err := subnetFor("000007ff", nil)
	require.NoError(t, err)
	require.Equal(t, "10.223.252.0/22", last.String())

	taken := []netip.Prefix{netip.MustParsePrefix("10.192.4.128/25"), netip.MustParsePrefix("10.192.8.0/21")}
	next, err := subnetFor("00000001", taken)
	require.NoError(t, err)
	require.Equal(t, "10.192.16.0/22", next.String())

	wrapped, err := subnetFor("000007ff", []netip.Prefix{last})
	require.NoError(t, err)
	require.Equal(t, "10.192.0.0/22", wrapped.String())

	_, err = subnetFor("00000001", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	require.ErrorContains(t, err, "no free subnet")
}

func TestChosenNetworkIsNotRouted(t *testing.T) {
	n, err := chooseNetwork("0badcafe")
	require.NoError(t, err)
	require.Equal(t, "bodkin0badcafe", n.Bridge)
	require.LessOrEqual(t, len(n.Bridge), 15)
	require.Positive(t, n.MTU)
	routes, _, err := hostRoutes()
	require.NoError(t, err)
	require.False(t, overlapsAny(n.Subnet, routes))
}

func TestNetworkConfigNamesBridgeAndSubnet(t *testing.T) {
	n := network{Bridge: "bodkin0badcafe", Subnet: netip.MustParsePrefix("10.192.4.0/22"), MTU: 1400}
	text, err := json.Marshal(n.cniConfig())
	require.NoError(t, err)
	require.JSONEq(t, `{"cniVersion": "1.0.0", "name": "bodkin", "plugins": [{
		"type": "bridge", "bridge": "bodkin0badcafe", "isGateway": true, "ipMasq": false, "mtu": 1400,
		"ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": "10.192.4.0/22"}]],
			"routes": [{"dst": "0.0.0.0/0"}]}}]}`, string(text))
}
