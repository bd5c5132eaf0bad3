package debian

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ConfigureScript is the path, in the root that WriteLayer writes, of the shell
// script that finishes the installation of its packages. It runs as root,
// inside the container, and removes itself.
const ConfigureScript = "/usr/lib/bodkin/configure"

// configureScript does what dpkg would have done while unpacking, run the
// preinst scripts, and lets dpkg configure everything. A preinst may use what
// its package pre-depends on, so that is configured before. All scripts may use
// the essential packages without saying so: those come first.
// Dates that scripts write into files are those of the newest file.
func configureScript(lock *Lock, control []map[string][]byte, newest time.Time) string {
	c := &configurer{lock: lock, control: control, index: map[string]int{}, planned: map[int]bool{}, configured: map[int]bool{}}
	for i, p := range lock.Packages {
		c.index[p.Name] = i
	}
	for i := range lock.Packages {
		for _, rel := range c.relations(i, "Provides") {
			if _, taken := c.index[rel[0].Name]; !taken {
				c.index[rel[0].Name] = i
			}
		}
	}
	fmt.Fprintf(&c.b, scriptHead, newest.Unix())
	// Scripts of all other packages may expect the accounts it creates.
	if i, ok := c.index["base-passwd"]; ok {
		c.plan(i)
	}
	essential := map[int]bool{}
	for i, p := range lock.Packages {
		if p.Essential {
			c.collect(i, essential)
		}
	}
	for _, i := range slices.Sorted(maps.Keys(essential)) {
		c.plan(i)
	}
	c.configure(essential)
	for i := range lock.Packages {
		c.plan(i)
	}
	c.b.WriteString("dpkg --configure --pending\n")
	fmt.Fprintf(&c.b, "rm -r %s\n", strings.TrimSuffix(ConfigureScript, "/configure"))
	return c.b.String()
}

const scriptHead = `#!/bin/sh
set -eu
exec < /dev/null
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=%d
preinst() {
	DPKG_MAINTSCRIPT_PACKAGE=$1 DPKG_MAINTSCRIPT_ARCH=$2 DPKG_MAINTSCRIPT_NAME=preinst DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1 \
	DPKG_ADMINDIR=/var/lib/dpkg DPKG_ROOT= "/var/lib/dpkg/info/$3.preinst" install
}
`

type configurer struct {
	lock       *Lock
	control    []map[string][]byte
	index      map[string]int // packages and what they provide
	planned    map[int]bool
	configured map[int]bool
	b          strings.Builder
}

func (c *configurer) relations(i int, field string) []relation {
	for st := range stanzas(string(c.control[i]["control"])) {
		return parseRelations(strings.ReplaceAll(st.get(field), "\n", " "))
	}
	return nil
}

// plan writes the steps up to a package's preinst.
func (c *configurer) plan(i int) {
	if c.planned[i] {
		return
	}
	c.planned[i] = true
	if c.control[i]["preinst"] == nil {
		return
	}
	need := map[int]bool{}
	for _, j := range c.needs(i, "Pre-Depends") {
		c.collect(j, need)
	}
	delete(need, i)
	for _, j := range slices.Sorted(maps.Keys(need)) {
		c.plan(j)
	}
	c.configure(need)
	db := &database{lock: c.lock, control: c.control}
	fmt.Fprintf(&c.b, "preinst %s %s %s\n", c.lock.Packages[i].Name, db.head(i).get("Architecture"), db.infoName(i))
}

// configure writes the step that configures those of the packages that are not
// yet configured by then.
func (c *configurer) configure(packages map[int]bool) {
	var now []string
	for _, i := range slices.Sorted(maps.Keys(packages)) {
		if !c.configured[i] {
			c.configured[i] = true
			now = append(now, c.lock.Packages[i].Name)
		}
	}
	if len(now) > 0 {
		fmt.Fprintf(&c.b, "dpkg --configure %s\n", strings.Join(now, " "))
	}
}

// collect adds a package and all it needs to work.
func (c *configurer) collect(i int, need map[int]bool) {
	if need[i] {
		return
	}
	need[i] = true
	for _, f := range []string{"Pre-Depends", "Depends"} {
		for _, j := range c.needs(i, f) {
			c.collect(j, need)
		}
	}
}

// needs lists the packages of the lock that meet a package's relations.
func (c *configurer) needs(i int, field string) []int {
	var list []int
	for _, rel := range c.relations(i, field) {
		for _, p := range rel {
			if j, ok := c.index[p.Name]; ok {
				list = append(list, j)
				break
			}
		}
	}
	return list
}
