package golang

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestImageHasTheVersionOfItsProgram(t *testing.T) {
	require.Equal(t, "v1", ImageOptions{Build: BuildOptions{Version: "v1"}}.config().Version)
	require.Equal(t, "v2", ImageOptions{Build: BuildOptions{Version: "v1"}, Version: "v2"}.config().Version)
}
