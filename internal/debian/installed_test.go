package debian_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
)

func TestReadInstalled(t *testing.T) {
	require.Equal(t, []debian.Installed{
		{Name: "libc6", Version: "2.36-9", Architecture: "amd64", Source: "glibc", Maintainer: "Somebody <a@example.org>"},
		{Name: "base", Version: "1", Architecture: "all"}, // as images without dpkg have it
	}, debian.ReadInstalled(`Package: libc6
Status: install ok installed
Source: glibc (2.36)
Version: 2.36-9
Architecture: amd64
Maintainer: Somebody <a@example.org>
Description: a
 b

Package: gone
Status: deinstall ok config-files
Version: 1

Package: base
Version: 1
Architecture: all

Package: nothing
`))
}
