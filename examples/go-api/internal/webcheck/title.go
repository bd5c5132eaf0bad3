package webcheck

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxTitle is the longest title kept, in characters.
const maxTitle = 200

// Title returns the text of the first title element in r, or "" where there is
// none before the body begins or r ends. White space is collapsed, control
// characters and invalid UTF-8 are dropped, and a title of more than 200
// characters is cut. Pages are taken to be UTF-8.
func Title(r io.Reader) string {
	tokens := html.NewTokenizer(r)
	tokens.SetMaxBuf(maxBody)
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken:
			name, _ := tokens.TagName()
			switch atom.Lookup(name) {
			case atom.Body:
				return ""
			case atom.Title:
				if tokens.Next() != html.TextToken {
					return ""
				}
				return tidy(tokens.Token().Data)
			}
		}
	}
}

func tidy(title string) string {
	printable := func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}
	title = strings.Map(printable, strings.ToValidUTF8(title, ""))
	runes := []rune(strings.Join(strings.Fields(title), " "))
	if len(runes) > maxTitle {
		runes = append(runes[:maxTitle-1], '…')
	}
	return string(runes)
}
