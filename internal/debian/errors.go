package debian

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoMirror says that neither the environment nor the host's apt
// configuration names a mirror of the Debian archive.
var ErrNoMirror = errors.New("no Debian mirror: the apt configuration of this host names none; set " +
	MirrorEnv + " to the URL of one, such as http://HOST/debian")

// SignatureError says that a Release file carries no valid signature by a key
// of the keyring.
type SignatureError struct {
	URL string // the InRelease file
	Err error
}

func (e *SignatureError) Error() string {
	return fmt.Sprintf("the signature of %s is not valid: %v; nothing of this mirror was used "+
		"(a proxy may alter the file, or the mirror may not be a Debian archive)", e.URL, e.Err)
}

func (e *SignatureError) Unwrap() error { return e.Err }

// ExpiredError says that a Release file is past its Valid-Until date.
type ExpiredError struct {
	URL   string
	Until string // as the file states it
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("%s expired on %s: the mirror is stale or an old snapshot "+
		"(to use one on purpose, set Acquire::Check-Valid-Until \"false\" in /etc/apt/apt.conf.d, as for apt)", e.URL, e.Until)
}

// HashError says that a file is not the one the signed index or the lock names.
type HashError struct {
	URL               string
	Want, Got         string // SHA-256, hexadecimal; empty when the size differs
	WantSize, GotSize int64  // bytes
}

func (e *HashError) Error() string {
	if e.WantSize != e.GotSize {
		return fmt.Sprintf("%s has %d bytes or more where %d were expected", e.URL, e.GotSize, e.WantSize)
	}
	return fmt.Sprintf("%s has SHA-256 %s, expected %s", e.URL, e.Got, e.Want)
}

// NotFoundError says that no archive of the source holds a package, in the
// version asked for.
type NotFoundError struct {
	Package    string // as asked: a name or a relation such as "libc6 (>= 2.40)"
	RequiredBy string // the package that depends on it; empty for a requested one
	Suites     []string
}

func (e *NotFoundError) Error() string {
	by := ""
	if e.RequiredBy != "" {
		by = ", needed by " + e.RequiredBy + ","
	}
	return fmt.Sprintf("package %s%s is not in %s", e.Package, by, strings.Join(e.Suites, ", "))
}

// ConflictError says that two of the chosen packages cannot be installed together.
type ConflictError struct {
	Package, With string
	Relation      string // as the package states it
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("packages %s and %s cannot be installed together: %s states %q", e.Package, e.With, e.Package, e.Relation)
}

// MirrorError says that a mirror did not deliver a file.
type MirrorError struct {
	URL    string
	Status int // HTTP status, 0 when there was no answer
	Err    error
}

func (e *MirrorError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("downloading %s: HTTP status %d", e.URL, e.Status)
	}
	return fmt.Sprintf("downloading %s: %v", e.URL, e.Err)
}

func (e *MirrorError) Unwrap() error { return e.Err }

// GoneError says that a mirror no longer has a package that a lock names.
type GoneError struct {
	Package, Version string
	URLs             []string // where it was looked for
}

func (e *GoneError) Error() string {
	return fmt.Sprintf("%s %s is no longer on the mirror (looked at %s): refresh the lock by resolving its packages again, or set %s to a snapshot archive that keeps old versions",
		e.Package, e.Version, strings.Join(e.URLs, ", "), SnapshotEnv)
}

// LockError says what is wrong with a lock file.
type LockError struct {
	Path   string // empty for a lock that is not a file
	Line   int    // 1-based, 0 when the file as a whole is meant
	Reason string
}

func (e *LockError) Error() string {
	where := "lock"
	if e.Path != "" {
		where += " " + e.Path
	}
	if e.Line > 0 {
		where += fmt.Sprintf(", line %d", e.Line)
	}
	return where + ": " + e.Reason
}

// PackageError says that a package could not be read or unpacked.
type PackageError struct {
	Package string
	Err     error
}

func (e *PackageError) Error() string {
	return fmt.Sprintf("unpacking package %s: %v", e.Package, e.Err)
}

func (e *PackageError) Unwrap() error { return e.Err }
