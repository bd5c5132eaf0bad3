package buildkit

import (
	"crypto/sha256"
	"fmt"
	"net"
	"slices"

	"github.com/moby/buildkit/client/llb"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// address is where a client finds the service: on its own loopback. Clients
// have addresses of their own, since on some engines they share one loopback.
func (s *Service) address(client string) net.IP {
	sum := sha256.Sum256([]byte(s.Key.String() + client))
	// 127.0.0.x is left to what programs choose themselves.
	return net.IPv4(127, 1+sum[0]%254, sum[1], 1+sum[2]%254)
}

// Binding gives an exec a service under names. client tells execs apart; index
// tells the bindings of one exec apart.
func (s *Service) Binding(client string, index int, names ...string) (protocol.Service, []llb.RunOption) {
	address := s.address(client)
	variable := fmt.Sprintf("BODKIN_EXEC_SERVICE_%d", index)
	opts := []llb.RunOption{
		netMount(),
		llb.AddSecretWithDest(s.secret(), nil, llb.SecretAsEnvName(variable)),
	}
	names = append(names, s.Hostname())
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		opts = append(opts, llb.AddExtraHost(name, address))
	}
	return protocol.Service{Address: address.String(), Ports: s.Ports, Variable: variable}, opts
}

// netMount is the cache mount in which the sockets of services lie. Any user may
// offer some there.
func netMount() llb.RunOption {
	const folder = "/net"
	open := llb.Scratch().File(llb.Mkdir(folder, 0o777), llb.WithCustomName("[internal] make folder for sockets"))
	return llb.AddMount(protocol.NetDir, open, llb.SourcePath(folder), llb.AsPersistentCacheDir("bodkin-net", llb.CacheMountShared))
}

// ServiceMounts are the mounts that a service needs for its shim.
func ServiceMounts(arch string) []llb.RunOption {
	return append(ShimMounts(arch), netMount())
}
