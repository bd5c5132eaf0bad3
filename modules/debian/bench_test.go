package debian_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/modules/debian"
)

// A base that the engine has already: what a pipeline pays for it on each run.
func BenchmarkCachedBase(b *testing.B) {
	c := client(b)
	for b.Loop() {
		base, err := debian.New(c, debian.Options{}).Base(b.Context())
		require.NoError(b, err)
		_, err = base.Sync(b.Context())
		require.NoError(b, err)
	}
}
