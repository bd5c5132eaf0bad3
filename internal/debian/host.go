package debian

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Environment variables that say where packages come from.
const (
	// MirrorEnv is the URL of the mirror (the folder with dists/ and pool/),
	// instead of the one in the host's apt configuration.
	MirrorEnv = "BODKIN_DEBIAN_MIRROR"
	// SecurityMirrorEnv is the same for the security archive. Without it, a
	// mirror named …/debian is expected to have a …/debian-security beside it;
	// "none" says that there is no security archive.
	SecurityMirrorEnv = "BODKIN_DEBIAN_SECURITY_MIRROR"
	// SnapshotEnv is the URL of a snapshot archive, asked for packages that the
	// mirror dropped.
	SnapshotEnv = "BODKIN_DEBIAN_SNAPSHOT"
)

// DefaultSuite is the suite used where none is named.
const DefaultSuite = "trixie"

// HostSource returns the source of a suite ("" for DefaultSuite) on the mirrors
// this host uses: those of the environment (MirrorEnv), else of its apt
// configuration. It errs with ErrNoMirror where neither names one.
func HostSource(suite string) (Source, error) {
	return hostSource(suite, os.Getenv, "/etc/apt")
}

// MirrorSource is HostSource with a mirror of the caller's choice; an empty
// mirror means the host's.
func MirrorSource(suite, mirror string) (Source, error) {
	return hostSource(suite, func(name string) string {
		if name == MirrorEnv && mirror != "" {
			return mirror
		}
		return os.Getenv(name)
	}, "/etc/apt")
}

func hostSource(suite string, getenv func(string) string, aptDir string) (Source, error) {
	if suite == "" {
		suite = DefaultSuite
	}
	if strings.ContainsAny(suite, "/ \t") {
		return Source{}, fmt.Errorf("%q is not the name of a Debian suite", suite)
	}
	conf := readAptConf(aptDir)
	s := Source{Suite: suite, Snapshot: getenv(SnapshotEnv), AllowExpired: conf["acquire::check-valid-until"] == "false"}
	mirror, security := getenv(MirrorEnv), getenv(SecurityMirrorEnv)
	if mirror == "" {
		mirror, security = aptMirrors(aptDir, security)
	}
	optional := security == ""
	switch security {
	case "":
		security = besideSecurity(mirror)
	case "none":
		security = ""
	}
	if mirror == "" {
		return Source{}, ErrNoMirror
	}
	for _, m := range []string{mirror, security} {
		if u, err := url.Parse(m); m != "" && (err != nil || u.Host == "" || !slices.Contains([]string{"http", "https"}, u.Scheme)) {
			return Source{}, fmt.Errorf("%q is not the http or https URL of a Debian mirror (set %s)", m, MirrorEnv)
		}
	}
	s.Archives = archivesOf(suite, mirror, security, optional)
	return s, nil
}

// archivesOf lists what a suite is made of: unstable is one archive, releases
// and testing have updates and security beside them.
func archivesOf(suite, mirror, security string, optional bool) []Archive {
	list := []Archive{{Mirror: mirror, Suite: suite}}
	if slices.Contains([]string{"sid", "unstable", "experimental", "rc-buggy"}, suite) {
		return list
	}
	list = append(list, Archive{Mirror: mirror, Suite: suite + "-updates", Optional: true})
	if security != "" {
		list = append(list, Archive{Mirror: security, Suite: suite + "-security", Optional: optional})
	}
	return list
}

// besideSecurity guesses the security archive of a mirror from the usual
// layout; "" where the mirror's name does not tell.
func besideSecurity(mirror string) string {
	base, ok := strings.CutSuffix(strings.TrimRight(mirror, "/"), "/debian")
	if !ok {
		return ""
	}
	return base + "/debian-security"
}

func isSecuritySuite(suite string) bool {
	return strings.HasSuffix(suite, "-security") || strings.HasSuffix(suite, "/updates")
}
