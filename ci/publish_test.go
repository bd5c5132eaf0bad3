package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/rogpeppe/go-internal/testscript"
	spdxjson "github.com/spdx/tools-golang/json"
	"google.golang.org/protobuf/encoding/protojson"
)

// login is that of the registry that scripts publish to.
func login(ts *testscript.TestScript) remote.Option {
	return remote.WithAuth(&authn.Basic{Username: ts.Getenv("REGISTRY_USER"), Password: ts.Getenv("REGISTRY_PASSWORD")})
}

// inRegistry DIGESTFILE TAGS... wants the tags of the reference in the file to
// name what it names.
func inRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: in-registry DIGESTFILE TAGS...")
	}
	repository, digest, _ := strings.Cut(strings.TrimSpace(ts.ReadFile(args[0])), "@")
	for _, tag := range args[1:] {
		ref, err := name.ParseReference(repository + ":" + tag)
		ts.Check(err)
		got, err := remote.Get(ref, login(ts))
		ts.Check(err)
		if got.Digest.String() != digest {
			ts.Fatalf("%s is %s, want %s", ref, got.Digest, digest)
		}
	}
}

// inArchive ARCHIVE DIGESTFILE wants an OCI archive whose index lists the digest
// of the reference in the file, or of an image in the index that this is of.
func inArchive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: in-archive ARCHIVE DIGESTFILE")
	}
	ref, err := name.NewDigest(strings.TrimSpace(ts.ReadFile(args[1])))
	ts.Check(err)
	got, err := remote.Get(ref, login(ts))
	ts.Check(err)
	digest := got.Digest
	if got.MediaType.IsIndex() {
		index, err := got.ImageIndex()
		ts.Check(err)
		manifest, err := index.IndexManifest()
		ts.Check(err)
		digest = manifest.Manifests[0].Digest
	}
	ts.Check(ts.Exec("tar", "-xOf", args[0], "index.json"))
	if !strings.Contains(ts.ReadFile("stdout"), `"digest":"`+digest.String()+`"`) {
		ts.Fatalf("the index of %s does not list %s", args[0], digest)
	}
}

// attested DIGESTFILE COUNT wants an index of COUNT images, of each of which is said
// where it comes from and what it holds, and nothing of this machine.
func attested(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: attested DIGESTFILE COUNT")
	}
	ref, err := name.NewDigest(strings.TrimSpace(ts.ReadFile(args[0])))
	ts.Check(err)
	index, err := remote.Index(ref, login(ts))
	ts.Check(err)
	manifest, err := index.IndexManifest()
	ts.Check(err)
	images, about := map[string]v1.Descriptor{}, map[string]v1.Descriptor{}
	for _, m := range manifest.Manifests {
		if m.Annotations["vnd.docker.reference.type"] != "attestation-manifest" {
			images[m.Digest.String()] = m
			continue
		}
		if m.Platform.String() != "unknown/unknown" {
			ts.Fatalf("an attestation manifest is for %s", m.Platform)
		}
		about[m.Annotations["vnd.docker.reference.digest"]] = m
	}
	if want := args[1]; jsonOf(ts, len(images)) != want || jsonOf(ts, len(about)) != want {
		ts.Fatalf("%d images and %d attestation manifests, want %s", len(images), len(about), want)
	}
	for digest, image := range images {
		runs, err := index.Image(image.Digest)
		ts.Check(err)
		ts.Check(validate.Image(runs))
		said, err := index.Image(about[digest].Digest)
		ts.Check(err)
		checkStatements(ts, said, image)
	}
}

func jsonOf(ts *testscript.TestScript, v any) string {
	data, err := json.Marshal(v)
	ts.Check(err)
	return string(data)
}

// checkStatements looks at what is said of one image.
func checkStatements(ts *testscript.TestScript, said v1.Image, image v1.Descriptor) {
	manifest, err := said.Manifest()
	ts.Check(err)
	host, err := os.Hostname()
	ts.Check(err)
	var types []string
	for _, desc := range manifest.Layers {
		layer, err := said.LayerByDigest(desc.Digest)
		ts.Check(err)
		r, err := layer.Compressed()
		ts.Check(err)
		var raw bytes.Buffer
		_, err = raw.ReadFrom(r)
		ts.Check(err)
		for _, secret := range []string{ts.Getenv("WORK"), host, ts.Getenv("REGISTRY_PASSWORD"), os.TempDir(), "planted-token"} {
			if strings.Contains(raw.String(), secret) {
				ts.Fatalf("a statement tells of %s: %s", secret, raw.String())
			}
		}
		statement := &intoto.Statement{}
		ts.Check(protojson.Unmarshal(raw.Bytes(), statement))
		ts.Check(statement.Validate())
		if got := statement.Subject[0].Digest["sha256"]; got != image.Digest.Hex {
			ts.Fatalf("a statement is about %s, want %s", got, image.Digest)
		}
		if statement.PredicateType != desc.Annotations["in-toto.io/predicate-type"] {
			ts.Fatalf("a statement of type %s is announced as %s", statement.PredicateType, desc.Annotations["in-toto.io/predicate-type"])
		}
		types = append(types, statement.PredicateType)
		checkPredicate(ts, statement, image)
	}
	if got, want := jsonOf(ts, types), `["https://slsa.dev/provenance/v1","https://spdx.dev/Document"]`; got != want {
		ts.Fatalf("statements are of types %s, want %s", got, want)
	}
}

func checkPredicate(ts *testscript.TestScript, statement *intoto.Statement, image v1.Descriptor) {
	raw, err := protojson.Marshal(statement.Predicate)
	ts.Check(err)
	if statement.PredicateType == "https://slsa.dev/provenance/v1" {
		p := &provenance.Provenance{}
		ts.Check(protojson.Unmarshal(raw, p))
		ts.Check(p.Validate())
		if got, want := p.RunDetails.Metadata.InvocationId, "https://git.example.com/Team/Project/actions/runs/7"; got != want {
			ts.Fatalf("the provenance names the run %s, want %s", got, want)
		}
		parameters := p.BuildDefinition.ExternalParameters.AsMap()
		if parameters["platform"] != image.Platform.String() || parameters["command"] != "publish" || parameters["application"] != "hello" || parameters["commit"] != ts.Getenv("GITHUB_SHA") {
			ts.Fatalf("the provenance of an image for %s says %v", image.Platform, parameters)
		}
		return
	}
	doc, err := spdxjson.Read(bytes.NewReader(raw))
	ts.Check(err)
	var found []string
	for _, p := range doc.Packages {
		for _, ref := range p.PackageExternalReferences {
			found = append(found, ref.Locator)
		}
	}
	if all := jsonOf(ts, found); !strings.Contains(all, `"pkg:golang/example.com/published`) || !strings.Contains(all, `"pkg:golang/stdlib@1.`) {
		ts.Fatalf("the SBOM names %s", all)
	}
}
