package shim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

func TestSecretsDoNotShow(t *testing.T) {
	c := newContainer(t)
	c.env = append(c.env, "TOKEN=s3cret-token", "UNSET_LATER=", "HARMLESS=visible")
	c.write("key", "-----BEGIN KEY-----\nbGluZSBvbmU=\n-----END KEY-----\n")
	spec := protocol.Spec{
		SecretEnv:   []string{"TOKEN", "UNSET_LATER", "NOT_SET"},
		SecretFiles: []string{"key", "missing"},
	}
	const script = `
		printf 'token=s3cr'; sleep 0.1; printf 'et-token.\n'
		cat key; sed -n 2p key; echo $HARMLESS
		printf 's3cret-tok'
		cat key >&2`
	r := c.run(spec, "sh", "-c", script)
	require.Equal(t, 0, r.status)
	want := lines("token=***.", "***", "***", "visible") + "s3cret-tok"
	require.Equal(t, want, r.stdout)
	require.Equal(t, want, r.kept[protocol.StdoutFile])
	require.Equal(t, "***\n", r.stderr)
	require.NotContains(t, r.kept[protocol.CombinedFile], "s3cret-token")
	require.NotContains(t, r.kept[protocol.CombinedFile], "bGluZ")

	spec.Stdout, spec.Stderr = "out", "err"
	require.Equal(t, 0, c.run(spec, "sh", "-c", script).status)
	require.Equal(t, want, c.read("out"))
	require.Equal(t, "***\n", c.read("err"))
}

func TestSecretsInTheShimsOwnMessages(t *testing.T) {
	c := newContainer(t)
	c.env = append(c.env, "TOKEN=s3cret-token")
	r := c.run(protocol.Spec{SecretEnv: []string{"TOKEN"}}, "./s3cret-token")
	require.Equal(t, 127, r.status)
	require.Equal(t, "./***: no such file or directory\n", r.stderr)
}

func TestSecretsInBigOutput(t *testing.T) {
	c := newContainer(t)
	c.env = append(c.env, "TOKEN=s3cret-token")
	r := c.run(protocol.Spec{SecretEnv: []string{"TOKEN"}}, "sh", "-c", "yes xs3cret-tokeny | head -n 200000")
	require.Equal(t, strings.Repeat("x***y\n", 200000), r.stdout)
}
