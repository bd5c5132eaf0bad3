package debian

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	archive "github.com/bodkin-ci/bodkin/internal/debian"
)

// The default base of the default suite, pinned.
//
//go:generate go run ./lockgen
//go:embed locks/*.lock
var defaultLocks embed.FS

// BasePackages are in every base, beside the essential ones and what they all
// depend on.
var BasePackages = []string{"apt", "ca-certificates", "tzdata"}

// wanted lists what the base is to hold, sorted.
func (d *Debian) wanted() []string {
	list := slices.Clone(d.opts.Packages)
	if !d.bare {
		list = append(list, BasePackages...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// lock returns the packages of the base: those of the lock file, else those
// that come with this package, else the current ones.
func (d *Debian) lock(ctx context.Context, arch string) (*archive.Lock, error) {
	if d.opts.Lock != "" {
		if _, err := os.Stat(d.opts.Lock); errors.Is(err, fs.ErrNotExist) {
			return d.writeLock(ctx, arch)
		}
		l, err := archive.ReadLock(d.opts.Lock)
		if err != nil {
			return nil, err
		}
		return l, d.check(l, arch)
	}
	if l := d.embeddedLock(arch); l != nil {
		return l, nil
	}
	if len(d.opts.Packages) == 0 && len(d.opts.Without) == 0 && !d.bare {
		text, err := defaultLocks.ReadFile("locks/" + d.opts.Suite + "-" + arch + ".lock")
		if err == nil {
			return archive.ParseLock(string(text))
		}
	}
	return d.resolve(ctx, arch)
}

// embeddedLock returns the lock of Options.Locks that is for the same packages,
// or nil.
func (d *Debian) embeddedLock(arch string) *archive.Lock {
	if d.opts.Locks == nil {
		return nil
	}
	text, err := fs.ReadFile(d.opts.Locks, d.opts.Suite+"-"+arch+".lock")
	if err != nil {
		return nil
	}
	l, err := archive.ParseLock(string(text))
	if err != nil || d.check(l, arch) != nil {
		return nil
	}
	return l
}

// check refuses a lock that is for another base.
func (d *Debian) check(l *archive.Lock, arch string) error {
	stale := func(what, have, want string) error {
		return fmt.Errorf("lock %s is for %s %s, wanted is %s: refresh it with UpdateLock, or use one file for each", d.opts.Lock, what, have, want)
	}
	have := slices.Sorted(slices.Values(l.Requested))
	switch want := d.wanted(); {
	case l.Suite != d.opts.Suite:
		return stale("suite", l.Suite, d.opts.Suite)
	case l.Arch != arch:
		return stale("architecture", l.Arch, arch)
	case !slices.Equal(have, want):
		return stale("packages", strings.Join(have, " "), strings.Join(want, " "))
	}
	if !slices.Equal(slices.Sorted(slices.Values(l.Without)), d.opts.Without) {
		return stale("packages without", strings.Join(l.Without, " "), strings.Join(d.opts.Without, " "))
	}
	return nil
}

func (d *Debian) resolve(ctx context.Context, arch string) (*archive.Lock, error) {
	src, err := d.source(arch)
	if err != nil {
		return nil, err
	}
	return src.Resolve(ctx, d.wanted(), archive.ResolveOptions{Essential: !d.bare, Without: d.opts.Without})
}

func (d *Debian) writeLock(ctx context.Context, arch string) (*archive.Lock, error) {
	l, err := d.resolve(ctx, arch)
	if err != nil {
		return nil, err
	}
	return l, l.Write(d.opts.Lock)
}

// UpdateLock writes the lock file of Options.Lock anew, with the versions that
// the mirror has now.
func (d *Debian) UpdateLock(ctx context.Context) error {
	if d.opts.Lock == "" {
		return errors.New("updating the Debian lock: Options.Lock names no file")
	}
	_, arch, err := d.platform(ctx)
	if err != nil {
		return err
	}
	_, err = d.writeLock(ctx, arch)
	return err
}
