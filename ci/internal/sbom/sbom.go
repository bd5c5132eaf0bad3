// Package sbom lists what an image holds, as an SPDX document: Debian packages by
// dpkg's database, Go modules by what programs say of themselves, crates by the lock
// file of the source. Start with Of.
package sbom

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	packageurl "github.com/package-url/packageurl-go"
	"github.com/spdx/tools-golang/spdx/v2/common"
	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
)

// Image is what a document is about.
type Image struct {
	Name   string        // what it is published as, without tag
	Digest digest.Digest // of the manifest
	Root   string        // folder with its files
	Source string        // folder of the application, for lock files
	Time   time.Time     // when it was made; the Unix epoch where that is not known
}

const (
	documentID = "DOCUMENT"
	imageID    = "Image"
	tool       = "bodkin"
)

// Of returns the document. The same image gives the same one.
func Of(img Image) (*spdx.Document, error) {
	root, err := os.OpenRoot(img.Root)
	if err != nil {
		return nil, fmt.Errorf("opening the files of the image: %w", err)
	}
	defer root.Close()
	var all []component
	for _, list := range []func() ([]component, error){
		func() ([]component, error) { return debianPackages(root) },
		func() ([]component, error) { return goModules(root) },
		func() ([]component, error) { return crates(img.Source) },
	} {
		found, err := list()
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return img.document(distinct(all)), nil
}

func (img Image) document(all []component) *spdx.Document {
	if img.Time.IsZero() {
		img.Time = time.Unix(0, 0)
	}
	doc := &spdx.Document{
		SPDXVersion: spdx.Version, DataLicense: spdx.DataLicense, SPDXIdentifier: documentID,
		DocumentName:      img.Name,
		DocumentNamespace: "https://github.com/bodkin-ci/bodkin/sbom/" + img.Digest.Algorithm().String() + "/" + img.Digest.Encoded(),
		CreationInfo: &spdx.CreationInfo{
			Created:  img.Time.UTC().Format(time.RFC3339),
			Creators: []common.Creator{{CreatorType: "Tool", Creator: tool}},
		},
		Packages: []*spdx.Package{{
			PackageName: img.Name, PackageSPDXIdentifier: imageID, PackageVersion: img.Digest.String(),
			PackageDownloadLocation: "NOASSERTION", PrimaryPackagePurpose: "CONTAINER",
			PackageChecksums: []common.Checksum{{Algorithm: common.SHA256, Value: img.Digest.Encoded()}},
		}},
		Relationships: []*spdx.Relationship{relation(documentID, common.TypeRelationshipDescribe, imageID)},
	}
	for i, c := range all {
		id := common.ElementID(fmt.Sprintf("Package-%d", i+1))
		doc.Packages = append(doc.Packages, c.spdx(id))
		doc.Relationships = append(doc.Relationships, relation(imageID, common.TypeRelationshipContains, id))
	}
	return doc
}

func relation(from common.ElementID, kind string, to common.ElementID) *spdx.Relationship {
	return &spdx.Relationship{
		RefA: common.MakeDocElementID("", string(from)), Relationship: kind, RefB: common.MakeDocElementID("", string(to)),
	}
}

func (c component) spdx(id common.ElementID) *spdx.Package {
	p := &spdx.Package{
		PackageName: c.name(), PackageSPDXIdentifier: id, PackageVersion: c.url.Version,
		PackageDownloadLocation: "NOASSERTION", PackageSourceInfo: "named by " + c.from,
		PackageExternalReferences: []*spdx.PackageExternalReference{{
			Category: common.CategoryPackageManager, RefType: common.TypePackageManagerPURL, Locator: c.url.ToString(),
		}},
	}
	if c.supplier != "" {
		p.PackageSupplier = &common.Supplier{SupplierType: "Organization", Supplier: c.supplier}
	}
	if sum, ok := strings.CutPrefix(c.url.Qualifiers.Map()["checksum"], "sha256:"); ok && c.url.Type == packageurl.TypeCargo {
		p.PackageChecksums = []common.Checksum{{Algorithm: common.SHA256, Value: sum}}
	}
	return p
}
