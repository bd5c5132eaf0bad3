package debian

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	archive "github.com/bodkin-ci/bodkin/internal/debian"
)

// listing describes every file: path, mode, owner, size, time, target; then
// the content of each.
const listing = `find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /etc/resolv.conf -o -path /etc/hosts \) -prune -o \
	\( -type l -o -type f \) -printf '%p %m %U %G %s %T@ %l\n' | sort; find /etc /usr /var /root -xdev -type f -print0 | sort -z | xargs -0 sha256sum`

// difference returns the lines that only one of two texts has.
func difference(a, b string) []string {
	seen := map[string]int{}
	for line := range strings.Lines(a) {
		seen[line]++
	}
	for line := range strings.Lines(b) {
		seen[line]--
	}
	var lines []string
	for line, n := range seen {
		if n != 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestConfiguringTwiceGivesTheSameFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("needs an engine and the network")
	}
	if os.Getenv("BODKIN_TEST_ENGINE") == "" && (runtime.GOOS != "linux" || os.Getuid() != 0) {
		t.Skip("the embedded engine needs Linux and root; set BODKIN_TEST_ENGINE")
	}
	if _, err := archive.HostSource(""); err != nil {
		t.Skip(err)
	}
	c, err := engine.Connect(context.Background(), engine.WithAddress(os.Getenv("BODKIN_TEST_ENGINE")))
	require.NoError(t, err)
	defer c.Close()
	var listings []string
	for _, run := range []string{"one", "two"} {
		unpacked, err := New(c, Options{}).unpacked(t.Context())
		require.NoError(t, err)
		// The variable makes them two steps for the engine's cache.
		out, err := unpacked.WithEnvVariable("RUN", run+t.TempDir()).WithExec(configure()).WithoutEnvVariable("RUN").
			WithExec([]string{"/bin/sh", "-c", listing}).Stdout(t.Context())
		require.NoError(t, err)
		require.True(t, strings.Contains(out, "/usr/bin/dpkg 755 0 0 ") && strings.Contains(out, "  /var/lib/dpkg/status\n"))
		listings = append(listings, out)
	}
	require.Empty(t, difference(listings[0], listings[1]))
}
