package registry

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/containerd/containerd/v2/core/remotes/docker"
)

// Dialer connects to an address, host:port.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Through returns a client for one registry that is reached by dial only, with the
// logins of c. It speaks TLS there if the registry does.
func (c *Client) Through(ctx context.Context, domain string, dial Dialer) (*Client, error) {
	through := New(c.config, c.logins)
	rt := http.DefaultTransport.(*http.Transport).Clone()
	rt.DialContext, rt.Proxy = dial, nil
	client := &http.Client{Transport: &transport{next: rt, paces: &through.paces}}
	scheme, err := schemeOf(ctx, client, domain)
	if err != nil {
		return nil, err
	}
	through.hosts[domain] = []docker.RegistryHost{{
		Client: client, Host: domain, Scheme: scheme, Path: "/v2",
		Capabilities: docker.HostCapabilityPull | docker.HostCapabilityResolve | docker.HostCapabilityPush,
	}}
	return through, nil
}

// schemeOf finds out whether a registry speaks TLS: it answers other requests with
// an error then, or not at all.
func schemeOf(ctx context.Context, client *http.Client, domain string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+domain+"/v2/", nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	var refused *net.OpError
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.As(err, &refused) && refused.Op == "dial":
		return "", err
	case err != nil:
		return "https", nil
	}
	_ = resp.Body.Close()
	if resp.StatusCode == http.StatusBadRequest {
		return "https", nil
	}
	return "http", nil
}
