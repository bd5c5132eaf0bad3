package webcheck_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/webcheck"
)

// website is a TLS server on 127.0.0.1 with a certificate for that address.
func website(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	site := httptest.NewUnstartedServer(handler)
	site.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes
	site.EnableHTTP2 = true
	site.StartTLS()
	t.Cleanup(site.Close)
	return site
}

func roots(site *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(site.Certificate())
	return pool
}

var thisMachine = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

func page(title string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, "<html><head><title>%s</title></head></html>", title)
	}
}

func TestCheckReadsStatusAndTitle(t *testing.T) {
	t.Parallel()
	agents := make(chan string, 1)
	site := website(t, func(w http.ResponseWriter, r *http.Request) {
		agents <- r.UserAgent()
		page("Over TLS")(w, r)
	})
	c := webcheck.New(webcheck.Options{Allow: thisMachine, RootCAs: roots(site), UserAgent: "go-api/1.2"})
	got, err := c.Check(t.Context(), site.URL)
	require.NoError(t, err)
	require.Equal(t, links.Page{Status: 200, Title: "Over TLS"}, got)
	require.Equal(t, "go-api/1.2", <-agents)
}

func TestCheckReportsAnyStatus(t *testing.T) {
	t.Parallel()
	site := website(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "<title>not HTML</title>")
	})
	c := webcheck.New(webcheck.Options{Allow: thisMachine, RootCAs: roots(site)})
	got, err := c.Check(t.Context(), site.URL)
	require.NoError(t, err)
	require.Equal(t, links.Page{Status: 503}, got)
}

func TestCheckReadsNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	site := website(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for filler := strings.Repeat("<p>", 10_000); ; {
			if _, err := io.WriteString(w, filler); err != nil {
				return
			}
		}
	})
	c := webcheck.New(webcheck.Options{Allow: thisMachine, RootCAs: roots(site), Timeout: time.Minute})
	got, err := c.Check(t.Context(), site.URL)
	require.NoError(t, err)
	require.Equal(t, links.Page{Status: 200}, got)
}

func TestCheckRefusesPrivateAddresses(t *testing.T) {
	t.Parallel()
	site := website(t, func(http.ResponseWriter, *http.Request) { t.Error("the request went through") })
	port := netip.MustParseAddrPort(site.Listener.Addr().String()).Port()
	c := webcheck.New(webcheck.Options{RootCAs: roots(site)})
	for _, host := range []string{
		"127.0.0.1", "localhost", "0.0.0.0", "10.255.255.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[fd00::1]",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil && addr.Unmap().Is6() {
				needIPv6(t)
			}
			_, err := c.Check(t.Context(), fmt.Sprintf("https://%s:%d/", host, port))
			var refused *webcheck.RefusedError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, port, refused.Addr.Port())
			requireReason(t, err, "leads to an address that is not public")
		})
	}
}

// needIPv6 skips the test where the kernel has no IPv6 sockets to refuse.
func needIPv6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp6", "[::]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	require.NoError(t, l.Close())
}

func TestCheckAllowsOnlyTheNetworksNamed(t *testing.T) {
	t.Parallel()
	site := website(t, page("Inside"))
	nets := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.0.0/16")}
	_, err := webcheck.New(webcheck.Options{RootCAs: roots(site), Allow: nets}).Check(t.Context(), site.URL)
	require.ErrorAs(t, err, new(*webcheck.RefusedError))

	nets = append(nets, thisMachine...)
	got, err := webcheck.New(webcheck.Options{RootCAs: roots(site), Allow: nets}).Check(t.Context(), site.URL)
	require.NoError(t, err)
	require.Equal(t, "Inside", got.Title)
}

func TestCheckFollowsRedirects(t *testing.T) {
	t.Parallel()
	var site *httptest.Server
	site = website(t, func(w http.ResponseWriter, r *http.Request) {
		port := netip.MustParseAddrPort(site.Listener.Addr().String()).Port()
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/here", http.StatusMovedPermanently)
		case "/inside":
			http.Redirect(w, r, fmt.Sprintf("https://127.0.0.2:%d/here", port), http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		default:
			page("Here")(w, r)
		}
	})
	c := webcheck.New(webcheck.Options{Allow: thisMachine, RootCAs: roots(site)})
	got, err := c.Check(t.Context(), site.URL+"/moved")
	require.NoError(t, err)
	require.Equal(t, links.Page{Status: 200, Title: "Here"}, got)

	for path, reason := range map[string]string{
		"/inside": "leads to an address that is not public",
		"/round":  "redirects more than 5 times",
		"/file":   "redirects to a URL that must begin with https:// or http://",
	} {
		_, err = c.Check(t.Context(), site.URL+path)
		requireReason(t, err, reason)
	}
}

func TestCheckExplainsFailures(t *testing.T) {
	t.Parallel()
	site := website(t, page("Secret"))
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	release := make(chan struct{})
	slow := website(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })

	untrusting := webcheck.New(webcheck.Options{Allow: thisMachine, RootCAs: x509.NewCertPool()})
	_, err := untrusting.Check(t.Context(), site.URL)
	requireReason(t, err, "has a certificate that is not trusted")

	_, err = untrusting.Check(t.Context(), gone.URL)
	requireReason(t, err, "does not answer")

	_, err = untrusting.Check(t.Context(), strings.Replace(site.URL, "https:", "http:", 1)+"/")
	require.NoError(t, err, "plain HTTP to a TLS port is answered with status 400")

	hurried := webcheck.New(webcheck.Options{Allow: thisMachine, RootCAs: roots(slow), Timeout: 50 * time.Millisecond})
	_, err = hurried.Check(t.Context(), slow.URL)
	requireReason(t, err, "does not answer in time")
}

func TestCheckEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	site := website(t, func(http.ResponseWriter, *http.Request) {
		cancel()
		<-release
	})
	t.Cleanup(func() { close(release) })
	_, err := webcheck.New(webcheck.Options{Allow: thisMachine, RootCAs: roots(site)}).Check(ctx, site.URL)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorAs(t, err, new(*links.UnreachableError))
}

// requireReason also checks that the reason gives no address away, while the
// error's cause is kept for the log.
func requireReason(t *testing.T, err error, want string) {
	t.Helper()
	var unreachable *links.UnreachableError
	require.ErrorAs(t, err, &unreachable)
	require.Equal(t, want, unreachable.Reason)
	require.NotContains(t, unreachable.Reason, "127.0.0")
	require.ErrorAs(t, unreachable.Err, new(*url.Error))
}
