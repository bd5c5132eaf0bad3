package scrub_test

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/scrub"
)

func TestNew(t *testing.T) {
	require.Nil(t, scrub.New())
	require.Nil(t, scrub.New("", "\n"))
	require.Equal(t, "unchanged", scrub.New().String("unchanged"))
}

func TestString(t *testing.T) {
	for _, c := range []struct {
		name    string
		secrets []string
		text    string
		want    string
	}{
		{"whole", []string{"secret"}, "a secret.", "a ***."},
		{"nothing else", []string{"secret"}, "a secre", "a secre"},
		{"line end of a file", []string{"secret\r\n"}, "secretsecret", "******"},
		{"the longer one", []string{"sec", "secret"}, "secret", "***"},
		{"the shorter one", []string{"secret", "sec"}, "secre", "***re"},
		{"overlapping", []string{"abcd", "cdef"}, "xabcdefx", "x***x"},
		{"overlapping itself", []string{"aa"}, "aaaaa", "***"},
		{"one within another that does not come", []string{"abcdef", "cd"}, "abcde", "ab***e"},
		{"lines", []string{"first line\n\n  second line\n}\n"}, "second line first line }", "*** *** }"},
		{"all lines", []string{"first line\nsecond line\n"}, "first line\nsecond line\n", "***\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, scrub.New(c.secrets...).String(c.text))
			require.Equal(t, c.want, split(scrub.New(c.secrets...), c.text, func() int { return 1 }))
		})
	}
}

// split passes text through a stream in pieces of the given lengths.
func split(set *scrub.Set, text string, next func() int) string {
	stream := set.Stream()
	var out []byte
	for len(text) > 0 {
		n := min(next(), len(text))
		out = stream.Next(out, []byte(text[:n]))
		text = text[n:]
	}
	return string(stream.Flush(out))
}

// masked is a slow but obvious way to the same: it marks every byte of every
// occurrence, and writes one mask for each run of overlapping ones.
func masked(text string, secrets []string) string {
	covered := make([]bool, len(text))
	joined := make([]bool, len(text)+1) // an occurrence goes on across this place
	for _, secret := range secrets {
		for at := 0; at+len(secret) <= len(text); at++ {
			if text[at:at+len(secret)] != secret {
				continue
			}
			for i := range len(secret) {
				covered[at+i] = true
				joined[at+i] = joined[at+i] || i > 0
			}
		}
	}
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !covered[i]:
			out.WriteByte(text[i])
		case !joined[i]:
			out.WriteString(scrub.Mask)
		}
	}
	return out.String()
}

func TestAnySplitGivesTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func(length int) string {
		letters := make([]byte, length)
		for i := range letters {
			letters[i] = "ab"[random.IntN(2)]
		}
		return string(letters)
	}
	for range 20_000 {
		var secrets []string
		for range 1 + random.IntN(3) {
			secrets = append(secrets, word(1+random.IntN(6)))
		}
		text := word(random.IntN(40))
		got := split(scrub.New(secrets...), text, func() int { return 1 + random.IntN(7) })
		require.Equal(t, masked(text, secrets), got, "secrets %q in %q", secrets, text)
	}
}

func TestOneSecretIsReplacedAsByTheStandardLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const secret = "correct horse"
	for range 2_000 {
		var text strings.Builder
		for range random.IntN(20) {
			at := random.IntN(len(secret))
			text.WriteString([]string{secret, secret[:at], secret[at:], "\n", "."}[random.IntN(5)])
		}
		got := split(scrub.New(secret), text.String(), func() int { return 1 + random.IntN(9) })
		require.Equal(t, strings.ReplaceAll(text.String(), secret, scrub.Mask), got)
	}
}

// base64 of a secret, of something with the secret in it, and in lines.
func TestEncoded(t *testing.T) {
	short, long := "correct horse/battery?staple>", strings.Repeat("0123456789abcdef", 20)
	for _, secret := range []string{short, long} {
		set := scrub.New(secret)
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			for _, before := range []string{"", "u", "us", "user:"} {
				for _, after := range []string{"", "\n", " and more"} {
					encoded := encoding.EncodeToString([]byte(before + secret + after))
					scrubbed := set.String("Basic " + encoded + ".")
					require.Contains(t, scrubbed, scrub.Mask)
					require.Less(t, len(scrubbed), len("Basic .***")+len(encoding.EncodeToString([]byte(before+"1234"+after))), "%s: %s", encoded, scrubbed)
					require.Equal(t, scrubbed, split(set, "Basic "+encoded+".", func() int { return 3 }))
				}
			}
		}
	}
	for _, width := range []int{64, 76} {
		var wrapped strings.Builder
		for text := base64.StdEncoding.EncodeToString([]byte(long + "\n")); text != ""; text = text[min(width, len(text)):] {
			wrapped.WriteString(text[:min(width, len(text))] + "\n")
		}
		require.Regexp(t, `^(\*\*\*\n)+(.{0,8}\n)?$|^(\*\*\*\n)+\*\*\*.{0,8}\n$`, scrub.New(long).String(wrapped.String()))
	}
}

func TestHoldsBackOnlyWhatMayBecomeASecret(t *testing.T) {
	stream := scrub.New("secret").Stream()
	require.Equal(t, "progress\n", string(stream.Next(nil, []byte("progress\n"))))
	require.Equal(t, "is it ", string(stream.Next(nil, []byte("is it sec"))))
	require.Equal(t, "section\n", string(stream.Next(nil, []byte("tion\n"))))
}

func BenchmarkStream(b *testing.B) {
	text := bytes.Repeat([]byte("compiling some/package with all its dependencies\n"), 1300)
	for name, secrets := range map[string][]string{
		"token": {"0123456789abcdef0123456789abcdef"},
		"key":   {strings.Repeat("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n", 28)},
		"file":  {strings.Repeat("a line of a big secret, one of many\n", 14_000)},
	} {
		b.Run(name, func(b *testing.B) {
			stream := scrub.New(secrets...).Stream()
			var out []byte
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				out = stream.Next(out[:0], text)
			}
		})
	}
}
