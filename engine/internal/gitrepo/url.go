package gitrepo

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// The transports that a repository is reached by.
const (
	HTTP  = "http"
	HTTPS = "https"
	SSH   = "ssh"
	Git   = "git"
	File  = "file"
)

// sshUser is who logs in by SSH where a URL names nobody.
const sshUser = "git"

// ErrNoTransport says that a repository's address does not tell how to reach it.
var ErrNoTransport = errors.New("it names no transport")

var (
	hasScheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://`)
	scpLike   = regexp.MustCompile(`^([\w.-]+)@([\w.-]+|\[[0-9a-fA-F:]+\]):([^/].*|/.+)$`)
)

// URL is where a repository is, and what of it is meant.
type URL struct {
	*url.URL // without fragment and query
	// Ref is the branch, tag or commit after "#"; empty: not said.
	Ref string
	// Subdir is the path within the repository after ":" of the fragment.
	Subdir string
}

// ParseURL reads a repository's address: http, https, ssh, git or file URLs, or
// user@host:path for SSH, each with "#ref:path" behind it. What names no transport
// is ErrNoTransport.
func ParseURL(raw string) (URL, error) {
	address, fragment, _ := strings.Cut(raw, "#")
	u, err := parseAddress(address)
	if err != nil {
		return URL{}, fmt.Errorf("invalid address %q of a git repository: %w", redact(address), err)
	}
	out := URL{URL: u}
	if ref, sub, ok := strings.Cut(fragment, ":"); ok || ref != "" {
		out.Ref = ref
		out.Subdir = strings.TrimPrefix(path.Join("/", sub), "/")
	}
	return out, nil
}

func parseAddress(address string) (*url.URL, error) {
	if !hasScheme.MatchString(address) {
		m := scpLike.FindStringSubmatch(address)
		if m == nil {
			return nil, ErrNoTransport
		}
		return checked(&url.URL{Scheme: SSH, User: url.User(m[1]), Host: m[2], Path: path.Join("/", m[3])})
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("it is no URL")
	}
	u.Scheme, u.RawQuery = strings.ToLower(u.Scheme), ""
	switch u.Scheme {
	case HTTP, HTTPS, Git:
	case SSH:
		if u.User == nil {
			u.User = url.User(sshUser)
		}
	case File:
		if u.Host != "" && u.Host != "localhost" || u.Path == "" {
			return nil, errors.New("a file URL has three slashes and an absolute path")
		}
		return u, nil
	default:
		return nil, fmt.Errorf("its transport %q is none of http, https, ssh, git and file", u.Scheme)
	}
	return checked(u)
}

func checked(u *url.URL) (*url.URL, error) {
	if u.Hostname() == "" || strings.Trim(u.Path, "/") == "" {
		return nil, errors.New("it lacks a host or a path")
	}
	return u, nil
}

var login = regexp.MustCompile(`//[^/]*@`)

// redact hides what logs in, of an address that may be no URL.
func redact(address string) string { return login.ReplaceAllString(address, "//") }

// Public is the URL without a password, for messages and checkouts.
func (u URL) Public() string {
	clean := *u.URL
	if clean.User != nil {
		clean.User = url.User(clean.User.Username())
		if u.Scheme != SSH {
			clean.User = nil
		}
	}
	return clean.String()
}

// relative returns the address of a submodule, which may be relative to u.
func (u URL) relative(address string) (URL, error) {
	if !strings.HasPrefix(address, "./") && !strings.HasPrefix(address, "../") {
		return ParseURL(address)
	}
	sub := *u.URL
	sub.Path = path.Join(u.Path, address)
	sub.RawPath = ""
	return URL{URL: &sub}, nil
}

// sameHost reports whether what logs in at u may be sent to other.
func (u URL) sameHost(other URL) bool {
	return u.Scheme == other.Scheme && strings.EqualFold(u.Host, other.Host)
}
