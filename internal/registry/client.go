// Package registry speaks to container registries from the client: it publishes
// images, and reads the layers of images that others start from. It knows the
// user's logins and [registry] tables, so that what the client does comes to the
// same as what a daemon does. Start with New.
package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/util/resolver"
)

// Client speaks to registries. It is safe for concurrent use.
type Client struct {
	config Config
	logins *Logins
	paces  paces

	mu    sync.Mutex
	hosts map[string][]docker.RegistryHost // with connections that are kept
}

// New returns a client with the user's [registry] tables.
func New(c Config, logins *Logins) *Client {
	return &Client{config: c, logins: logins, hosts: map[string][]docker.RegistryHost{}}
}

// ForUser returns a client with the user's own [registry] tables and logins; what is
// wrong with the Docker configuration is written to warnings.
func ForUser(warnings io.Writer) (*Client, error) {
	config, err := ReadConfig()
	if err != nil {
		return nil, err
	}
	return New(config, NewLogins(warnings)), nil
}

// Transport returns how requests reach a registry itself, not its mirrors, and
// whether they go without TLS.
func (c *Client) Transport(domain string) (rt http.RoundTripper, plain bool, err error) {
	hosts, err := c.hostsOf(domain)
	if err != nil {
		return nil, false, err
	}
	itself := hosts[len(hosts)-1]
	return itself.Client.Transport, itself.Scheme == "http", nil
}

// Login returns the user's login for a registry, the zero Login where there is none.
func (c *Client) Login(ctx context.Context, host string) (Login, error) {
	return c.logins.Find(ctx, host)
}

// hostsOf are the servers of a registry: its mirrors, then itself.
func (c *Client) hostsOf(domain string) ([]docker.RegistryHost, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if hosts, ok := c.hosts[domain]; ok {
		return slices.Clone(hosts), nil
	}
	hosts, err := resolver.NewRegistryConfig(c.config.Registries)(domain)
	if err != nil {
		return nil, fmt.Errorf("using what %s says of registry %s: %w", c.config.Path, domain, err)
	}
	for i := range hosts {
		paced := http.Client{Transport: &transport{next: hosts[i].Client.Transport, paces: &c.paces}}
		hosts[i].Client = &paced
	}
	c.hosts[domain] = hosts
	return slices.Clone(hosts), nil
}

// dialogue is one exchange with the registry of a reference: the tokens that it
// gets are not kept for another.
type dialogue struct {
	client *Client
	ref    reference.Named
	hosts  []docker.RegistryHost
}

func (c *Client) dialogue(ctx context.Context, ref reference.Named) (*dialogue, error) {
	hosts, err := c.hostsOf(reference.Domain(ref))
	if err != nil {
		return nil, err
	}
	for i := range hosts {
		hosts[i].Authorizer = docker.NewDockerAuthorizer(docker.WithAuthClient(hosts[i].Client), docker.WithAuthCreds(func(host string) (string, string, error) {
			login, err := c.logins.Find(ctx, host)
			if login.IdentityToken != "" {
				return "", login.IdentityToken, err
			}
			return login.Username, login.Password, err
		}))
	}
	return &dialogue{client: c, ref: ref, hosts: hosts}, nil
}

// resolver is for one attempt: it remembers what it has pushed.
func (d *dialogue) resolver() remotes.Resolver {
	return docker.NewResolver(docker.ResolverOptions{
		Hosts: func(string) ([]docker.RegistryHost, error) { return d.hosts, nil },
	})
}
