package api

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	controlapi "github.com/moby/buildkit/api/services/control"
	types "github.com/moby/buildkit/api/types"
	"github.com/moby/buildkit/solver/pb"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// idle is a daemon that accepts sessions and refuses to build.
type idle struct {
	controlapi.UnimplementedControlServer
}

func (idle) ListWorkers(context.Context, *controlapi.ListWorkersRequest) (*controlapi.ListWorkersResponse, error) {
	return &controlapi.ListWorkersResponse{Record: []*types.WorkerRecord{{ID: "w", Platforms: []*pb.Platform{{OS: "linux", Architecture: "amd64"}}}}}, nil
}

func (idle) Session(stream controlapi.Control_SessionServer) error {
	for {
		if _, err := stream.Recv(); err != nil {
			return nil
		}
	}
}

// serveIdle serves the API in front of a daemon that refuses to build: queries are
// parsed, checked and planned.
func serveIdle(t testing.TB) *Server {
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	daemon := grpc.NewServer()
	controlapi.RegisterControlServer(daemon, idle{})
	go func() { _ = daemon.Serve(listener) }()
	t.Cleanup(daemon.Stop)
	session, err := buildkit.Open(context.Background(), "unix://"+socket, buildkit.Options{
		Matching: true,
		BuildShim: func(context.Context, string) (string, string, error) {
			return "/shim", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", nil
		},
	})
	require.NoError(t, err)
	server, err := New(session)
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	return server
}
