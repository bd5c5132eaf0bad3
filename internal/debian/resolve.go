package debian

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"pault.ag/go/debian/version"
)

// ResolveOptions says what Resolve adds to the packages asked for. The zero
// value: all they depend on, nothing else.
type ResolveOptions struct {
	// Essential adds the packages that every Debian system has.
	Essential bool
	// Without names packages to leave out, with what only they need.
	// Dependencies on them count as met.
	Without []string
	// NoDepends takes the named packages alone.
	NoDepends bool
}

// Resolve picks the named packages and all they depend on (Recommends are not
// followed), in the highest version among the source's archives. A package may
// be given as "name" or "name=version".
//
// It errs with *SignatureError, *ExpiredError, *HashError and *MirrorError for
// an archive that cannot be trusted or reached, with *NotFoundError for a
// package that it does not hold, and *ConflictError for packages that exclude
// each other.
func (s Source) Resolve(ctx context.Context, packages []string, opts ResolveOptions) (*Lock, error) {
	u, err := s.universe(ctx)
	if err != nil {
		return nil, err
	}
	r := resolver{universe: u, opts: opts, chosen: map[string]*candidate{}}
	if err := r.run(packages); err != nil {
		return nil, err
	}
	l := &Lock{Suite: s.Suite, Arch: s.arch(), Date: u.date, Requested: slices.Clone(packages), Without: slices.Clone(opts.Without)}
	for _, c := range r.chosen {
		p := LockedPackage{
			Name:      c.name(),
			Version:   c.version(),
			Filename:  c.get("Filename"),
			SHA256:    c.get("SHA256"),
			Security:  c.archive.security(),
			Essential: c.essential(),
		}
		if err := p.check(c.get("Size")); err != nil {
			return nil, fmt.Errorf("reading the index of %s: %w", c.archive.Suite, err)
		}
		l.Packages = append(l.Packages, p)
	}
	slices.SortFunc(l.Packages, func(a, b LockedPackage) int { return strings.Compare(a.Name, b.Name) })
	return l, nil
}

// universe is all packages of a source.
type universe struct {
	byName    map[string][]*candidate // highest version first
	providers map[string][]*candidate // by the name of what they provide
	date      time.Time
	suites    []string
}

// universe fetches the indexes of all archives, side by side.
func (s Source) universe(ctx context.Context) (*universe, error) {
	if len(s.Archives) == 0 {
		return nil, ErrNoMirror
	}
	found := make([][]*candidate, len(s.Archives))
	dates := make([]time.Time, len(s.Archives))
	g, ctx := errgroup.WithContext(ctx)
	for i, a := range s.Archives {
		g.Go(func() error {
			r, err := s.fetchRelease(ctx, a)
			if errors.Is(err, errNoSuite) && a.Optional {
				return nil
			}
			if err != nil {
				return err
			}
			dates[i] = r.date
			found[i], err = s.fetchIndexes(ctx, r)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("reading suite %s of the Debian archive: %w", s.Suite, err)
	}
	u := &universe{
		byName:    map[string][]*candidate{},
		providers: map[string][]*candidate{},
		date:      slices.MaxFunc(dates, time.Time.Compare),
		suites:    s.suites(),
	}
	for _, list := range found {
		for _, c := range list {
			u.byName[c.name()] = append(u.byName[c.name()], c)
		}
	}
	u.index()
	return u, nil
}

// index sorts versions, and notes what the newest of each package provides.
func (u *universe) index() {
	for _, list := range u.byName {
		if len(list) > 1 {
			slices.SortStableFunc(list, func(a, b *candidate) int { return compareVersions(b.version(), a.version()) })
		}
		newest := list[0]
		if !strings.Contains(newest.text, "\nProvides:") {
			continue
		}
		for _, p := range parseRelations(newest.get("Provides")) {
			u.providers[p[0].Name] = append(u.providers[p[0].Name], newest)
		}
	}
	for _, list := range u.providers {
		slices.SortFunc(list, func(a, b *candidate) int {
			if d := priority(a) - priority(b); d != 0 {
				return d
			}
			return strings.Compare(a.name(), b.name())
		})
	}
}

// priority orders packages that provide the same: those that most systems have first.
func priority(c *candidate) int {
	i := slices.Index([]string{"required", "important", "standard", "optional"}, c.get("Priority"))
	if i < 0 {
		return 4
	}
	return i
}

// compareVersions orders versions as dpkg does. Malformed ones sort as if empty.
func compareVersions(a, b string) int {
	va, _ := version.Parse(a)
	vb, _ := version.Parse(b)
	return version.Compare(va, vb)
}
