package scrub

import "encoding/base64"

const (
	// minEncoded is the length in characters from which what is left of an encoding
	// is looked for.
	minEncoded = 8
	// maxEncoded bounds encodings of which lines are looked for, in characters.
	maxEncoded = 12 << 10
)

// lineWidths are those at which programs break what they encode: base64 and openssl.
var lineWidths = []int{76, 64}

// encodings lists how base64 writes a value: as a whole, as a part of something
// longer, wherever in that it begins, and in lines.
func encodings(value string) []string {
	var all []string
	for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		all = append(all, alphabet.EncodeToString([]byte(value)))
		for before := range 3 {
			if part := within(alphabet, value, before); len(part) >= minEncoded {
				all = append(all, part)
			}
		}
	}
	whole := within(base64.StdEncoding, value, 0)
	if len(whole) > maxEncoded {
		return all
	}
	for _, width := range lineWidths {
		for at := 0; len(whole) > width && at+minEncoded <= len(whole); at += width {
			all = append(all, whole[at:min(at+width, len(whole))])
		}
	}
	return all
}

// within is the part of an encoding that depends on the value alone, where so many
// bytes, modulo 3, are before it.
func within(alphabet *base64.Encoding, value string, before int) string {
	const perCharacter = 6
	encoded := alphabet.EncodeToString(append(make([]byte, before), value...))
	first := (8*before + perCharacter - 1) / perCharacter
	end := 8 * (before + len(value)) / perCharacter
	return encoded[min(first, end):end]
}
