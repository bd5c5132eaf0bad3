package buildkit

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/session/sshforward"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// uplinks are where connections between containers and this machine arrive:
// streams of the session, which BuildKit offers to containers as the socket of an
// SSH agent. See package protocol for what travels there.
type uplinks struct {
	sshforward.UnimplementedSSHServer

	mu   sync.Mutex
	byID map[string]func(*uplink) error
}

// handle lets whoever has the returned mount connect to f. f serves one stream
// and returns when that is over.
func (u *uplinks) handle(id string, f func(*uplink) error) (mount llb.RunOption) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byID == nil {
		u.byID = map[string]func(*uplink) error{}
	}
	u.byID[id] = f
	return llb.AddSSHSocket(llb.SSHID(id), llb.SSHSocketOpt(protocol.UplinkFile, 0, 0, 0o600))
}

// forget ends what handle began.
func (u *uplinks) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.byID, id)
}

// Register implements session.Attachable.
func (u *uplinks) Register(server *grpc.Server) { sshforward.RegisterSSHServer(server, u) }

func (u *uplinks) find(id string) (func(*uplink) error, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if f := u.byID[id]; f != nil {
		return f, nil
	}
	return nil, status.Errorf(codes.NotFound, "no socket %q is offered", id)
}

// CheckAgent implements sshforward.SSHServer.
func (u *uplinks) CheckAgent(_ context.Context, req *sshforward.CheckAgentRequest) (*sshforward.CheckAgentResponse, error) {
	_, err := u.find(req.ID)
	return &sshforward.CheckAgentResponse{}, err
}

// ForwardAgent implements sshforward.SSHServer: it is called for each connection.
func (u *uplinks) ForwardAgent(stream sshforward.SSH_ForwardAgentServer) error {
	md, _ := metadata.FromIncomingContext(stream.Context())
	id := append(md.Get(sshforward.KeySSHID), sshforward.DefaultID)[0]
	handle, err := u.find(id)
	if err != nil {
		return err
	}
	return handle(&uplink{stream: stream})
}

// uplink is one stream from a container.
type uplink struct {
	stream  sshforward.SSH_ForwardAgentServer
	pending []byte
	done    chan error // gets how its connection has ended
}

// Read returns what has come from the container, io.EOF at the end of that
// direction.
func (u *uplink) Read(p []byte) (int, error) {
	for len(u.pending) == 0 {
		message, err := u.stream.Recv()
		if err != nil {
			return 0, err
		}
		u.pending = message.Data
	}
	n := copy(p, u.pending)
	u.pending = u.pending[n:]
	return n, nil
}

// port returns to which port the connection is to go.
func (u *uplink) port() (int, error) {
	var header [protocol.PortHeader]byte
	_, err := io.ReadFull(u, header[:])
	return int(binary.BigEndian.Uint16(header[:])), err
}

// openTo says to which port of the container the connection is to go.
func (u *uplink) openTo(port int) error {
	return u.send(binary.BigEndian.AppendUint16(nil, uint16(port))) //nolint:gosec // ports have 16 bits
}

// send sends a frame: the end of the direction where it is empty.
func (u *uplink) send(block []byte) error {
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, protocol.FrameHeader+len(block)), uint32(len(block))) //nolint:gosec // at most blockSize
	return u.stream.Send(&sshforward.BytesMessage{Data: append(frame, block...)})
}

// blockSize is how much travels in one frame, in bytes.
const blockSize = 32 << 10

// carry passes on what comes through the uplink and conn to the other one until
// both directions have ended, and closes conn. An error ends both.
func (u *uplink) carry(conn *net.TCPConn) error {
	defer conn.Close()
	sent := make(chan error, 1)
	go func() {
		err := u.pack(conn)
		if err != nil {
			reset(conn)
		}
		sent <- err
	}()
	_, err := io.Copy(conn, u)
	if err == nil {
		err = conn.CloseWrite()
	}
	if err != nil {
		reset(conn)
	}
	return errors.Join(err, <-sent)
}

func (u *uplink) pack(from *net.TCPConn) error {
	block := make([]byte, blockSize)
	for {
		n, err := from.Read(block)
		if n > 0 {
			if err := u.send(block[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return u.send(nil)
		}
		if err != nil {
			return err
		}
	}
}

// reset makes the peer of a connection see that it has failed.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
