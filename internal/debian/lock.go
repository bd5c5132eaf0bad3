package debian

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pault.ag/go/debian/version"
)

// Lock names the exact packages of a root file system: what Resolve chose. The
// same lock gives the same files everywhere.
type Lock struct {
	Suite     string
	Arch      string          // Debian's name, such as "amd64"
	Date      time.Time       // of the newest Release file used, UTC, to the second
	Requested []string        // as given to Resolve
	Without   []string        // left out on request
	Packages  []LockedPackage // sorted by name
}

// LockedPackage is one package of a Lock.
type LockedPackage struct {
	Name      string
	Version   string
	Filename  string // path below the mirror
	SHA256    string // of the .deb file, hexadecimal
	Size      int64  // of the .deb file, bytes
	Security  bool   // from the security archive
	Essential bool
}

const lockFormat = "1"

// Text returns the lock as it is written to a file: a control file whose
// first paragraph describes the whole, one package per further paragraph.
func (l *Lock) Text() string {
	var b strings.Builder
	put := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	b.WriteString("# Debian packages, pinned. Written by a program: change the request, then resolve again.\n")
	put("Format", lockFormat)
	put("Suite", l.Suite)
	put("Architecture", l.Arch)
	put("Date", l.Date.UTC().Format(time.RFC3339))
	put("Requested", strings.Join(l.Requested, " "))
	put("Without", strings.Join(l.Without, " "))
	for _, p := range l.Packages {
		b.WriteString("\n")
		put("Package", p.Name)
		put("Version", p.Version)
		if p.Security {
			put("Archive", "security")
		}
		put("Filename", p.Filename)
		put("Size", strconv.FormatInt(p.Size, 10))
		put("SHA256", p.SHA256)
		if p.Essential {
			put("Essential", "yes")
		}
	}
	return b.String()
}

// Digest identifies what the lock unpacks to: the SHA-256, hexadecimal, over
// the architecture and the packages. Dates and requests do not change it.
func (l *Lock) Digest() string {
	h := sha256.New()
	fmt.Fprintln(h, l.Arch)
	for _, p := range l.Packages {
		fmt.Fprintln(h, p.Name, p.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Package returns the package of that name, or nil.
func (l *Lock) Package(name string) *LockedPackage {
	for i := range l.Packages {
		if l.Packages[i].Name == name {
			return &l.Packages[i]
		}
	}
	return nil
}

// Only returns a lock of the named packages alone, without what they depend
// on. It errs with *NotFoundError for a package that the lock does not name.
func (l *Lock) Only(names ...string) (*Lock, error) {
	few := *l
	few.Requested, few.Packages = names, nil
	for _, name := range slices.Sorted(slices.Values(names)) {
		p := l.Package(name)
		if p == nil {
			return nil, &NotFoundError{Package: name, Suites: []string{"the lock"}}
		}
		few.Packages = append(few.Packages, *p)
	}
	return &few, nil
}

// Write puts the lock into a file, at once or not at all.
func (l *Lock) Write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing lock %s: %w", path, err)
	}
	err := writeFile(path, 0o644, func(f *os.File) error {
		_, err := f.WriteString(l.Text())
		return err
	})
	if err != nil {
		return fmt.Errorf("writing lock %s: %w", path, err)
	}
	return nil
}

// ReadLock reads a lock file. A malformed one gives a *LockError.
func ReadLock(path string) (*Lock, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &LockError{Path: path, Reason: "the file does not exist"}
	}
	if err != nil {
		return nil, fmt.Errorf("reading lock: %w", err)
	}
	l, err := ParseLock(string(text))
	var le *LockError
	if errors.As(err, &le) {
		le.Path = path
	}
	return l, err
}

// ParseLock reads what Text wrote. A malformed text gives a *LockError.
func ParseLock(text string) (*Lock, error) {
	var l *Lock
	for st := range stanzas(text) {
		if err := checkFields(st); err != nil {
			return nil, err
		}
		var err error
		if l == nil {
			l, err = lockHead(st)
		} else {
			err = l.add(st)
		}
		if err != nil {
			return nil, err
		}
	}
	if l == nil || len(l.Packages) == 0 {
		return nil, &LockError{Reason: "it names no packages"}
	}
	return l, nil
}

func checkFields(st stanza) error {
	for _, f := range st {
		if f.name == "" {
			return &LockError{Line: f.line, Reason: fmt.Sprintf("%q is not a field", strings.TrimSpace(f.value))}
		}
	}
	return nil
}

func lockHead(st stanza) (*Lock, error) {
	line := st[0].line
	if f := st.get("Format"); f != lockFormat {
		return nil, &LockError{Line: line, Reason: fmt.Sprintf("format %q where %q is understood", f, lockFormat)}
	}
	l := &Lock{
		Suite:     st.get("Suite"),
		Arch:      st.get("Architecture"),
		Requested: strings.Fields(st.get("Requested")),
	}
	if without := strings.Fields(st.get("Without")); len(without) > 0 {
		l.Without = without
	}
	if l.Suite == "" || l.Arch == "" {
		return nil, &LockError{Line: line, Reason: "Suite or Architecture is missing"}
	}
	date, err := time.Parse(time.RFC3339, st.get("Date"))
	if err != nil {
		return nil, &LockError{Line: line, Reason: fmt.Sprintf("date %q is not of the form 2006-01-02T15:04:05Z", st.get("Date"))}
	}
	l.Date = date.UTC()
	return l, nil
}

var (
	validName   = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]*$`)
	validSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)
	validFile   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9+._~:%-]*(/[A-Za-z0-9][A-Za-z0-9+._~:%-]*)*\.deb$`)
)

func (l *Lock) add(st stanza) error {
	p := LockedPackage{
		Name:      st.get("Package"),
		Version:   st.get("Version"),
		Filename:  st.get("Filename"),
		SHA256:    st.get("SHA256"),
		Security:  st.get("Archive") == "security",
		Essential: st.get("Essential") == "yes",
	}
	if err := p.check(st.get("Size")); err != nil {
		return &LockError{Line: st[0].line, Reason: err.Error()}
	}
	if l.Package(p.Name) != nil {
		return &LockError{Line: st[0].line, Reason: "package " + p.Name + " is named twice"}
	}
	l.Packages = append(l.Packages, p)
	slices.SortFunc(l.Packages, func(a, b LockedPackage) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// check refuses values that cannot come from an archive, and sets the size.
func (p *LockedPackage) check(size string) (err error) {
	if !validName.MatchString(p.Name) {
		return fmt.Errorf("%q is not a package name", p.Name)
	}
	if _, err := version.Parse(p.Version); err != nil {
		return fmt.Errorf("package %s: version %q: %w", p.Name, p.Version, err)
	}
	if !validFile.MatchString(p.Filename) {
		return fmt.Errorf("package %s: %q is not a path of an archive", p.Name, p.Filename)
	}
	if !validSHA256.MatchString(p.SHA256) {
		return fmt.Errorf("package %s: %q is not a SHA-256", p.Name, p.SHA256)
	}
	if p.Size, err = strconv.ParseInt(size, 10, 64); err != nil || p.Size <= 0 {
		return fmt.Errorf("package %s: %q is not a size in bytes", p.Name, size)
	}
	return nil
}
