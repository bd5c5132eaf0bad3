package registry

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/moby/buildkit/session/auth/authprovider"
)

// freshLogin is how long a login that a credential helper gave is used before it
// is asked again: some are good for 5 minutes.
const freshLogin = 4 * time.Minute

// Login is what a registry is told of its user.
type Login struct {
	Username, Password string
	// IdentityToken takes the password's place where a credential helper gives one.
	IdentityToken string
	// Source says where the login came from, for errors: "withRegistryAuth",
	// "~/.docker/config.json". Empty: there is none.
	Source string
}

// Logins finds the login for a registry: what the pipeline has set, else what the
// user's Docker configuration and its credential helpers have, else what the CI
// has put into the environment.
type Logins struct {
	docker *configfile.ConfigFile
	load   authprovider.AuthConfigProvider

	mu  sync.Mutex
	own map[string]ownLogin
}

type ownLogin struct {
	username string
	password func(context.Context) ([]byte, error)
}

// NewLogins reads the user's Docker configuration; what is wrong with it is
// written to warnings.
func NewLogins(warnings io.Writer) *Logins {
	docker := config.LoadDefaultConfigFile(warnings)
	return &Logins{docker: docker, load: authprovider.LoadAuthConfig(docker), own: map[string]ownLogin{}}
}

// Set makes every use of a registry have this login.
func (l *Logins) Set(host, username string, password func(context.Context) ([]byte, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own[CanonicalHost(host)] = ownLogin{username: username, password: password}
}

// Unset takes back what Set has set.
func (l *Logins) Unset(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.own, CanonicalHost(host))
}

// Find returns the login for a registry, the zero Login where there is none.
func (l *Logins) Find(ctx context.Context, host string) (Login, error) {
	return l.find(ctx, host, func(got time.Time, _ string) bool { return time.Since(got) > freshLogin })
}

func (l *Logins) find(ctx context.Context, host string, expired authprovider.ExpireCachedAuthCheck) (Login, error) {
	host = CanonicalHost(host)
	l.mu.Lock()
	own, ok := l.own[host]
	l.mu.Unlock()
	if ok {
		password, err := own.password(ctx)
		if err != nil {
			return Login{}, fmt.Errorf("getting the password for registry %s: %w", host, err)
		}
		return Login{Username: own.username, Password: string(password), Source: "withRegistryAuth"}, nil
	}
	return l.users(ctx, host, expired)
}

// users is the login that the user's configuration or the CI has.
func (l *Logins) users(ctx context.Context, host string, expired authprovider.ExpireCachedAuthCheck) (Login, error) {
	found, err := l.load(ctx, host, nil, expired)
	if err != nil {
		return Login{}, fmt.Errorf("getting the login for registry %s from %s: %w", host, l.docker.Filename, err)
	}
	if found.Password != "" || found.IdentityToken != "" || found.RegistryToken != "" {
		return Login{Username: found.Username, Password: found.Password, IdentityToken: found.IdentityToken, Source: l.docker.Filename}, nil
	}
	return ciLogin(host), nil
}

// Provide implements authprovider.AuthConfigProvider.
func (l *Logins) Provide(ctx context.Context, host string, _ []string, expired authprovider.ExpireCachedAuthCheck) (types.AuthConfig, error) {
	login, err := l.find(ctx, host, expired)
	return types.AuthConfig{Username: login.Username, Password: login.Password, IdentityToken: login.IdentityToken}, err
}

// ciVariables are where CI systems put the login for their own registry: the
// variables with its name, the user and the password.
var ciVariables = []struct{ registry, fixed, user, password string }{
	{registry: "CI_REGISTRY", user: "CI_REGISTRY_USER", password: "CI_REGISTRY_PASSWORD"}, // GitLab
	{registry: "CI_DEPENDENCY_PROXY_SERVER", user: "CI_DEPENDENCY_PROXY_USER", password: "CI_DEPENDENCY_PROXY_PASSWORD"},
	{fixed: "ghcr.io", user: "GITHUB_ACTOR", password: "GITHUB_TOKEN"},
}

// ciLogin returns the login that the CI has for a registry.
func ciLogin(host string) Login {
	for _, v := range ciVariables {
		registry := v.fixed
		if v.registry != "" {
			registry = os.Getenv(v.registry)
		}
		user, password := os.Getenv(v.user), os.Getenv(v.password)
		if registry != "" && CanonicalHost(registry) == host && user != "" && password != "" {
			return Login{Username: user, Password: password, Source: v.user + " and " + v.password}
		}
	}
	return Login{}
}

// CanonicalHost folds Docker Hub's names into the one that its API has, and
// leaves out what is no part of a registry's name.
func CanonicalHost(host string) string {
	host = strings.TrimPrefix(strings.TrimPrefix(host, "https://"), "http://")
	host, _, _ = strings.Cut(host, "/")
	switch host {
	case "docker.io", "index.docker.io", "registry-1.docker.io":
		return "registry-1.docker.io"
	}
	return host
}
