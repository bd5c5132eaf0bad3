package rust_test

import (
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/modules/rust"
)

const advisory = "```toml\n[advisory]\nid = \"RUSTSEC-2026-9999\"\npackage = \"itoa\"\ndate = \"2026-01-02\"\n\n" +
	"[versions]\npatched = [\">= 2.0.0\"]\n```\n\n# It prints the wrong numbers\n\nNobody noticed.\n"

func advisories(c *dagger.Client) *dagger.Directory {
	return c.Directory().WithNewFile("crates/itoa/RUSTSEC-2026-9999.md", advisory)
}

func TestAudit(t *testing.T) {
	c := client(t)
	r := rust.New(c, source(c, "audit"), rust.Options{})
	err := r.Audit(t.Context(), rust.AuditOptions{DBFiles: advisories(c)})
	var vulnerable *rust.VulnerableError
	require.ErrorAs(t, err, &vulnerable)
	require.Contains(t, vulnerable.Report, "RUSTSEC-2026-9999")
	require.Contains(t, vulnerable.Report, "It prints the wrong numbers")
	require.Contains(t, vulnerable.Report, "Upgrade to >=2.0.0")

	require.NoError(t, r.Audit(t.Context(), rust.AuditOptions{DBFiles: advisories(c), Ignore: []string{"RUSTSEC-2026-9999"}}))
	require.ErrorContains(t, r.Audit(t.Context(), rust.AuditOptions{DBFiles: c.Directory()}), "holds no advisories")
	require.ErrorContains(t, r.Audit(t.Context(), rust.AuditOptions{DBFiles: c.Directory(), DB: "https://127.0.0.1:1"}), "set one")
}

func TestDeny(t *testing.T) {
	c := client(t)
	deny := func(rules string) error {
		src := source(c, "deny").WithNewFile("deny.toml", rules).
			WithNewFile("Cargo.toml", manifest[:len("[package]\n")]+"license = \"MIT\"\n"+manifest[len("[package]\n"):])
		return rust.New(c, src, rust.Options{}).Deny(t.Context(), rust.DenyOptions{})
	}
	const licenses = "[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]\n"
	require.NoError(t, deny(licenses))
	err := deny(licenses + "[bans]\ndeny = [{ crate = \"itoa\" }]\n")
	var broken *rust.PolicyError
	require.ErrorAs(t, err, &broken)
	require.Contains(t, broken.Report, "itoa")
	require.ErrorAs(t, deny("[licenses]\nallow = [\"ISC\"]\n"), &broken)
	require.NotErrorAs(t, deny("[licenses"), &broken, "the rules cannot be read")
}
