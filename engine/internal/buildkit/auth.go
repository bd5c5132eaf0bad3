package buildkit

import (
	"context"

	"github.com/moby/buildkit/session/auth"
	"github.com/moby/buildkit/session/auth/authprovider"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/bodkin-ci/bodkin/engine/internal/registry"
)

// Auth answers the daemon's questions for registry logins.
type Auth struct {
	auth.UnimplementedAuthServer
	logins *registry.Logins
	// users knows the logins that are not the pipeline's own: those of the user's
	// Docker configuration and its credential helpers, and the CI's.
	users auth.AuthServer
}

func newAuth(logins *registry.Logins, c registry.Config) *Auth {
	provider := authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
		AuthConfigProvider: logins.Provide, TLSConfigs: c.TokenTLS(),
	})
	a := &Auth{logins: logins}
	a.users, _ = provider.(auth.AuthServer)
	return a
}

// Register implements session.Attachable.
func (a *Auth) Register(server *grpc.Server) { auth.RegisterAuthServer(server, a) }

// own says whether the pipeline has set a login for a registry. Tokens for it are
// fetched by the daemon.
func (a *Auth) own(host string) bool { return a.logins.Own(host) }

// Credentials answers with the login for a registry.
func (a *Auth) Credentials(ctx context.Context, req *auth.CredentialsRequest) (*auth.CredentialsResponse, error) {
	if a.own(req.Host) {
		login, err := a.logins.Find(ctx, req.Host)
		if err != nil {
			return nil, err
		}
		return &auth.CredentialsResponse{Username: login.Username, Secret: login.Password}, nil
	}
	return a.users.Credentials(ctx, req)
}

// FetchToken answers with a token for a registry that has no login of the pipeline's own.
func (a *Auth) FetchToken(ctx context.Context, req *auth.FetchTokenRequest) (*auth.FetchTokenResponse, error) {
	if a.own(req.Host) {
		return nil, status.Error(codes.Unavailable, "tokens are fetched by the daemon with the login's credentials")
	}
	return a.users.FetchToken(ctx, req)
}

// GetTokenAuthority says whether the client fetches tokens itself.
func (a *Auth) GetTokenAuthority(ctx context.Context, req *auth.GetTokenAuthorityRequest) (*auth.GetTokenAuthorityResponse, error) {
	if a.own(req.Host) {
		return nil, status.Error(codes.Unavailable, "no token authority for a login of the pipeline's own")
	}
	return a.users.GetTokenAuthority(ctx, req)
}

// VerifyTokenAuthority proves that the client fetches tokens itself.
func (a *Auth) VerifyTokenAuthority(ctx context.Context, req *auth.VerifyTokenAuthorityRequest) (*auth.VerifyTokenAuthorityResponse, error) {
	if a.own(req.Host) {
		return nil, status.Error(codes.Unavailable, "no token authority for a login of the pipeline's own")
	}
	return a.users.VerifyTokenAuthority(ctx, req)
}
