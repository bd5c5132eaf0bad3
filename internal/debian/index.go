package debian

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// candidate is a package as an index describes it: its paragraph, whose fields
// are looked up when asked for. An index has 70,000 packages, a lock a hundred.
type candidate struct {
	text    string
	archive Archive
}

func (c *candidate) name() string    { return c.get("Package") }
func (c *candidate) version() string { return c.get("Version") }

func (c *candidate) essential() bool {
	return strings.Contains(c.text, "\nEssential: yes")
}

// get returns the value of a field, or "".
func (c *candidate) get(name string) string {
	for text := c.text; text != ""; {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		if len(line) > len(name) && line[len(name)] == ':' && line[:len(name)] == name {
			return strings.TrimSpace(line[len(name)+1:])
		}
	}
	return ""
}

// indexFields are the fields of an index that anything here asks for. The
// cache keeps only these: a third of the file.
var indexFields = []string{"Package", "Version", "Architecture", "Essential", "Priority", "Pre-Depends", "Depends",
	"Provides", "Conflicts", "Breaks", "Filename", "Size", "SHA256"}

// maxIndex bounds an uncompressed Packages file (Debian's main has 60 MB).
const maxIndex = 1 << 30

// fetchIndexes returns the package descriptions of all components of a suite.
func (s Source) fetchIndexes(ctx context.Context, r *release) ([]*candidate, error) {
	var all []*candidate
	for _, component := range r.archive.components() {
		text, err := s.fetchIndex(ctx, r, component)
		if err != nil {
			return nil, err
		}
		for text != "" {
			paragraph, rest, _ := strings.Cut(text, "\n\n")
			text = rest
			all = append(all, &candidate{text: strings.TrimPrefix(paragraph, "\n"), archive: r.archive})
		}
	}
	return all, nil
}

// fetchIndex returns the slimmed Packages file of one component, from the
// cache when it holds the one the release names.
func (s Source) fetchIndex(ctx context.Context, r *release, component string) (string, error) {
	name, file, err := r.packagesFile(component, s.arch())
	if err != nil {
		return "", err
	}
	if file.size == 0 {
		return "", nil
	}
	cached, err := s.cachePath("index", file.sha256+".zst")
	if err != nil {
		return "", err
	}
	if packed, err := os.ReadFile(cached); err == nil {
		if text, err := unzstd(packed); err == nil {
			markUsed(cached)
			return string(text), nil
		}
	}
	raw, err := s.fetchIndexFile(ctx, r, name, file)
	if err != nil {
		return "", err
	}
	text, err := decompress(bytes.NewReader(raw), path.Ext(name))
	if err != nil {
		return "", fmt.Errorf("reading %s of %s: %w", name, r.archive.Suite, err)
	}
	defer text.Close()
	full, err := io.ReadAll(io.LimitReader(text, maxIndex))
	if err != nil {
		return "", fmt.Errorf("reading %s of %s: %w", name, r.archive.Suite, err)
	}
	slim := slimIndex(string(full))
	if err := writeFile(cached, 0o600, func(f *os.File) error {
		w, err := zstd.NewWriter(f, zstd.WithEncoderLevel(zstd.SpeedFastest))
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, slim); err != nil {
			return err
		}
		return w.Close()
	}); err != nil {
		return "", fmt.Errorf("caching the package index: %w", err)
	}
	removeUnused(cached)
	return slim, nil
}

// fetchIndexFile downloads an index, by its hash where the mirror offers that:
// a mirror in the middle of an update then still serves the file that the
// release names.
func (s Source) fetchIndexFile(ctx context.Context, r *release, name string, file indexFile) ([]byte, error) {
	dir := join(r.archive.Mirror, "dists", r.archive.Suite)
	urls := []string{join(dir, name)}
	if r.byHash {
		// Some caching proxies do not know these paths: the plain one is tried too.
		urls = append([]string{join(dir, path.Dir(name), "by-hash", "SHA256", file.sha256)}, urls...)
	}
	var buf bytes.Buffer
	buf.Grow(int(min(file.size, maxIndex)))
	var err error
	for _, url := range urls {
		if err = s.getVerified(ctx, url, file, &buf, func() error { buf.Reset(); return nil }); !isMissing(err) {
			break
		}
	}
	return buf.Bytes(), err
}

// packagesFile picks the compression that reads fastest among those the suite has.
func (r *release) packagesFile(component, arch string) (string, indexFile, error) {
	base := component + "/binary-" + arch + "/Packages"
	for _, ext := range []string{".gz", ".xz", ""} {
		if f, ok := r.files[base+ext]; ok {
			return base + ext, f, nil
		}
	}
	return "", indexFile{}, fmt.Errorf("suite %s has no packages of component %s for architecture %s", r.archive.Suite, component, arch)
}

// slimIndex keeps the fields in indexFields.
func slimIndex(full string) string {
	var b strings.Builder
	b.Grow(len(full) / 2)
	for len(full) > 0 {
		line, rest, _ := strings.Cut(full, "\n")
		full = rest
		if line == "" {
			b.WriteByte('\n')
			continue
		}
		if name, _, ok := strings.Cut(line, ":"); ok && slices.Contains(indexFields, name) {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func unzstd(packed []byte) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxIndex))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(packed, nil)
}
