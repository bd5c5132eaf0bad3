package debian

import (
	"bytes"
	_ "embed"
	"fmt"
	"sync"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// archiveKeys are the public keys of the Debian archive, the file
// debian-archive-keyring.pgp of package debian-archive-keyring 2025.1. It signs
// the suites from bullseye to forky.
//
//go:embed keyring/debian-archive-keyring.pgp
var archiveKeys []byte

var defaultKeyring = sync.OnceValues(func() (openpgp.EntityList, error) {
	return openpgp.ReadKeyRing(bytes.NewReader(archiveKeys))
})

// keyring returns the keys that may sign the source's archives.
func (s Source) keyring() (openpgp.EntityList, error) {
	if len(s.Keyring) == 0 {
		return defaultKeyring()
	}
	read := openpgp.ReadKeyRing
	if bytes.HasPrefix(bytes.TrimSpace(s.Keyring), []byte("-----BEGIN")) {
		read = openpgp.ReadArmoredKeyRing
	}
	keys, err := read(bytes.NewReader(s.Keyring))
	if err != nil {
		return nil, fmt.Errorf("reading the keyring of the Debian archive: %w", err)
	}
	return keys, nil
}
