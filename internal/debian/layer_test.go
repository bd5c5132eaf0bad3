package debian_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/internal/debian/debiantest"
)

func sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func layerOf(t *testing.T, s debian.Source, l *debian.Lock) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, debian.WriteLayer(t.Context(), s, l, &b))
	return b.Bytes()
}

func entries(t *testing.T, layer []byte) (texts map[string]string, headers map[string]*tar.Header) {
	t.Helper()
	texts, headers = map[string]string{}, map[string]*tar.Header{}
	r := tar.NewReader(bytes.NewReader(layer))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return texts, headers
		}
		require.NoError(t, err)
		require.NotContains(t, headers, h.Name, "each path is written once")
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		texts[h.Name], headers[h.Name] = string(text), h
	}
}

func layerPackages() []debiantest.Package {
	app := withFiles("app", file{Name: "./"}, file{Name: "./etc/"}, file{Name: "./etc/app.conf", Text: "conf", UID: 7},
		file{Name: "./bin/app", Text: "program", Mode: 0o755})
	app.Control = map[string]string{"conffiles": "/etc/app.conf\nremove-on-upgrade /etc/old.conf\n", "preinst": "#!/bin/sh\n", "md5sums": "",
		"triggers": "interest-noawait /usr/share/app\ninterest app-trigger\nactivate-noawait ldconfig\n"}
	app.Fields["Pre-Depends"] = "early"
	app.Fields["Multi-Arch"] = "same"
	early := withFiles("early")
	early.Fields["Depends"] = "lib"
	lib := withFiles("lib", file{Name: "./usr/lib/"}, file{Name: "./usr/lib/lib.so", Text: "lib"})
	return []debiantest.Package{app, early, lib}
}

func TestLayerHoldsAnUnpackedSystem(t *testing.T) {
	a := debiantest.New(t, "trixie", layerPackages()...)
	s := source(t, a)
	texts, headers := entries(t, layerOf(t, s, resolve(t, s, debian.ResolveOptions{}, "app")))

	require.Equal(t, "program", texts["usr/bin/app"])
	require.Equal(t, "conf", texts["etc/app.conf.dpkg-new"])
	require.Equal(t, 7, headers["etc/app.conf.dpkg-new"].Uid)
	require.NotContains(t, texts, "etc/app.conf")
	require.Equal(t, "usr/bin", headers["bin"].Linkname)

	require.Equal(t, "/.\n/etc\n/etc/app.conf\n/bin/app\n", texts["var/lib/dpkg/info/app:amd64.list"])
	require.Equal(t, "/usr/share/app app:amd64/noawait\n", texts["var/lib/dpkg/triggers/File"])
	require.Equal(t, "app:amd64\n", texts["var/lib/dpkg/triggers/app-trigger"])
	require.EqualValues(t, 0o755, headers["var/lib/dpkg/info/app:amd64.preinst"].Mode)
	require.Contains(t, texts["var/lib/dpkg/status"], "Package: app\nStatus: install ok unpacked\n")
	require.Contains(t, texts["var/lib/dpkg/status"], "Conffiles:\n /etc/app.conf newconffile\n\n")
	require.NotContains(t, texts["var/lib/dpkg/status"], "old.conf")
	require.Contains(t, texts[debian.ConfigureScript[1:]],
		"dpkg --configure early lib\npreinst app amd64 app:amd64\ndpkg --configure --pending\n")
}

func TestLayerIsTheSameEverywhere(t *testing.T) {
	a := debiantest.New(t, "trixie", layerPackages()...)
	s := source(t, a)
	l := resolve(t, s, debian.ResolveOptions{}, "app")
	first := layerOf(t, s, l)
	s.CacheDir = t.TempDir()
	reread, err := debian.ParseLock(l.Text())
	require.NoError(t, err)
	require.Equal(t, sum(first), sum(layerOf(t, s, reread)))
}

func TestFilesAloneAreAsTheyWillBeUsed(t *testing.T) {
	a := debiantest.New(t, "trixie", layerPackages()...)
	s := source(t, a)
	lock := resolve(t, s, debian.ResolveOptions{}, "app")
	var first, second bytes.Buffer
	require.NoError(t, debian.WriteFiles(t.Context(), s, lock, &first))
	require.NoError(t, debian.WriteFiles(t.Context(), s, lock, &second))
	require.Equal(t, first.Bytes(), second.Bytes())

	texts, headers := entries(t, first.Bytes())
	require.Equal(t, "conf", texts["etc/app.conf"])
	require.Equal(t, 7, headers["etc/app.conf"].Uid)
	require.Equal(t, "lib", texts["usr/lib/lib.so"])
	require.Equal(t, "usr/bin", headers["bin"].Linkname)
	for name := range headers {
		require.NotContains(t, name, "dpkg")
		require.NotContains(t, name, "bodkin")
	}
}
