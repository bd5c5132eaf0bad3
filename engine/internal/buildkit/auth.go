package buildkit

import (
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"

	"github.com/bodkin-ci/bodkin/internal/registry"
)

// newAuth answers the daemon's questions for registry logins. Tokens are fetched
// here, with the login that there is at that moment: the daemon sees a password
// only where a registry wants nothing else.
func newAuth(logins *registry.Logins, c registry.Config) session.Attachable {
	return authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
		AuthConfigProvider: logins.Provide,
		TLSConfigs:         c.TokenTLS(),
	})
}
