package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServiceUnderTwoNames(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		svc := keeper(t, e.c)
		client := e.box(t).WithServiceBinding("store", svc).WithServiceBinding("cache", svc)
		run(t, client, "get", "http://store:8080/set/a?v=1")
		require.Equal(t, "1\n", run(t, client, "get", "http://cache:8080/get/a"))
	})
}
