package debian

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// database is /var/lib/dpkg of a root whose packages are unpacked and not yet
// configured.
type database struct {
	lock    *Lock
	control []map[string][]byte
	listed  []map[string]string // by package: path in the root → path in its list
	order   [][]string          // by package: paths in the root, as unpacked
	conf    []map[string]bool   // by package: its configuration files
}

type dbFile struct {
	mode int64
	text []byte
}

func newDatabase(lock *Lock, control []map[string][]byte) *database {
	db := &database{lock: lock, control: control}
	for i := range lock.Packages {
		db.listed = append(db.listed, map[string]string{})
		db.order = append(db.order, nil)
		conf := map[string]bool{}
		for line := range strings.Lines(string(control[i]["conffiles"])) {
			// Lines with a flag in front, such as remove-on-upgrade, name files
			// that the package does not ship.
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
				conf[line] = true
			}
		}
		db.conf = append(db.conf, conf)
	}
	return db
}

// record notes that a member was laid down.
func (db *database) record(m member) {
	if m.pkg < 0 {
		return
	}
	if m.over >= 0 {
		delete(db.listed[m.over], m.Name)
	}
	if _, twice := db.listed[m.pkg][m.Name]; !twice {
		db.order[m.pkg] = append(db.order[m.pkg], m.Name)
	}
	db.listed[m.pkg][m.Name] = m.listed
}

// conffile says whether a member is a configuration file, which dpkg manages.
func (db *database) conffile(m member) bool {
	return m.pkg >= 0 && m.Typeflag == '0' && db.conf[m.pkg][m.listed]
}

// files returns the database by path, relative to the root.
func (db *database) files() map[string]dbFile {
	const dir = "var/lib/dpkg/"
	files := map[string]dbFile{
		dir + "available":    {mode: 0o644},
		dir + "diversions":   {mode: 0o644},
		dir + "statoverride": {mode: 0o644},
		dir + "info/format":  {mode: 0o644, text: []byte("1\n")},
		dir + "status":       {mode: 0o644, text: db.status()},
	}
	for i := range db.lock.Packages {
		base := dir + "info/" + db.infoName(i) + "."
		files[base+"list"] = dbFile{mode: 0o644, text: db.list(i)}
		for name, text := range db.control[i] {
			mode := int64(0o644)
			switch name {
			case "control":
				continue
			case "preinst", "postinst", "prerm", "postrm", "config":
				mode = 0o755
			}
			files[base+name] = dbFile{mode: mode, text: text}
		}
	}
	for name, text := range db.triggers() {
		files[dir+"triggers/"+name] = dbFile{mode: 0o644, text: []byte(text)}
	}
	return files
}

func (db *database) head(i int) stanza {
	for st := range stanzas(string(db.control[i]["control"])) {
		return st
	}
	return nil
}

// infoName is the name dpkg gives to a package's files and in its triggers:
// with the architecture where several may be installed side by side.
func (db *database) infoName(i int) string {
	st := db.head(i)
	name := db.lock.Packages[i].Name
	if st.get("Multi-Arch") == "same" {
		return name + ":" + st.get("Architecture")
	}
	return name
}

func (db *database) list(i int) []byte {
	var b bytes.Buffer
	b.WriteString("/.\n")
	for _, name := range db.order[i] {
		if listed, ok := db.listed[i][name]; ok {
			b.WriteString(listed + "\n")
		}
	}
	return b.Bytes()
}

// status describes every package as unpacked, its configuration files as new.
func (db *database) status() []byte {
	var b bytes.Buffer
	for i, p := range db.lock.Packages {
		fmt.Fprintf(&b, "Package: %s\nStatus: install ok unpacked\n", p.Name)
		for _, f := range db.head(i) {
			if strings.EqualFold(f.name, "Package") || f.value == "" {
				continue
			}
			sep := " "
			if strings.HasPrefix(f.value, "\n") {
				sep = ""
			}
			fmt.Fprintf(&b, "%s:%s%s\n", f.name, sep, f.value)
		}
		if len(db.conf[i]) > 0 {
			b.WriteString("Conffiles:\n")
			for line := range strings.Lines(string(db.control[i]["conffiles"])) {
				if line = strings.TrimSpace(line); db.conf[i][line] {
					fmt.Fprintf(&b, " %s newconffile\n", line)
				}
			}
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

// triggers registers what packages want to be told of, by name of the file in
// dpkg's triggers folder.
func (db *database) triggers() map[string]string {
	byFile := map[string][]string{"File": nil, "Unincorp": nil}
	for i := range db.lock.Packages {
		for line := range strings.Lines(string(db.control[i]["triggers"])) {
			f := strings.Fields(line)
			if len(f) != 2 || !strings.HasPrefix(f[0], "interest") {
				continue
			}
			who := db.infoName(i)
			if f[0] == "interest-noawait" {
				who += "/noawait"
			}
			if strings.HasPrefix(f[1], "/") {
				byFile["File"] = append(byFile["File"], f[1]+" "+who)
			} else if !strings.ContainsAny(f[1], "/") {
				byFile[f[1]] = append(byFile[f[1]], who)
			}
		}
	}
	text := map[string]string{}
	for name, lines := range byFile {
		slices.Sort(lines)
		text[name] = ""
		for _, l := range lines {
			text[name] += l + "\n"
		}
	}
	return text
}
