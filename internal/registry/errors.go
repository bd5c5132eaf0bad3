package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	remoteserrors "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/distribution/reference"
)

// PushError says which image could not be published, and why.
type PushError struct {
	Ref string
	Err error
}

func (e *PushError) Error() string { return fmt.Sprintf("publishing %s: %s", e.Ref, e.Err) }

func (e *PushError) Unwrap() error { return e.Err }

// LoginError says that a registry does not let its user in.
type LoginError struct {
	Registry string
	Login    Login // without password
	Err      error
}

func (e *LoginError) Error() string {
	if e.Login.Source == "" {
		return fmt.Sprintf("registry %s wants a login, and there is none: log in with `docker login %[1]s`, withRegistryAuth, or the CI's own variables (%s)", e.Registry, e.Err)
	}
	who := "the login"
	if e.Login.Username != "" {
		who = fmt.Sprintf("user %q", e.Login.Username)
	}
	return fmt.Sprintf("registry %s refuses %s, the login from %s: check name, password and rights (%s)", e.Registry, who, e.Login.Source, e.Err)
}

func (e *LoginError) Unwrap() error { return e.Err }

// explain adds what the user can do about err.
func (d *dialogue) explain(ctx context.Context, err error) error {
	var status remoteserrors.ErrUnexpectedStatus
	hasStatus := errors.As(err, &status)
	if hasStatus {
		err = fmt.Errorf("%w%s", err, said(status.Body))
	}
	refused := hasStatus && (status.StatusCode == http.StatusUnauthorized || status.StatusCode == http.StatusForbidden)
	if !refused && !errors.Is(err, docker.ErrInvalidAuthorization) {
		return err
	}
	return d.client.logins.refused(ctx, reference.Domain(d.ref), err)
}

// refused says whom a registry has refused with err.
func (l *Logins) refused(ctx context.Context, host string, err error) error {
	login, findErr := l.Find(ctx, host)
	if findErr != nil {
		return errors.Join(err, findErr)
	}
	login.Password, login.IdentityToken = "", ""
	return &LoginError{Registry: host, Login: login, Err: err}
}

// said is what a registry has said in its answer, shortened.
func said(body []byte) string {
	text := strings.Join(strings.Fields(string(body)), " ")
	if text == "" {
		return ""
	}
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return ": " + text
}
