package buildkit

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"

	"github.com/bodkin-ci/bodkin/engine/internal/procs"
	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// carrierState is the cache mount in which carriers remember what they have seen.
const carrierState = "bodkin-volumes"

// talk is a conversation with a program in a container.
type talk = func(context.Context, *wire.Writer, *wire.Reader) error

// carry runs the carrier in a container that has the volume v.
func (s *Session) carry(ctx context.Context, v *volume, do talk) error {
	exec, err := s.carrierExec(ctx, v)
	if err != nil {
		return err
	}
	return s.direct(ctx, func(ctx context.Context, gw gateway.Client) error {
		known, err := exec.solved(ctx, s, gw)
		if err != nil {
			return explain(ctx, gw, err)
		}
		ctr, err := known.container(ctx, gw, pb.NetMode_NONE)
		if err != nil {
			return clean(err)
		}
		defer func() { _ = ctr.Release(context.WithoutCancel(ctx)) }()
		return converse(ctx, ctr, known, s.onThisMachine(), do)
	})
}

// onThisMachine reports whether the daemon's containers are likely to be processes
// of this machine.
func (s *Session) onThisMachine() bool {
	return strings.HasPrefix(s.address, "unix://") || strings.HasPrefix(s.address, "docker+unix://")
}

// converse starts the carrier, talks to it and waits for its end. Near, it does so
// over a socket in the container's root, which a process of this machine's that may
// look into the container reaches: BuildKit takes several times as long with what
// goes through a container's input and output.
func converse(ctx context.Context, ctr gateway.Container, exec *execDef, near bool, do talk) error {
	stdin, toProgram := io.Pipe()
	fromProgram, stdout := io.Pipe()
	stderr := &bytes.Buffer{}
	token := rand.Text()
	req := exec.start(wire.TokenVariable + "=" + token)
	req.Stdin, req.Stdout, req.Stderr = stdin, stdout, unclosed{stderr}
	proc, err := ctr.Start(ctx, req)
	if err != nil {
		return clean(err)
	}
	exited := make(chan error, 1)
	go func() {
		err := proc.Wait()
		_ = stdout.Close()
		_ = stdin.CloseWithError(errors.New("the carrier has ended"))
		exited <- err
	}()
	talkErr := meet(ctx, wire.NewReader(fromProgram), wire.NewWriter(toProgram), near, token, do)
	_ = toProgram.Close()
	go func() { _, _ = io.Copy(io.Discard, fromProgram) }()
	exitErr := <-exited
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case talkErr != nil:
		return talkErr
	case exitErr != nil:
		return fmt.Errorf("%w: %s", clean(exitErr), bytes.TrimSpace(stderr.Bytes()))
	}
	return nil
}

// meet talks to the carrier with a token over its socket, or else over in and out.
func meet(ctx context.Context, in *wire.Reader, out *wire.Writer, near bool, token string, do talk) error {
	place, err := in.Expect(wire.KindHello)
	if err != nil {
		return err
	}
	if conn := dialNear(ctx, string(place), near, token); conn != nil {
		defer conn.Close()
		// Whoever waits for the carrier does not wait for one that is silent.
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		return do(ctx, wire.NewWriter(conn), wire.NewReader(conn))
	}
	return do(ctx, out, in)
}

// dialNear connects to a socket in the root of the container with a token, nil where
// that cannot be.
func dialNear(ctx context.Context, place string, near bool, token string) net.Conn {
	if !near || place == "" {
		return nil
	}
	root := procs.Root(wire.TokenVariable, token)
	if root == "" {
		return nil
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", root+place)
	if err != nil {
		return nil
	}
	return conn
}

// carrierExec describes the carrier's container.
func (s *Session) carrierExec(ctx context.Context, v *volume) (*execDef, error) {
	file, err := s.options.Volumes.BuildCarrier(ctx, s.platform.Architecture)
	if err != nil {
		return nil, err
	}
	src, name, err := s.program(HostDir{Name: "bodkin-carrier", Hint: "bodkin-carrier", Label: "[internal] load carrier of cache volumes"}, file)
	if err != nil {
		return nil, err
	}
	run := llb.Scratch().Network(llb.NetModeNone).Run(
		llb.Args([]string{wire.BinDir + "/" + name}),
		llb.AddMount(wire.BinDir, src, llb.Readonly),
		llb.AddMount(wire.StateDir, llb.Scratch(), llb.AsPersistentCacheDir(carrierState, llb.CacheMountShared)),
	)
	def, err := run.Root().Marshal(ctx, llb.Platform(s.platform))
	if err != nil {
		return nil, fmt.Errorf("describing the carrier: %w", err)
	}
	exec, err := parseExec(def)
	if err != nil {
		return nil, err
	}
	exec.mount(v)
	return exec, nil
}

// mount adds a volume, and what it held at first.
func (e *execDef) mount(v *volume) {
	input := int64(pb.Empty)
	if v.first != nil {
		input = int64(len(e.inputs))
		e.inputs = append(e.inputs, v.first)
		e.op.Mounts = append(e.op.Mounts, &pb.Mount{
			Input: input, Dest: wire.FirstDir, Selector: v.selector, Readonly: true, Output: int64(pb.SkipOutput), MountType: pb.MountType_BIND,
		})
	}
	e.op.Mounts = append(e.op.Mounts, &pb.Mount{
		Input: input, Dest: wire.VolumeDir, Selector: v.selector, Output: int64(pb.SkipOutput),
		MountType: pb.MountType_CACHE, CacheOpt: &pb.CacheOpt{ID: v.id, Sharing: v.sharing},
	})
}
