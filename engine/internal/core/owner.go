package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// NumericOwner completes an owner of numbers, "uid[:gid]", to "uid:gid". Without
// a group it is the same as the user. ok is false where there are names in it.
func NumericOwner(owner string) (complete string, ok bool) {
	user, group, hasGroup := strings.Cut(owner, ":")
	if !hasGroup {
		group = user
	}
	for _, id := range []string{user, group} {
		if _, err := strconv.ParseUint(id, 10, 32); err != nil {
			return "", false
		}
	}
	return user + ":" + group, true
}

// ErrNamedOwner says that names were given where there are no accounts to look
// them up in.
var ErrNamedOwner = errors.New("a directory has no accounts to look names up in: use numbers, such as 1000:1000")

// DirectoryOwner completes an owner of files in a directory: "" stays.
func DirectoryOwner(owner string) (string, error) {
	if owner == "" {
		return "", nil
	}
	numeric, ok := NumericOwner(owner)
	if !ok {
		return "", fmt.Errorf("owner %q: %w", owner, ErrNamedOwner)
	}
	return numeric, nil
}

// Owner translates "user[:group]" into "uid:gid" by the container's own
// /etc/passwd and /etc/group; "" stays. Without a group it is the same as the
// user. BuildKit could look names up too, but takes unknown ones for root.
func (c Container) Owner(ctx context.Context, s *buildkit.Session, owner string) (string, error) {
	if owner == "" {
		return "", nil
	}
	if numeric, ok := NumericOwner(owner); ok {
		return numeric, nil
	}
	user, group, hasGroup := strings.Cut(owner, ":")
	uid, err := c.lookupID(ctx, s, "/etc/passwd", user)
	if err != nil {
		return "", fmt.Errorf("looking up user %q: %w", user, err)
	}
	gid := uid
	if hasGroup {
		if gid, err = c.lookupID(ctx, s, "/etc/group", group); err != nil {
			return "", fmt.Errorf("looking up group %q: %w", group, err)
		}
	}
	return fmt.Sprintf("%d:%d", uid, gid), nil
}

// OwnerIDs is Owner in numbers, 0 and 0 for "".
func (c Container) OwnerIDs(ctx context.Context, s *buildkit.Session, owner string) (uid, gid int, err error) {
	numeric, err := c.Owner(ctx, s, owner)
	if err != nil || numeric == "" {
		return 0, 0, err
	}
	_, err = fmt.Sscanf(numeric, "%d:%d", &uid, &gid)
	return uid, gid, err
}

// lookupID finds a name's number in a file of accounts, whose third field it is.
func (c Container) lookupID(ctx context.Context, s *buildkit.Session, accounts, name string) (int, error) {
	if id, err := strconv.ParseUint(name, 10, 32); err == nil {
		return int(id), nil
	}
	file, err := c.File(accounts)
	if err != nil {
		return 0, err
	}
	var content bytes.Buffer
	err = s.Evaluate(ctx, file.State, file.Platform, func(ctx context.Context, ref *buildkit.Ref) error {
		return ref.Copy(ctx, path.Clean(file.Path), &content)
	})
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(content.String()) {
		if fields := strings.Split(strings.TrimSpace(line), ":"); fields[0] == name && len(fields) > 2 {
			return strconv.Atoi(fields[2])
		}
	}
	return 0, fmt.Errorf("not in the container's %s", accounts)
}
