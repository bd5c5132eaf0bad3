package postgres

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
)

// sqlFiles are the migrations, named NNNN_what_it_does.sql and numbered from
// 0001 without gaps. One that was released is never edited: the next one
// changes what it did.
//
//go:embed migrations/*.sql
var sqlFiles embed.FS

// migration is one step of the schema.
type migration struct {
	Version int    // its place, from 1
	Name    string // file name without folder
	SQL     string
}

// checksum tells an edited migration from the one that was applied.
func (m migration) checksum() string {
	sum := sha256.Sum256([]byte(m.SQL))
	return hex.EncodeToString(sum[:])
}

var migrationName = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)

// readMigrations returns the migrations of a folder in order. It errs where a
// name does not fit or a number is missing or given twice.
func readMigrations(files fs.FS, dir string) ([]migration, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("listing migrations: %w", err)
	}
	var list []migration
	for _, e := range entries { // sorted by name, hence by number
		parts := migrationName.FindStringSubmatch(e.Name())
		if parts == nil {
			return nil, fmt.Errorf("migration %s: the name must look like 0001_what_it_does.sql", e.Name())
		}
		version, _ := strconv.Atoi(parts[1]) // four digits
		if version != len(list)+1 {
			return nil, fmt.Errorf("migration %s: its number should be %04d", e.Name(), len(list)+1)
		}
		sql, err := fs.ReadFile(files, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading migration %s: %w", e.Name(), err)
		}
		list = append(list, migration{version, e.Name(), string(sql)})
	}
	return list, nil
}
