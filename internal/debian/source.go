package debian

import (
	"net/http"
	"runtime"
	"time"
)

// Source is where packages come from: the archives of one suite, and how to
// reach and trust them. HostSource fills one in; the zero values of the other
// fields are the recommended ones.
type Source struct {
	Suite    string    // code name, such as "trixie"
	Archives []Archive // searched together, the highest version wins
	Arch     string    // Debian's name, "amd64" or "arm64"; empty: the host's

	// Keyring holds OpenPGP public keys, binary or armoured. Empty: the keys of
	// the Debian archive that come with this package.
	Keyring []byte
	// AllowExpired accepts Release files past their Valid-Until date.
	AllowExpired bool
	// Snapshot is the URL of a snapshot archive (SNAPSHOT/debian/TIMESTAMP/…),
	// asked for packages that the mirror no longer has. Empty: none.
	Snapshot string

	// CacheDir keeps indexes and packages. Empty: debian/ in Bodkin's cache folder.
	CacheDir string
	// Client makes the requests. Empty: one with the host's proxies and CA bundle.
	Client *http.Client
	// Patience is how long a mirror may stay silent before a request ends.
	// Zero: 12 s.
	Patience time.Duration
}

// Archive is one suite of one mirror.
type Archive struct {
	Mirror     string   // URL of the folder that holds dists/ and pool/
	Suite      string   // folder below dists/, such as "trixie-updates"
	Components []string // empty: main
	// Optional says that the archive is left out when the mirror has no such suite.
	Optional bool
}

// security says whether the archive is the security archive, whose packages
// lie at another mirror than all others.
func (a Archive) security() bool { return isSecuritySuite(a.Suite) }

func (a Archive) components() []string {
	if len(a.Components) == 0 {
		return []string{"main"}
	}
	return a.Components
}

func (s Source) arch() string {
	if s.Arch != "" {
		return s.Arch
	}
	return HostArch()
}

// HostArch is Debian's name for the architecture this program runs on.
func HostArch() string { return Arch(runtime.GOARCH) }

// Arch is Debian's name for an architecture that Go calls goarch.
func Arch(goarch string) string {
	switch goarch {
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	case "ppc64le":
		return "ppc64el"
	}
	return goarch
}

// suites names the suites searched, for messages.
func (s Source) suites() []string {
	var names []string
	for _, a := range s.Archives {
		names = append(names, a.Suite)
	}
	return names
}
