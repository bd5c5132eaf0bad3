//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// network is the bridge that steps are connected to. Masquerading and forwarding
// rules are made once per daemon, not per step by the CNI plugin: that is quicker
// and leaves nothing behind that would have to be found again.
type network struct {
	Bridge string
	Subnet netip.Prefix
	// MTU is that of the host's default route.
	MTU int
}

// pool is divided into subnets of subnetBits each. It is a part of the private
// address space that neither Docker nor Kubernetes distributions take by default.
var pool = netip.MustParsePrefix("10.192.0.0/11")

const subnetBits = 22

// chooseNetwork names the bridge after id and takes a subnet that the host does
// not route.
func chooseNetwork(id string) (network, error) {
	// The bridge is this state folder's, whose lock is held: one that is there
	// belonged to a daemon whose notes are gone, as when the folder was deleted.
	bridge := "bodkin" + id
	if err := removeBridge(bridge); err != nil {
		return network{}, fmt.Errorf("removing bridge %s, which is left over: %w", bridge, err)
	}
	routes, mtu, err := hostRoutes()
	if err != nil {
		return network{}, fmt.Errorf("reading the host's routes: %w", err)
	}
	subnet, err := subnetFor(id, routes)
	return network{Bridge: bridge, Subnet: subnet, MTU: mtu}, err
}

// subnetFor returns the first subnet that overlaps with none of those taken. id,
// a hexadecimal number, says where to begin, so that daemons that start at the
// same time do not choose the same.
func subnetFor(id string, taken []netip.Prefix) (netip.Prefix, error) {
	first, err := strconv.ParseUint(id, 16, 32)
	if err != nil {
		return netip.Prefix{}, err
	}
	base := binary.BigEndian.Uint32(pool.Masked().Addr().AsSlice())
	count := uint32(1) << (subnetBits - pool.Bits())
	for i := range count {
		n := (uint32(first) + i) % count
		var addr [4]byte
		binary.BigEndian.PutUint32(addr[:], base+n<<(32-subnetBits))
		if p := netip.PrefixFrom(netip.AddrFrom4(addr), subnetBits); !overlapsAny(p, taken) {
			return p, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("no free subnet for the steps: the host routes all of %s", pool)
}

func overlapsAny(p netip.Prefix, others []netip.Prefix) bool {
	for _, o := range others {
		if p.Overlaps(o) {
			return true
		}
	}
	return false
}

// hostRoutes returns what the host routes, without the default route, and the MTU
// of the default route's interface.
func hostRoutes() ([]netip.Prefix, int, error) {
	const defaultMTU = 1500
	f, err := os.Open("/proc/net/route")
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	var routes []netip.Prefix
	mtu := defaultMTU
	lines := bufio.NewScanner(f)
	lines.Scan() // the heading
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 8 {
			continue
		}
		dest, err1 := strconv.ParseUint(fields[1], 16, 32)
		mask, err2 := strconv.ParseUint(fields[7], 16, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, 0, err
		}
		if mask == 0 {
			if ifi, err := net.InterfaceByName(fields[0]); err == nil {
				mtu = ifi.MTU
			}
			continue
		}
		routes = append(routes, routePrefix(uint32(dest), uint32(mask)))
	}
	return routes, mtu, lines.Err()
}

// routePrefix takes both numbers in network byte order, read as native.
func routePrefix(dest, mask uint32) netip.Prefix {
	var addr, bits [4]byte
	binary.NativeEndian.PutUint32(addr[:], dest)
	binary.NativeEndian.PutUint32(bits[:], mask)
	ones, _ := net.IPMask(bits[:]).Size()
	return netip.PrefixFrom(netip.AddrFrom4(addr), ones).Masked()
}

// cniConfig is the CNI list that buildkitd applies to each network namespace.
func (n network) cniConfig() any {
	type object = map[string]any
	return object{
		"cniVersion": "1.0.0",
		"name":       "bodkin",
		"plugins": []object{{
			"type":      "bridge",
			"bridge":    n.Bridge,
			"isGateway": true,
			"ipMasq":    false,
			"mtu":       n.MTU,
			"ipam": object{
				"type":    "host-local",
				"dataDir": "/run/cni",
				"ranges":  [][]object{{{"subnet": n.Subnet.String()}}},
				"routes":  []object{{"dst": "0.0.0.0/0"}},
			},
		}},
	}
}

// setUp lets packets through between the bridge and the outside. root is the
// engine root as this process sees it.
func (n network) setUp(root string) error {
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
		return fmt.Errorf("letting the host forward packets: %w", err)
	}
	return addRules(root, n.rules())
}

// tearDown removes rules and bridge, whether or not they exist.
func (n network) tearDown(root string) error {
	removeRules(root, n.rules())
	if err := removeBridge(n.Bridge); err != nil {
		return fmt.Errorf("removing bridge %s: %w", n.Bridge, err)
	}
	return nil
}
