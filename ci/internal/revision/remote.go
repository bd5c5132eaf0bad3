package revision

import "context"

// Remote returns the URL of the repository that dir is in, without credentials:
// that of git's remote "origin", which may be there before the first commit.
// It is "" where there is none.
func Remote(ctx context.Context, dir string) string {
	remote, _ := git(ctx, dir, "remote", "get-url", "origin")
	return PublicURL(remote)
}
