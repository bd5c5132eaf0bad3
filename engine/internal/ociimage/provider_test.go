package ociimage

import (
	"context"
	"net"
	"testing"

	containerd "github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/content/proxy"
	"github.com/containerd/errdefs"
	sessioncontent "github.com/moby/buildkit/session/content"
	"github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
)

// remote serves a provider as a session does and returns its store as BuildKit
// sees it.
func remote(t *testing.T, p *Provider) containerd.Store {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	p.Register(server)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:provider", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return listener.Dial() }))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return proxy.NewContentStore(conn)
}

func asking(t *testing.T, id string) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), sessioncontent.GRPCHeaderID, id)
}

func TestProvider(t *testing.T) {
	first := opened(t, written(t, Options{}, Image{Platform: amd64, Rootfs: opener(tarOf(t, file("a", "first")))}))
	second := opened(t, written(t, Options{}, Image{Platform: amd64, Rootfs: opener(tarOf(t, file("a", "second")))}))
	p := NewProvider()
	require.NoError(t, p.Add("first", first.Store()))
	store := remote(t, p)
	require.NoError(t, p.Add("second", second.Store()), "stores may be added while the session runs")
	require.ErrorIs(t, p.Add("first", second.Store()), errdefs.ErrAlreadyExists)

	desc, _, err := second.Resolve(t.Context(), "", amd64)
	require.NoError(t, err)
	data, err := containerd.ReadBlob(asking(t, "oci:second"), store, desc)
	require.NoError(t, err)
	require.Equal(t, desc.Digest, digest.FromBytes(data))
	info, err := store.Info(asking(t, "oci:second"), desc.Digest)
	require.NoError(t, err)
	require.Equal(t, desc.Size, info.Size)
	found := 0
	require.NoError(t, store.Walk(asking(t, "oci:second"), func(containerd.Info) error { found++; return nil }))
	require.Equal(t, 3, found)

	_, err = store.Info(asking(t, "oci:first"), desc.Digest)
	require.ErrorIs(t, err, errdefs.ErrNotFound, "stores are kept apart")
	_, err = store.Info(asking(t, "oci:third"), desc.Digest)
	require.ErrorIs(t, err, errdefs.ErrNotFound)
	_, err = store.Info(t.Context(), desc.Digest)
	require.ErrorIs(t, err, errdefs.ErrInvalidArgument)
	require.ErrorIs(t, store.Delete(asking(t, "oci:second"), desc.Digest), errdefs.ErrNotImplemented)

	require.Len(t, p.Stores(), 2)
	p.Remove("second")
	_, err = store.Info(asking(t, "oci:second"), desc.Digest)
	require.ErrorIs(t, err, errdefs.ErrNotFound)
}
