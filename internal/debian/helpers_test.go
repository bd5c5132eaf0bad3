package debian_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/internal/debian/debiantest"
)

// source reads an archive of the test with a cache of its own.
func source(t *testing.T, a *debiantest.Archive) debian.Source {
	t.Helper()
	return debian.Source{
		Suite:    "trixie",
		Arch:     "amd64",
		Archives: []debian.Archive{{Mirror: a.URL, Suite: "trixie"}},
		Keyring:  a.Keyring,
		CacheDir: t.TempDir(),
		Patience: 2 * time.Second,
	}
}

func resolve(t *testing.T, s debian.Source, opts debian.ResolveOptions, packages ...string) *debian.Lock {
	t.Helper()
	l, err := s.Resolve(t.Context(), packages, opts)
	require.NoError(t, err)
	return l
}

func names(l *debian.Lock) []string {
	var list []string
	for _, p := range l.Packages {
		list = append(list, p.Name)
	}
	return list
}

func pkg(name, version string, fields ...string) debiantest.Package {
	p := debiantest.Package{Name: name, Version: version, Fields: map[string]string{}}
	for i := 0; i+1 < len(fields); i += 2 {
		p.Fields[fields[i]] = fields[i+1]
	}
	return p
}

func unpack(t *testing.T, s debian.Source, l *debian.Lock) (dir string, err error) {
	t.Helper()
	dir = t.TempDir()
	return dir, debian.Unpack(t.Context(), s, l, dir)
}
