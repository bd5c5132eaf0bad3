package gitrepo

import (
	"context"
	"io"
	"net"
)

// relayOne leads the first connection to a listener elsewhere.
func relayOne(ctx context.Context, listener net.Listener, dial func() (net.Conn, error)) {
	in, err := listener.Accept()
	_ = listener.Close()
	if err != nil {
		return
	}
	defer in.Close()
	out, err := dial()
	if err != nil {
		return
	}
	defer out.Close()
	stop := context.AfterFunc(ctx, func() { _, _ = in.Close(), out.Close() })
	defer stop()
	done := make(chan struct{}, 2)
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		done <- struct{}{}
	}
	go carry(out, in)
	go carry(in, out)
	<-done
	<-done
}
