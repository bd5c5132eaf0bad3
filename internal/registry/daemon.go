package registry

import (
	"context"
	"regexp"
)

// Daemons tell what a registry has answered as text.
var (
	transientText = regexp.MustCompile(`: (408|429|500|502|503|504) [A-Z]|connection reset by peer|broken pipe|\bEOF$|unexpected EOF|TLS handshake timeout`)
	refusalText   = regexp.MustCompile(`: 40[13] [A-Z]|failed to authorize|no basic auth credentials|insufficient_scope|authorization failed`)
)

// TransientAtDaemon is Transient for an error that a daemon tells of.
func TransientAtDaemon(err error) bool { return transientText.MatchString(err.Error()) }

// ExplainAtDaemon makes a *LoginError of an error that a daemon tells of, where
// the registry has refused its user.
func (l *Logins) ExplainAtDaemon(ctx context.Context, host string, err error) error {
	if err == nil || !refusalText.MatchString(err.Error()) {
		return err
	}
	return l.refused(ctx, host, err)
}
