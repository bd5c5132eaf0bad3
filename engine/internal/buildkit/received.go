package buildkit

import (
	"fmt"
	"io/fs"

	"github.com/moby/buildkit/session/filesync"
	"github.com/tonistiigi/fsutil/types"
	"google.golang.org/grpc"
)

// received takes what an exporter sends. It has the daemon asked for a bounded
// number of files at a time.
//
// Without a bound, an export of some 5,000 files may never end: requests fill the
// window of their stream while the daemon, which has to send files first, reads no
// more of them, and behind a request that has to wait, HTTP/2 as the session
// serves it (golang.org/x/net/http2) holds back the window updates that the
// daemon needs to send files.
type received struct{ *filesync.SyncTarget }

func newReceived(target filesync.FSSyncTarget) *received {
	return &received{filesync.NewFSSyncTarget(target)}
}

// Register implements session.Attachable.
func (r *received) Register(server *grpc.Server) { filesync.RegisterFileSendServer(server, r) }

// DiffCopy implements filesync.FileSendServer.
func (r *received) DiffCopy(stream filesync.FileSend_DiffCopyServer) error {
	return r.SyncTarget.DiffCopy(&boundedStream{FileSend_DiffCopyServer: stream, asked: make(chan struct{}, maxFiles)})
}

// maxFiles is how many files the daemon is asked for at a time. A request is 10 to
// 20 bytes, the window 64 KiB.
const maxFiles = 1000

// boundedStream waits with a request for a file until there are less than maxFiles
// that have not come yet.
type boundedStream struct {
	filesync.FileSend_DiffCopyServer
	asked chan struct{}
}

func (s *boundedStream) SendMsg(m any) error {
	if p, ok := m.(*types.Packet); ok && p.Type == types.PACKET_REQ {
		select {
		case s.asked <- struct{}{}:
		case <-s.Context().Done():
			return s.Context().Err()
		}
	}
	return s.FileSend_DiffCopyServer.SendMsg(m)
}

func (s *boundedStream) RecvMsg(m any) error {
	err := s.FileSend_DiffCopyServer.RecvMsg(m)
	if p, ok := m.(*types.Packet); ok && err == nil && p.Type == types.PACKET_DATA && len(p.Data) == 0 {
		select { // the end of a file
		case <-s.asked:
		default:
		}
	}
	if err == nil {
		err = refuseDevice(m)
	}
	return err
}

// refuseDevice refuses what is a device: on this machine it would lead to its disks and
// memory, whoever made the image that it came with.
func refuseDevice(m any) error {
	p, ok := m.(*types.Packet)
	if !ok || p.Type != types.PACKET_STAT || p.Stat == nil || fs.FileMode(p.Stat.Mode)&fs.ModeDevice == 0 {
		return nil
	}
	return fmt.Errorf("%s is a device, and devices are not written to this machine: export without it", p.Stat.Path)
}
