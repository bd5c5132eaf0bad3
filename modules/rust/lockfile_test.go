package rust

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnstable(t *testing.T) {
	require.Equal(t, []string{"app", "patched", "published-user"}, unstable(`version = 4
[[package]]
name = "app"
version = "0.1.0"
dependencies = ["published-user", "other"]
[[package]]
name = "other"
version = "1.0.0"
source = "registry+https://example.com/index"
[[package]]
name = "patched"
version = "1.0.0"
[[package]]
name = "published-user"
version = "1.0.0"
source = "registry+https://example.com/index"
dependencies = ["patched 1.0.0"]
`))
	require.Empty(t, unstable("version = 4\n[[package"))
}
