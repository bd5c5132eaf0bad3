package revision

import (
	"net/url"
	"strings"
)

// PublicURL turns the URL of a git remote into one that may be published: no
// user, no password, no query, and the same for every way to clone one repository
// (https, ssh, user@host:path). It is empty for local paths.
func PublicURL(remote string) string {
	remote = strings.TrimSpace(remote)
	if !strings.Contains(remote, "://") {
		host, path, ok := strings.Cut(remote, ":")
		if !ok || strings.Contains(host, "/") {
			return ""
		}
		remote = "ssh://" + host + "/" + strings.TrimPrefix(path, "/")
	}
	parsed, err := url.Parse(remote)
	if err != nil || parsed.Host == "" {
		return ""
	}
	clean := url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: strings.TrimSuffix(strings.TrimSuffix(parsed.Path, "/"), ".git")}
	if parsed.Scheme == "ssh" || parsed.Scheme == "git" || parsed.Scheme == "git+ssh" {
		clean.Scheme, clean.Host = "https", parsed.Hostname()
	}
	return clean.String()
}
