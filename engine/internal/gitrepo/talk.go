package gitrepo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	gitprotocol "github.com/go-git/go-git/v5/plumbing/transport/git"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"

	"github.com/bodkin-ci/bodkin/engine/internal/hostca"
)

// dialTimeout bounds how long a server may take to accept a connection.
const dialTimeout = 30 * time.Second

// talk opens a session with the server and calls with with what it has said first.
// A server that wants a login gets the one that this machine knows, if any.
func (r *remote) talk(ctx context.Context, with func(transport.UploadPackSession, *packp.AdvRefs) error) error {
	err := r.talkOnce(ctx, with)
	var denied *AccessError
	anonymous := r.url.Scheme != SSH && r.access.Authorization == nil && r.url.User == nil && r.login.Load() == nil
	if !errors.As(err, &denied) || !denied.Denied || !anonymous {
		return err
	}
	login := hostLogin(ctx, r.url)
	r.login.Store(&login)
	if login == "" {
		return err
	}
	return r.talkOnce(ctx, with)
}

func (r *remote) talkOnce(ctx context.Context, with func(transport.UploadPackSession, *packp.AdvRefs) error) error {
	s, end, err := r.open(ctx)
	if err != nil {
		return r.explain(ctx, err)
	}
	defer end()
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	adv, err := s.AdvertisedReferencesContext(ctx)
	if err != nil {
		return r.explain(ctx, err)
	}
	if err := with(s, adv); err != nil {
		return r.explain(ctx, err)
	}
	return nil
}

func (r *remote) open(ctx context.Context) (s transport.UploadPackSession, end func(), err error) {
	address := *r.url.URL
	if r.url.Scheme != SSH {
		address.User = nil // what logs in is sent by httpAccess
	}
	endpoint, err := transport.NewEndpoint(address.String())
	if err != nil {
		return nil, nil, err
	}
	end = func() {}
	switch r.url.Scheme {
	case SSH:
		auth, closeAgent, err := r.sshAccess(endpoint)
		if err != nil {
			return nil, nil, err
		}
		s, err := r.redirected(ctx, endpoint, func() (transport.UploadPackSession, error) {
			return gitssh.NewClient(nil).NewUploadPackSession(endpoint, auth)
		})
		return s, closing(s, closeAgent), err
	case Git:
		s, err := r.redirected(ctx, endpoint, func() (transport.UploadPackSession, error) {
			return gitprotocol.DefaultClient.NewUploadPackSession(endpoint, nil)
		})
		return s, closing(s, end), err
	default:
		client, err := r.httpAccess(ctx)
		if err != nil {
			return nil, nil, err
		}
		s, err := githttp.NewClient(client).NewUploadPackSession(endpoint, nil)
		return s, func() { client.CloseIdleConnections() }, err
	}
}

func closing(s transport.UploadPackSession, and func()) func() {
	return func() {
		if s != nil {
			_ = s.Close()
		}
		and()
	}
}

// explain puts what a transport says into the user's terms.
func (r *remote) explain(ctx context.Context, err error) error {
	var known *AccessError
	var commit *CommitError
	if errors.As(err, &known) || errors.As(err, &commit) || errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	out := &AccessError{Repository: r.Name(), Err: err}
	var netErr *url.Error
	switch {
	case errors.Is(err, transport.ErrAuthenticationRequired) || errors.Is(err, transport.ErrAuthorizationFailed):
		out.Denied = true
		out.Err = errors.New("it wants a login: pass httpAuthToken (with httpAuthUsername where the host wants one) or httpAuthHeader")
		if login, err := r.authorization(ctx); err != nil || login != "" {
			out.Err = errors.New("it refuses the login: check httpAuthToken, httpAuthUsername or httpAuthHeader")
		}
	case errors.Is(err, transport.ErrRepositoryNotFound):
		out.Err = errors.New("it is not there, or hidden from this login")
	case errors.Is(err, pktline.ErrInvalidPktLen):
		out.Err = errors.New("what answers there is no git server, or a page to log in at")
	case strings.Contains(err.Error(), "unable to authenticate"):
		out.Denied = true
		out.Err = errors.New("it refuses the keys of the SSH agent: add one that it knows (ssh-add)")
	case errors.As(err, &netErr):
		out.Err = netErr.Err // its URL may hold more than the repository's
	}
	return out
}

// httpAccess is a client that logs in at the repository's own host, and nowhere else.
func (r *remote) httpAccess(ctx context.Context) (*http.Client, error) {
	base := http.DefaultTransport.(*http.Transport).Clone()
	if r.access.Dial != nil {
		base.DialContext, base.Proxy = r.access.Dial, nil
	}
	if r.url.Scheme == HTTPS {
		base.TLSClientConfig = &tls.Config{RootCAs: authorities(), MinVersion: tls.VersionTLS12}
	}
	login, err := r.authorization(ctx)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &authorizing{base: base, host: r.url.Host, scheme: r.url.Scheme, value: login}}, nil
}

// authorities are those that the system trusts, and those of the bundle that execs
// get; nil: those of the system.
func authorities() *x509.CertPool {
	bundle, err := os.ReadFile(hostca.Path())
	if err != nil {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(bundle)
	return pool
}

// authorization is the value of the header of that name, or empty.
func (r *remote) authorization(ctx context.Context) (string, error) {
	if r.access.Authorization != nil {
		return r.access.Authorization(ctx)
	}
	if user := r.url.User; user != nil {
		password, _ := user.Password()
		return BasicAuthorization(user.Username(), password), nil
	}
	if login := r.login.Load(); login != nil {
		return *login, nil
	}
	return "", nil
}

// BasicAuthorization is the header's value for a name and a password.
func BasicAuthorization(name, password string) string {
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth(name, password)
	return req.Header.Get("Authorization")
}

type authorizing struct {
	base                *http.Transport
	scheme, host, value string
}

// RoundTrip implements http.RoundTripper.
func (a *authorizing) RoundTrip(req *http.Request) (*http.Response, error) {
	if a.value != "" && strings.EqualFold(req.URL.Host, a.host) && req.URL.Scheme == a.scheme {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", a.value)
	}
	return a.base.RoundTrip(req)
}

// CloseIdleConnections is for http.Client.
func (a *authorizing) CloseIdleConnections() { a.base.CloseIdleConnections() }
