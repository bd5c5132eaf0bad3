package dial

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/buildkit/client"
)

const tcpScheme = "tcp://"

// The parameters of a tcp:// address that say how to speak TLS: files by the names
// of buildx's remote driver, or buildctl's folder of them.
const (
	caParam     = "cacert"
	certParam   = "cert"
	keyParam    = "key"
	serverParam = "servername"
	dirParam    = "tlsdir"
)

var tlsParams = []string{caParam, certParam, keyParam, serverParam, dirParam}

// tlsOptions splits a tcp:// address from its parameters, such as
// tcp://host:1234?tlsdir=/certs, and returns what they ask for: no parameters, no
// TLS. Without a CA certificate, those of the system are trusted.
func tlsOptions(address string) (string, []client.ClientOpt, error) {
	plain, query, found := strings.Cut(address, "?")
	if !found || !strings.HasPrefix(address, tcpScheme) {
		return address, nil, nil
	}
	params, err := url.ParseQuery(query)
	if err != nil {
		return "", nil, fmt.Errorf("reading the parameters of the address: %w", err)
	}
	for name := range params {
		if !slices.Contains(tlsParams, name) {
			return "", nil, fmt.Errorf("the address has parameter %q: want %s", name, strings.Join(tlsParams, ", "))
		}
	}
	ca, cert, key := params.Get(caParam), params.Get(certParam), params.Get(keyParam)
	if dir := params.Get(dirParam); dir != "" {
		if ca+cert+key != "" {
			return "", nil, fmt.Errorf("the address has parameter %s and names files beside it: want one of both", dirParam)
		}
		if ca, cert, key, err = tlsFiles(dir); err != nil {
			return "", nil, err
		}
	}
	if (cert == "") != (key == "") {
		return "", nil, fmt.Errorf("the address has one of %s and %s: a client's certificate needs both", certParam, keyParam)
	}
	server := params.Get(serverParam)
	if target, err := url.Parse(plain); err == nil && server == "" {
		server = target.Hostname()
	}
	return plain, credentials(ca, cert, key, server), nil
}

func credentials(ca, cert, key, server string) []client.ClientOpt {
	options := []client.ClientOpt{client.WithServerConfigSystem(server)}
	if ca != "" {
		options[0] = client.WithServerConfig(server, ca)
	}
	if cert != "" {
		options = append(options, client.WithCredentials(cert, key))
	}
	return options
}

// tlsFiles finds certificates in a folder by the names that buildctl knows.
func tlsFiles(dir string) (ca, cert, key string, err error) {
	for _, want := range []struct {
		path  *string
		names []string
	}{
		{&ca, []string{"ca.pem", "ca.crt"}}, {&cert, []string{"cert.pem", "tls.crt"}}, {&key, []string{"key.pem", "tls.key"}},
	} {
		for _, name := range want.names {
			path := filepath.Join(dir, name)
			if _, err := os.Stat(path); err == nil {
				*want.path = path
				break
			}
		}
		if *want.path == "" {
			return "", "", "", fmt.Errorf("the certificates for TLS are looked for in %s, which has no %s", dir, strings.Join(want.names, " or "))
		}
	}
	return ca, cert, key, nil
}
