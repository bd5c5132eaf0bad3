package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// release is a verified Release file: what a suite consists of.
type release struct {
	archive Archive
	date    time.Time
	byHash  bool
	files   map[string]indexFile // by path below the suite's folder
}

type indexFile struct {
	sha256 string
	size   int64
}

// maxRelease bounds an InRelease file (those of Debian have 50-250 KB).
const maxRelease = 16 << 20

// errNoSuite says that a mirror does not have a suite.
var errNoSuite = errors.New("the mirror has no such suite")

// fetchRelease downloads and verifies the InRelease file of an archive.
func (s Source) fetchRelease(ctx context.Context, a Archive) (*release, error) {
	url := join(a.Mirror, "dists", a.Suite, "InRelease")
	raw, err := s.get(ctx, url, maxRelease)
	var m *MirrorError
	if errors.As(err, &m) && m.Status == 404 {
		return nil, fmt.Errorf("suite %s: %w (%w)", a.Suite, errNoSuite, err)
	}
	if err != nil {
		return nil, err
	}
	text, err := s.verify(raw)
	if err != nil {
		return nil, &SignatureError{URL: url, Err: err}
	}
	return s.parseRelease(a, url, text)
}

// verify returns the signed text of a clear-signed file. One valid signature
// by a key of the keyring is enough: archives are signed by the keys of two
// releases, and a keyring may hold one of them only.
func (s Source) verify(raw []byte) (string, error) {
	keys, err := s.keyring()
	if err != nil {
		return "", err
	}
	block, rest := clearsign.Decode(raw)
	if block == nil {
		return "", errors.New("it is not signed")
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return "", errors.New("there is text after the signature")
	}
	config := &packet.Config{}
	if _, _, err := openpgp.VerifyDetachedSignature(keys, bytes.NewReader(block.Bytes), block.ArmoredSignature.Body, config); err != nil {
		return "", err
	}
	// Only Bytes is what was signed.
	return strings.ReplaceAll(string(block.Bytes), "\r\n", "\n"), nil
}

func (s Source) parseRelease(a Archive, url, text string) (*release, error) {
	r := &release{archive: a, files: map[string]indexFile{}}
	for st := range stanzas(text) {
		if name, suite := st.get("Codename"), st.get("Suite"); !slices.Contains([]string{name, suite, name + "/updates"}, a.Suite) {
			return nil, &SignatureError{URL: url, Err: fmt.Errorf("it is the file of suite %s (%s), not %s", name, suite, a.Suite)}
		}
		if until := st.get("Valid-Until"); until != "" && !s.AllowExpired {
			t, err := parseDate(until)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", url, err)
			}
			if time.Now().After(t) {
				return nil, &ExpiredError{URL: url, Until: until}
			}
		}
		var err error
		if r.date, err = parseDate(st.get("Date")); err != nil {
			return nil, fmt.Errorf("reading %s: %w", url, err)
		}
		r.byHash = st.get("Acquire-By-Hash") == "yes"
		for line := range strings.Lines(st.get("SHA256")) {
			f := strings.Fields(line)
			if len(f) != 3 {
				continue
			}
			size, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("reading %s: size %q of %s", url, f[1], f[2])
			}
			r.files[f[2]] = indexFile{sha256: f[0], size: size}
		}
		break
	}
	if len(r.files) == 0 {
		return nil, fmt.Errorf("reading %s: it names no SHA256 sums", url)
	}
	return r, nil
}

// parseDate reads the dates of Release files, always in UTC.
func parseDate(s string) (time.Time, error) {
	for _, layout := range []string{"Mon, 2 Jan 2006 15:04:05 MST", time.RFC1123Z} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("date %q is not of the form \"Mon, 2 Jan 2006 15:04:05 UTC\"", s)
}
