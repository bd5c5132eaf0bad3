package main

import (
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"
)

// inRegistry DIGESTFILE TAGS... wants the tags of the reference in the file to
// name what it names.
func inRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: in-registry DIGESTFILE TAGS...")
	}
	repository, digest, _ := strings.Cut(strings.TrimSpace(ts.ReadFile(args[0])), "@")
	auth := remote.WithAuth(&authn.Basic{Username: ts.Getenv("REGISTRY_USER"), Password: ts.Getenv("REGISTRY_PASSWORD")})
	for _, tag := range args[1:] {
		ref, err := name.ParseReference(repository + ":" + tag)
		ts.Check(err)
		got, err := remote.Get(ref, auth)
		ts.Check(err)
		if got.Digest.String() != digest {
			ts.Fatalf("%s is %s, want %s", ref, got.Digest, digest)
		}
	}
}

// inArchive ARCHIVE DIGESTFILE wants an OCI archive whose index lists the digest
// of the reference in the file.
func inArchive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: in-archive ARCHIVE DIGESTFILE")
	}
	_, digest, _ := strings.Cut(strings.TrimSpace(ts.ReadFile(args[1])), "@")
	ts.Check(ts.Exec("tar", "-xOf", args[0], "index.json"))
	if !strings.Contains(ts.ReadFile("stdout"), `"digest":"`+digest+`"`) {
		ts.Fatalf("the index of %s does not list %s", args[0], digest)
	}
}
