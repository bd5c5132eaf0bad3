// Package debiantest serves small Debian archives, signed with a key of their
// own, to tests. Start with New.
package debiantest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/klauspost/compress/gzip"
)

// Archive is a Debian archive on a local HTTP server.
type Archive struct {
	URL     string // the mirror
	Keyring []byte // the public key that signs it
	// Date and ValidUntil go into the Release files made by later calls of
	// Publish. A zero ValidUntil is left out.
	Date, ValidUntil time.Time

	t        testing.TB
	key      *openpgp.Entity
	mu       sync.Mutex
	files    map[string][]byte
	requests []string
}

// New serves an archive with one suite of packages for amd64 until the test
// ends.
func New(t testing.TB, suite string, packages ...Package) *Archive {
	t.Helper()
	a := &Archive{t: t, files: map[string][]byte{}, Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	a.key, a.Keyring = NewKey(t)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.URL = server.URL + "/debian"
	a.Publish(suite, packages...)
	return a
}

// NewKey makes a signing key and returns it with its public half.
func NewKey(t testing.TB) (*openpgp.Entity, []byte) {
	t.Helper()
	key, err := openpgp.NewEntity("archive", "for tests", "archive@example.org", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
	if err != nil {
		t.Fatal(err)
	}
	var public bytes.Buffer
	if err := key.Serialize(&public); err != nil {
		t.Fatal(err)
	}
	return key, public.Bytes()
}

// Publish adds a suite, or replaces it.
func (a *Archive) Publish(suite string, packages ...Package) {
	a.t.Helper()
	var index strings.Builder
	for _, p := range packages {
		deb := p.Deb(a.t)
		path := fmt.Sprintf("pool/main/%s/%s_%s_%s.deb", p.Name, p.Name, strings.ReplaceAll(p.Version, ":", "."), p.arch())
		a.Put(path, deb)
		fmt.Fprintf(&index, "%sFilename: %s\nSize: %d\nSHA256: %x\n\n", p.control(), path, len(deb), sha256.Sum256(deb))
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, index.String())
	if err := z.Close(); err != nil {
		a.t.Fatal(err)
	}
	const name = "main/binary-amd64/Packages.gz"
	a.Put("dists/"+suite+"/"+name, packed.Bytes())
	release := fmt.Sprintf("Origin: Debian\nSuite: %s\nCodename: %s\nDate: %s\n", suite, suite, a.Date.Format("Mon, 02 Jan 2006 15:04:05 UTC"))
	if !a.ValidUntil.IsZero() {
		release += "Valid-Until: " + a.ValidUntil.UTC().Format("Mon, 02 Jan 2006 15:04:05 UTC") + "\n"
	}
	release += fmt.Sprintf("SHA256:\n %x %d %s\n", sha256.Sum256(packed.Bytes()), packed.Len(), name)
	a.Put("dists/"+suite+"/InRelease", a.Sign(release, a.key))
}

// Sign returns text clear-signed with a key.
func (a *Archive) Sign(text string, key *openpgp.Entity) []byte {
	a.t.Helper()
	var signed bytes.Buffer
	w, err := clearsign.Encode(&signed, key.PrivateKey, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		a.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		a.t.Fatal(err)
	}
	return signed.Bytes()
}

// Put serves content at a path below the mirror.
func (a *Archive) Put(path string, content []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files["/debian/"+path] = content
}

// Get returns what is served at a path below the mirror.
func (a *Archive) Get(path string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.files["/debian/"+path])
}

// Remove makes a path answer 404.
func (a *Archive) Remove(path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.files, "/debian/"+path)
}

// Paths lists what is served below the mirror, sorted.
func (a *Archive) Paths() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []string
	for _, p := range slices.Sorted(maps.Keys(a.files)) {
		list = append(list, strings.TrimPrefix(p, "/debian/"))
	}
	return list
}

// Requests lists the paths asked for so far, below the mirror.
func (a *Archive) Requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

// ServeHTTP answers with the archive's files.
func (a *Archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	content, ok := a.files[r.URL.Path]
	a.requests = append(a.requests, strings.TrimPrefix(r.URL.Path, "/debian/"))
	a.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(content)
}
