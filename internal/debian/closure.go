package debian

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pault.ag/go/debian/dependency"
	"pault.ag/go/debian/version"
)

// relation is a dependency: alternatives of which one must be met.
type relation []dependency.Possibility

// parseRelations reads a field such as Depends. What cannot be read counts as
// absent: archives are machine-made, and a relation to a name that does not
// exist is reported where it matters.
func parseRelations(value string) []relation {
	if value == "" {
		return nil
	}
	dep, err := dependency.Parse(value)
	if err != nil {
		return nil
	}
	var list []relation
	for _, r := range dep.Relations {
		if len(r.Possibilities) > 0 {
			list = append(list, r.Possibilities)
		}
	}
	return list
}

// resolver chooses packages: requested and essential ones first, then breadth
// first what they need, so that the order of the result depends on nothing else.
type resolver struct {
	*universe
	opts     ResolveOptions
	chosen   map[string]*candidate
	provided map[string][]*candidate // chosen packages by what they provide
	queue    []*candidate
}

func (r *resolver) run(packages []string) error {
	r.provided = map[string][]*candidate{}
	for _, p := range packages {
		c, err := r.requested(p)
		if err != nil {
			return err
		}
		r.choose(c)
	}
	if r.opts.Essential {
		for _, name := range slices.Sorted(maps.Keys(r.byName)) {
			if c := r.byName[name][0]; c.essential() && !r.without(name) {
				r.choose(c)
			}
		}
	}
	if r.opts.NoDepends {
		return nil
	}
	for len(r.queue) > 0 {
		c := r.queue[0]
		r.queue = r.queue[1:]
		for _, f := range []string{"Pre-Depends", "Depends"} {
			for _, rel := range parseRelations(c.get(f)) {
				if err := r.satisfy(c, rel); err != nil {
					return err
				}
			}
		}
	}
	return r.checkConflicts()
}

// requested finds a package given as "name" or "name=version".
func (r *resolver) requested(spec string) (*candidate, error) {
	name, want, exact := strings.Cut(spec, "=")
	list := r.byName[name]
	if len(list) == 0 {
		list = r.providers[name]
	}
	for _, c := range list {
		if !exact || c.version() == want {
			return c, nil
		}
	}
	return nil, &NotFoundError{Package: spec, Suites: r.suites}
}

func (r *resolver) without(name string) bool { return slices.Contains(r.opts.Without, name) }

func (r *resolver) choose(c *candidate) {
	if r.chosen[c.name()] != nil {
		return
	}
	r.chosen[c.name()] = c
	r.queue = append(r.queue, c)
	for _, p := range parseRelations(c.get("Provides")) {
		r.provided[p[0].Name] = append(r.provided[p[0].Name], c)
	}
}

// satisfy makes sure that one alternative of a dependency is chosen.
func (r *resolver) satisfy(by *candidate, rel relation) error {
	for _, p := range rel {
		if r.without(p.Name) || r.met(p) {
			return nil
		}
	}
	for _, p := range rel {
		if c := r.find(p); c != nil {
			r.choose(c)
			return nil
		}
	}
	return &NotFoundError{Package: describe(rel), RequiredBy: by.name(), Suites: r.suites}
}

// met says whether a chosen package is what p asks for.
func (r *resolver) met(p dependency.Possibility) bool {
	if c := r.chosen[p.Name]; c != nil && fits(p, c.version()) {
		return true
	}
	return slices.ContainsFunc(r.provided[p.Name], func(c *candidate) bool { return provides(c, p) })
}

// find returns the package to choose for p: one of that name, else one that
// provides it. A package chosen in another version is not replaced.
func (r *resolver) find(p dependency.Possibility) *candidate {
	for _, c := range r.byName[p.Name] {
		if fits(p, c.version()) && r.chosen[p.Name] == nil {
			return c
		}
	}
	for _, c := range r.providers[p.Name] {
		if provides(c, p) && r.chosen[c.name()] == nil && !r.without(c.name()) {
			return c
		}
	}
	return nil
}

// fits says whether a version is within the range p gives, if it gives one.
func fits(p dependency.Possibility, have string) bool {
	if p.Version == nil {
		return true
	}
	v, err := version.Parse(have)
	return err == nil && p.Version.SatisfiedBy(v)
}

// provides says whether c provides what p asks for. A range is met only by a
// provided version.
func provides(c *candidate, p dependency.Possibility) bool {
	for _, rel := range parseRelations(c.get("Provides")) {
		if rel[0].Name != p.Name {
			continue
		}
		if p.Version == nil || rel[0].Version != nil && fits(p, rel[0].Version.Number) {
			return true
		}
	}
	return false
}

// checkConflicts refuses sets that dpkg would refuse.
func (r *resolver) checkConflicts() error {
	for _, name := range slices.Sorted(maps.Keys(r.chosen)) {
		c := r.chosen[name]
		for _, f := range []string{"Conflicts", "Breaks"} {
			for _, rel := range parseRelations(c.get(f)) {
				if other := r.conflicting(c, rel[0]); other != nil {
					return &ConflictError{Package: name, With: other.name(), Relation: f + ": " + describe(rel)}
				}
			}
		}
	}
	return nil
}

func (r *resolver) conflicting(c *candidate, p dependency.Possibility) *candidate {
	if other := r.chosen[p.Name]; other != nil && other != c && fits(p, other.version()) {
		return other
	}
	for _, other := range r.provided[p.Name] {
		if other != c && provides(other, p) {
			return other
		}
	}
	return nil
}

func describe(rel relation) string {
	var parts []string
	for _, p := range rel {
		s := p.Name
		if p.Version != nil {
			s += fmt.Sprintf(" (%s %s)", p.Version.Operator, p.Version.Number)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " | ")
}
