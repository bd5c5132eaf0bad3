package buildkit

import (
	"fmt"
	"regexp"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"
)

var validHostname = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)

// WithHostname returns the service under another name of its own: an instance
// other than that of the service without it. The service's container has the
// name too.
func (s *Service) WithHostname(name string) (*Service, error) {
	if !validHostname.MatchString(name) {
		return nil, fmt.Errorf("invalid hostname %q: labels of lower-case letters, digits and hyphens are needed, with dots in between", name)
	}
	exec := *s.exec
	exec.op = proto.Clone(s.exec.op).(*pb.ExecOp)
	exec.op.Meta.Hostname = name
	options := s.ServiceOptions
	options.hostname = name
	key := digest.FromString(s.Key.String() + " " + name)
	return s.session.services.add(&Service{session: s.session, exec: &exec, Key: key, ServiceOptions: options}), nil
}
