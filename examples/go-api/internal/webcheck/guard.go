package webcheck

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"
)

// RefusedError says that a check would have connected to an address that is
// not public.
type RefusedError struct{ Addr netip.AddrPort }

func (e *RefusedError) Error() string { return fmt.Sprintf("%s is not a public address", e.Addr) }

// guard decides where connections may go. It sees the address that is about to
// be connected to, after resolution, so that neither a redirect nor a name
// that resolves differently the second time gets past it.
type guard struct{ allow []netip.Prefix }

func (g guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("reading the address to connect to: %w", err)
	}
	addr := to.Addr().Unmap()
	if Public(addr) {
		return nil
	}
	for _, net := range g.allow {
		if net.Contains(addr) {
			return nil
		}
	}
	return &RefusedError{Addr: to}
}

// special4 are the IPv4 blocks that are not for the public internet, as the
// IANA special-purpose address registry lists them, and multicast.
var special4 = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
	"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)

// global6 is the only part of IPv6 that is handed out for the public internet;
// special6 are the blocks within it that are not, among them those that stand
// for an IPv4 address (Teredo, 6to4).
var (
	global6  = netip.MustParsePrefix("2000::/3")
	special6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)

// Public tells whether addr is on the public internet. An IPv4 address in IPv6
// form counts as the IPv4 address.
func Public(addr netip.Addr) bool {
	addr = addr.Unmap()
	special := special4
	if addr.Is6() {
		if addr.Zone() != "" || !global6.Contains(addr) {
			return false
		}
		special = special6
	}
	for _, block := range special {
		if block.Contains(addr) {
			return false
		}
	}
	return addr.IsValid()
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}
