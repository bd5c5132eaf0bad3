package engine

import (
	"os"

	"github.com/bodkin-ci/bodkin/engine/internal/hostca"
)

// hostCA returns the host's bundle of certificate authorities, so that execs
// trust whom the host trusts: machines behind a proxy that intercepts TLS need
// it. It is nil if there is none that can be read.
func hostCA() []byte {
	pem, err := os.ReadFile(hostca.Path())
	if err != nil || len(pem) == 0 {
		return nil
	}
	return pem
}
