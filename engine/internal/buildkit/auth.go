package buildkit

import (
	"context"
	"strings"
	"sync"

	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Auth answers the daemon's questions for registry logins: first from what the
// pipeline has set, then from the user's Docker configuration and its
// credential helpers.
type Auth struct {
	auth.UnimplementedAuthServer
	fallback auth.AuthServer

	mu     sync.Mutex
	logins map[string]login
}

type login struct {
	username string
	password func(context.Context) ([]byte, error)
}

func newAuth(fallback session.Attachable) *Auth {
	a := &Auth{logins: map[string]login{}}
	a.fallback, _ = fallback.(auth.AuthServer)
	return a
}

// Register implements session.Attachable.
func (a *Auth) Register(server *grpc.Server) { auth.RegisterAuthServer(server, a) }

// Set makes every pull from registry host use this login.
func (a *Auth) Set(host, username string, password func(context.Context) ([]byte, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.logins[canonicalHost(host)] = login{username: username, password: password}
}

// Unset takes back what Set has set.
func (a *Auth) Unset(host string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.logins, canonicalHost(host))
}

// canonicalHost folds Docker Hub's names into the one BuildKit asks with.
func canonicalHost(host string) string {
	host = strings.TrimPrefix(strings.TrimPrefix(host, "https://"), "http://")
	host, _, _ = strings.Cut(host, "/")
	switch host {
	case "docker.io", "index.docker.io", "registry-1.docker.io":
		return "registry-1.docker.io"
	}
	return host
}

func (a *Auth) login(host string) (login, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l, ok := a.logins[canonicalHost(host)]
	return l, ok
}

// Credentials answers with the login for a registry.
func (a *Auth) Credentials(ctx context.Context, req *auth.CredentialsRequest) (*auth.CredentialsResponse, error) {
	if l, ok := a.login(req.Host); ok {
		password, err := l.password(ctx)
		if err != nil {
			return nil, err
		}
		return &auth.CredentialsResponse{Username: l.username, Secret: string(password)}, nil
	}
	if a.fallback == nil {
		return &auth.CredentialsResponse{}, nil
	}
	return a.fallback.Credentials(ctx, req)
}

// FetchToken answers with a token for a registry that has no login of the pipeline's own.
func (a *Auth) FetchToken(ctx context.Context, req *auth.FetchTokenRequest) (*auth.FetchTokenResponse, error) {
	if _, ok := a.login(req.Host); ok || a.fallback == nil {
		return nil, status.Error(codes.Unavailable, "tokens are fetched by the daemon with the login's credentials")
	}
	return a.fallback.FetchToken(ctx, req)
}

// GetTokenAuthority says whether the client fetches tokens itself.
func (a *Auth) GetTokenAuthority(ctx context.Context, req *auth.GetTokenAuthorityRequest) (*auth.GetTokenAuthorityResponse, error) {
	if _, ok := a.login(req.Host); ok || a.fallback == nil {
		return nil, status.Error(codes.Unavailable, "no token authority for a login of the pipeline's own")
	}
	return a.fallback.GetTokenAuthority(ctx, req)
}

// VerifyTokenAuthority proves that the client fetches tokens itself.
func (a *Auth) VerifyTokenAuthority(ctx context.Context, req *auth.VerifyTokenAuthorityRequest) (*auth.VerifyTokenAuthorityResponse, error) {
	if _, ok := a.login(req.Host); ok || a.fallback == nil {
		return nil, status.Error(codes.Unavailable, "no token authority for a login of the pipeline's own")
	}
	return a.fallback.VerifyTokenAuthority(ctx, req)
}
