package engine_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/charmbracelet/log"
	"github.com/moby/buildkit/client/llb"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
	"github.com/bodkin-ci/bodkin/engine/internal/shim"
)

// writerFunc is a function as io.Writer.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A comparison of trees ends when nobody can take what it finds any more.
func TestExportLayerEnds(t *testing.T) {
	t.Parallel()
	session, err := buildkit.Open(t.Context(), enginetest.Address(t), buildkit.Options{
		BuildShim: func(ctx context.Context, arch string) (string, string, error) {
			return shim.Build(ctx, arch, log.New(io.Discard))
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = session.Close() })
	lower := llb.Scratch().File(llb.Mkfile("/a", 0o644, []byte(unique())))
	upper := lower.File(llb.Mkfile("/b", 0o644, make([]byte, 4<<20)))
	export := func(ctx context.Context, w io.Writer) error {
		return session.ExportLayer(ctx, lower, upper, session.Platform(), w)
	}

	var size int64
	require.NoError(t, export(t.Context(), writerFunc(func(p []byte) (int, error) { size += int64(len(p)); return len(p), nil })))
	require.Greater(t, size, int64(4<<20))
	full := errors.New("the disk is full")
	require.ErrorIs(t, export(t.Context(), writerFunc(func([]byte) (int, error) { return 0, full })), full)
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, export(ctx, writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })), context.Canceled)
}
