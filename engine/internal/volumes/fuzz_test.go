package volumes

import "testing"

// FuzzManifest reads what a registry may answer where a cache volume is asked for.
func FuzzManifest(f *testing.F) {
	_, good, err := manifest(&Snapshot{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"artifactType":"` + ArtifactType + `","config":{"mediaType":"` + IndexType + `","digest":"sha256:../x","size":-1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		snapshot, err := snapshotOf(data)
		if err != nil {
			return
		}
		for _, desc := range append(snapshot.Packs, snapshot.Index) {
			if desc.Size < 0 || desc.Digest.Validate() != nil {
				t.Fatalf("%v was taken", desc)
			}
		}
	})
}
