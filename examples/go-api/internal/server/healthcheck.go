package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

const healthTimeout = 3 * time.Second

// HealthCheck asks the server that listens on addr, on this machine, for
// /healthz. It lets an image without a shell or curl check itself.
func HealthCheck(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	target, err := reachable(addr)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+target+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("preparing the health check: %w", err)
	}
	direct := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // never by way of a proxy
	resp, err := direct.Do(req)
	if err != nil {
		return fmt.Errorf("checking health: %w", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("checking health: %s answered %s", target, resp.Status)
	}
	return nil
}

// reachable turns a listening address into one to connect to: an unspecified
// host (none, 0.0.0.0, ::) means this machine.
func reachable(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("reading the listening address: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		if host = "127.0.0.1"; ip.Is6() {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port), nil
}
