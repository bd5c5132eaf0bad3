package debian_test

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/internal/debian/debiantest"
)

const inRelease = "dists/trixie/InRelease"

func TestSignatureIsRequired(t *testing.T) {
	for name, spoil := range map[string]func(*debiantest.Archive){
		"text changed": func(a *debiantest.Archive) {
			a.Put(inRelease, bytes.Replace(a.Get(inRelease), []byte("Origin: Debian"), []byte("Origin: Debiam"), 1))
		},
		"no signature": func(a *debiantest.Archive) { a.Put(inRelease, []byte("Suite: trixie\n")) },
		"text before": func(a *debiantest.Archive) {
			a.Put(inRelease, append([]byte("Suite: trixie\nSHA256:\n\n"), bytes.Replace(a.Get(inRelease), []byte("Suite: trixie"), []byte("Suite: x"), 1)...))
		},
		"text after": func(a *debiantest.Archive) { a.Put(inRelease, append(a.Get(inRelease), "\nSuite: trixie\n"...)) },
		"another key": func(a *debiantest.Archive) {
			key, _ := debiantest.NewKey(t)
			a.Put(inRelease, a.Sign("Suite: trixie\nCodename: trixie\n", key))
		},
		"another suite": func(a *debiantest.Archive) {
			a.Publish("bookworm", pkg("app", "1"))
			a.Put(inRelease, a.Get("dists/bookworm/InRelease"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := debiantest.New(t, "trixie", pkg("app", "1"))
			spoil(a)
			_, err := source(t, a).Resolve(t.Context(), []string{"app"}, debian.ResolveOptions{})
			var bad *debian.SignatureError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, a.URL+"/"+inRelease, bad.URL)
			require.ErrorContains(t, err, "is not valid")
		})
	}
}

func TestDebianKeysAreTheDefault(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1"))
	s := source(t, a)
	s.Keyring = nil
	_, err := s.Resolve(t.Context(), []string{"app"}, debian.ResolveOptions{})
	require.ErrorAs(t, err, new(*debian.SignatureError))
}

func TestExpiredRelease(t *testing.T) {
	a := debiantest.New(t, "trixie")
	a.ValidUntil = time.Now().Add(-time.Hour)
	a.Publish("trixie", pkg("app", "1"))
	s := source(t, a)
	_, err := s.Resolve(t.Context(), []string{"app"}, debian.ResolveOptions{})
	require.ErrorAs(t, err, new(*debian.ExpiredError))
	s.AllowExpired = true
	resolve(t, s, debian.ResolveOptions{}, "app")
}

func TestTamperedIndex(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1"))
	const index = "dists/trixie/main/binary-amd64/Packages.gz"
	spoiled := a.Get(index)
	spoiled[len(spoiled)/2] ^= 1
	a.Put(index, spoiled)
	_, err := source(t, a).Resolve(t.Context(), []string{"app"}, debian.ResolveOptions{})
	require.ErrorAs(t, err, new(*debian.HashError))
}

func TestTamperedPackage(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1"))
	s := source(t, a)
	l := resolve(t, s, debian.ResolveOptions{}, "app")
	file := l.Packages[0].Filename
	whole := a.Get(file)

	spoiled := bytes.Clone(whole)
	spoiled[100] ^= 1
	var bad *debian.HashError
	for _, content := range [][]byte{spoiled, whole[:50], append(bytes.Clone(whole), 'x')} {
		a.Put(file, content)
		_, err := s.Fetch(t.Context(), l)
		require.ErrorAs(t, err, &bad)
		require.Equal(t, a.URL+"/"+file, bad.URL)
	}
	a.Put(file, whole)
	_, err := s.Fetch(t.Context(), l)
	require.NoError(t, err, "nothing of the bad downloads was kept")
}

func TestSilentMirror(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() // accepts, and never answers
	s := debian.Source{
		Suite:    "trixie",
		Archives: []debian.Archive{{Mirror: "http://" + l.Addr().String() + "/debian", Suite: "trixie"}},
		CacheDir: t.TempDir(),
		Patience: 100 * time.Millisecond,
	}
	_, err = s.Resolve(t.Context(), []string{"app"}, debian.ResolveOptions{})
	var silent *debian.MirrorError
	require.ErrorAs(t, err, &silent)
	require.ErrorContains(t, err, l.Addr().String())
	require.ErrorContains(t, err, "did not answer for 100ms")
}

func TestNoSecurityMirror(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1"))
	s := source(t, a)
	l := resolve(t, s, debian.ResolveOptions{}, "app")
	l.Packages[0].Security = true
	_, err := s.Fetch(t.Context(), l)
	require.ErrorContains(t, err, "package app is from the security archive, of which no mirror is known: set BODKIN_DEBIAN_SECURITY_MIRROR")
	s.Archives = nil
	_, err = s.Resolve(t.Context(), []string{"app"}, debian.ResolveOptions{})
	require.ErrorIs(t, err, debian.ErrNoMirror)
}

func TestUnreachableMirror(t *testing.T) {
	s := debian.Source{Archives: []debian.Archive{{Mirror: "http://127.0.0.1:1/debian", Suite: "trixie"}}, CacheDir: t.TempDir()}
	_, err := s.Resolve(t.Context(), []string{"app"}, debian.ResolveOptions{})
	require.ErrorAs(t, err, new(*debian.MirrorError))
	require.ErrorContains(t, err, "http://127.0.0.1:1/debian/dists/trixie/InRelease")
}

func TestPassingFaultsAreTriedAgain(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1"))
	faults := 0
	flaky := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch faults++; faults {
		case 1:
			w.WriteHeader(http.StatusBadGateway)
		case 2:
			panic(http.ErrAbortHandler) // breaks the connection
		default:
			a.ServeHTTP(w, r)
		}
	}))
	defer flaky.Close()
	s := source(t, a)
	s.Archives[0].Mirror = flaky.URL + "/debian"
	resolve(t, s, debian.ResolveOptions{}, "app")
}
