package registrytest

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/testcert"
)

// certificate is a server's certificate for 127.0.0.1 and the authority that
// has signed it, each in a file.
type certificate struct {
	authority, certificate, key string
	roots                       *x509.CertPool
}

func newCertificate(t testing.TB, dir string) certificate {
	t.Helper()
	files, err := testcert.Make(dir)
	require.NoError(t, err)
	c := certificate{authority: files.Authority, certificate: files.ServerCert, key: files.ServerKey, roots: x509.NewCertPool()}
	authority, err := os.ReadFile(c.authority)
	require.NoError(t, err)
	require.True(t, c.roots.AppendCertsFromPEM(authority))
	return c
}

// transport trusts the authority.
func (c certificate) transport() *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.roots}}
}
