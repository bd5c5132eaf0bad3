package webcheck

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

// explain turns what http.Client.Do returned into an *links.UnreachableError
// with a reason that may be told to anybody: it names no address and nothing
// of the network this program runs in. Where ctx ended, the caller gave up and
// the page is not to blame.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("checking the page: %w", ctx.Err())
	}
	return &links.UnreachableError{Reason: reason(err), Err: err}
}

func reason(err error) string {
	var (
		refused *RefusedError
		invalid *links.InvalidError
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		timeout net.Error
	)
	switch {
	case errors.As(err, &refused):
		return "leads to an address that is not public"
	case errors.Is(err, errRedirects):
		return fmt.Sprintf("redirects more than %d times", maxRedirects)
	case errors.As(err, &invalid):
		return "redirects to a URL that " + invalid.Reason
	case errors.As(err, &dns) && dns.IsNotFound:
		return "names a host that does not exist"
	case errors.As(err, &cert):
		return "has a certificate that is not trusted"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "does not answer in time"
	default:
		return "does not answer"
	}
}
