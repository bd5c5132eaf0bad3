package debian_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
)

// hostSource is the real archive, where this machine can reach one.
func hostSource(t testing.TB) debian.Source {
	t.Helper()
	if testing.Short() {
		t.Skip("needs the network")
	}
	s, err := debian.HostSource("")
	if err != nil {
		t.Skip(err)
	}
	return s
}

var engineRoot = []string{"runc", "iptables", "containernetworking-plugins", "git", "openssh-client", "ca-certificates"}

func TestRealArchive(t *testing.T) {
	s := hostSource(t)
	l := resolve(t, s, debian.ResolveOptions{Without: []string{"perl", "liberror-perl"}}, engineRoot...)
	require.Nil(t, l.Package("perl"))
	dir, err := unpack(t, s, l)
	require.NoError(t, err)
	for _, path := range []string{"usr/sbin/runc", "usr/sbin/xtables-nft-multi", "usr/lib/cni/bridge", "bin/git", "bin/ssh"} {
		info, err := os.Stat(filepath.Join(dir, path))
		require.NoError(t, err)
		require.NotZero(t, info.Mode()&0o111)
	}
	if s.Arch == "" && os.Geteuid() == 0 {
		out, err := exec.CommandContext(t.Context(), "chroot", dir, "/usr/sbin/runc", "--version").CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

func TestRealArchiveOfOtherSuites(t *testing.T) {
	for _, suite := range []string{"bookworm", "forky"} {
		t.Run(suite, func(t *testing.T) {
			hostSource(t)
			s, err := debian.HostSource(suite)
			require.NoError(t, err)
			s.Arch = "arm64"
			require.NotNil(t, resolve(t, s, debian.ResolveOptions{Essential: true}, "apt").Package("libc6"))
		})
	}
}

// dpkg itself says whether the layer is a system it can finish.
func TestRealLayerConfigures(t *testing.T) {
	s := hostSource(t)
	if os.Geteuid() != 0 {
		t.Skip("needs root for chroot")
	}
	l := resolve(t, s, debian.ResolveOptions{Essential: true}, "apt", "ca-certificates")
	layer := layerOf(t, s, l)
	require.Equal(t, sum(layer), sum(layerOf(t, s, l)))

	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "layer.tar")
	require.NoError(t, os.WriteFile(file, layer, 0o600))
	run(t, "tar", "-x", "--numeric-owner", "-C", dir, "-f", file)
	run(t, "mknod", "-m", "666", filepath.Join(dir, "dev/null"), "c", "1", "3")
	chroot := []string{dir, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	run(t, "chroot", append(chroot, debian.ConfigureScript)...)
	require.Empty(t, run(t, "chroot", append(chroot, "dpkg", "--audit")...))
	require.Empty(t, run(t, "chroot", append(chroot, "dpkg", "--verify")...))
	require.FileExists(t, filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt"))
	require.FileExists(t, filepath.Join(dir, "etc/passwd"))
	require.NoFileExists(t, filepath.Join(dir, debian.ConfigureScript))
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return string(out)
}

func BenchmarkResolve(b *testing.B) {
	s := hostSource(b)
	for b.Loop() {
		_, err := s.Resolve(b.Context(), engineRoot, debian.ResolveOptions{})
		require.NoError(b, err)
	}
}

func BenchmarkUnpack(b *testing.B) {
	s := hostSource(b)
	l, err := s.Resolve(b.Context(), engineRoot, debian.ResolveOptions{Without: []string{"perl", "liberror-perl"}})
	require.NoError(b, err)
	for b.Loop() {
		require.NoError(b, debian.Unpack(b.Context(), s, l, filepath.Join(b.TempDir(), "root")))
	}
}
