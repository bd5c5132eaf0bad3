package engine

import "os"

// bundlePlaces are where systems keep their bundle of certificate authorities:
// Debian and Alpine, Fedora, openSUSE, macOS.
var bundlePlaces = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// hostCA returns the host's bundle of certificate authorities, so that execs
// trust whom the host trusts: machines behind a proxy that intercepts TLS need
// it. It is the file in SSL_CERT_FILE, else the system's; nil if there is none.
func hostCA() []byte {
	places := bundlePlaces
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		places = append([]string{file}, places...)
	}
	for _, place := range places {
		if pem, err := os.ReadFile(place); err == nil && len(pem) > 0 {
			return pem
		}
	}
	return nil
}
