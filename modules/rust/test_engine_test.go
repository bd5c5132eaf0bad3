package rust_test

import (
	"context"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/modules/rust"
)

func TestTest(t *testing.T) {
	c, ctx := client(t), context.Background()
	src := source(c, "tests").
		WithNewFile("data/input", "read").
		WithNewFile("src/main.rs", hello+`
#[cfg(test)]
mod tests {
    #[test]
    fn unit() {}

    #[test]
    #[ignore = "not today"]
    fn later() { panic!("too early") }
}
`).
		WithNewFile("tests/files.rs", `
#[test]
fn files() {
    assert_eq!(std::fs::read_to_string("data/input").unwrap(), "read");
    assert!(std::path::Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("Cargo.toml").exists());
}

#[test]
fn program() {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_hello")).output().unwrap();
    assert_eq!(out.stdout, b"hello 42\n");
}

#[test]
fn greeting() {
    println!("looking around");
    assert_eq!(std::env::var("GREETING").as_deref(), Ok("hello"));
}
`)
	r := rust.New(c, src, rust.Options{})
	passing, err := r.Test(ctx, rust.TestOptions{Env: map[string]string{"GREETING": "hello"}})
	require.NoError(t, err)
	var table strings.Builder
	require.NoError(t, passing.WriteTable(&table))
	require.NoError(t, passing.Err(), table.String())
	require.Equal(t, []int{5, 0, 1}, []int{passing.Total(), passing.Failed(), passing.Skipped()})
	require.Contains(t, table.String(), "skipped 1: not today\n")
	require.Contains(t, table.String(), "hello::bin/hello")
	require.Contains(t, table.String(), "hello::files")

	failing, err := r.Test(ctx, rust.TestOptions{Ignored: true})
	require.NoError(t, err)
	require.EqualError(t, failing.Err(), "2 of 5 tests failed")
	table.Reset()
	require.NoError(t, failing.WriteTable(&table))
	require.Contains(t, table.String(), "--- FAIL: hello::files greeting (")
	require.Contains(t, table.String(), "looking around\n")
	require.Contains(t, table.String(), "panicked at tests/files.rs:17:5:\n")

	chosen, err := r.Test(ctx, rust.TestOptions{Run: []string{"unit"}})
	require.NoError(t, err)
	require.NoError(t, chosen.Err())
	require.Equal(t, 1, chosen.Total())

	_, err = rust.New(c, src.WithNewFile("tests/broken.rs", "#[test]\nfn broken() { missing() }\n"), rust.Options{}).Test(ctx, rust.TestOptions{})
	var failed *dagger.ExecError
	require.ErrorAs(t, err, &failed)
	require.Contains(t, failed.Stderr, "cannot find function `missing`")
}

func TestTestsWithoutHarness(t *testing.T) {
	c, ctx := client(t), context.Background()
	src := source(c, "harness").
		WithNewFile("Cargo.toml", manifest+"\n[[test]]\nname = \"own\"\nharness = false\n").
		WithNewFile("tests/own.rs", "fn main() { eprintln!(\"own words\"); std::process::exit(3) }\n")
	results, err := rust.New(c, src, rust.Options{}).Test(ctx, rust.TestOptions{})
	require.NoError(t, err)
	require.EqualError(t, results.Err(), "1 of 1 tests failed")
	var table strings.Builder
	require.NoError(t, results.WriteTable(&table))
	require.Contains(t, table.String(), "own words\n")
}
