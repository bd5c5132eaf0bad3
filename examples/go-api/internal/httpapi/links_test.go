package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

func TestCreate(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		got := s.do(t, "POST", "/links", `{"url":"https://go.dev/doc","slug":"go"}`)
		require.Equal(t, http.StatusCreated, got.StatusCode, got.body)
		require.Equal(t, "application/json", got.Header.Get("Content-Type"))
		require.Equal(t, "/links/go", got.Header.Get("Location"))
		made := got.json(t)
		created, err := time.Parse(time.RFC3339Nano, made["created_at"].(string))
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), created, time.Hour)
		delete(made, "created_at")
		require.Equal(t, map[string]any{
			"slug": "go", "url": "https://go.dev/doc", "title": "The Go Language", "status": 200.0,
			"hits": 0.0, "follow": "/r/go", "last_hit_at": nil,
		}, made)
	})
}

func TestCreateGivesARandomSlug(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		got := s.do(t, "POST", "/links", `{"url":"https://go.dev/"}`)
		require.Equal(t, http.StatusCreated, got.StatusCode, got.body)
		require.Regexp(t, "^[a-z2-7]{8}$", got.json(t)["slug"])
		require.Equal(t, http.StatusOK, s.do(t, "GET", got.Header.Get("Location"), "").StatusCode)
	})
}

func TestCreateRefuses(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		s.create(t, "taken")
		for body, want := range map[string]struct {
			status int
			detail string
		}{
			`{"url":"https://go.dev/","slug":"taken"}`: {409, `slug "taken" is taken`},
			`{"url":"https://go.dev/","slug":"a b"}`:   {422, "slug must be 1 to 64 letters"},
			`{"url":"ftp://go.dev/"}`:                  {422, "url must begin with https:// or http://"},
			`{}`:                                       {422, "url must begin with"},
			``:                                         {400, "EOF"},
			`{"url":`:                                  {400, "unexpected EOF"},
			`[]`:                                       {400, "cannot unmarshal array"},
			`{"url":5}`:                                {400, "cannot unmarshal number"},
			`{"uri":"https://go.dev/"}`:                {400, `unknown field`},
			`{"url":"https://go.dev/"} {}`:             {400, "something after the JSON value"},
			`{"url":"https://go.dev/` + strings.Repeat("x", 20000) + `"`: {413, "longer than 16 KiB"},
		} {
			requireProblem(t, s.do(t, "POST", "/links", body), want.status, want.detail)
		}
		list := s.do(t, "GET", "/links", "").json(t)
		require.Len(t, list["links"], 1)
	})
}

func TestCreateWantsJSON(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", ";"} {
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/links", strings.NewReader(`{"url":"https://go.dev/"}`))
			require.NoError(t, err)
			req.Header.Set("Content-Type", kind)
			requireProblem(t, s.send(t, req), 415, "application/json")
		}
	})
}

func TestCreateRefusesDeadPages(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		s.web.set(links.Page{Status: 404}, nil)
		requireProblem(t, s.do(t, "POST", "/links", `{"url":"https://go.dev/x"}`), 422, "url leads to a page that does not exist (status 404)")

		s.web.set(links.Page{}, &links.UnreachableError{Reason: "does not answer", Err: errDown})
		got := s.do(t, "POST", "/links", `{"url":"https://go.dev/x"}`)
		requireProblem(t, got, 422, "url does not answer")
		require.NotContains(t, got.body, "10.1.2.3")
		refused := s.log.lines(t, "link refused")
		require.Contains(t, refused[len(refused)-1]["err"], errDown.Error())

		s.web.set(links.Page{}, errors.New("out of sockets"))
		got = s.do(t, "POST", "/links", `{"url":"https://go.dev/x"}`)
		requireProblem(t, got, 500, "something went wrong")
		require.NotContains(t, got.body, "sockets")
	})
}

func TestList(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		got := s.do(t, "GET", "/links", "")
		require.Equal(t, http.StatusOK, got.StatusCode)
		require.JSONEq(t, `{"links":[],"next":null}`, got.body)

		for i := range 5 {
			s.create(t, fmt.Sprint("n", i))
		}
		var pages [][]string
		for next := any("/links?limit=2"); next != nil; {
			page := s.do(t, "GET", next.(string), "").json(t)
			var slugs []string
			for _, l := range page["links"].([]any) {
				slugs = append(slugs, l.(map[string]any)["slug"].(string))
			}
			pages, next = append(pages, slugs), page["next"]
		}
		require.Equal(t, [][]string{{"n4", "n3"}, {"n2", "n1"}, {"n0"}}, pages)

		whole := s.do(t, "GET", "/links?limit=5", "").json(t)
		require.Len(t, whole["links"], 5)
		require.Nil(t, whole["next"], "a full last page has no next one")
	})
}

func TestListRefusesOddNumbers(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		for query, detail := range map[string]string{
			"limit=0":                     "limit must be a number from 1 to 100",
			"limit=101":                   "limit must be a number from 1 to 100",
			"limit=":                      "limit must be a number from 1 to 100",
			"limit=ten":                   "limit must be a number from 1 to 100",
			"before=-1":                   "before must be a number from 1 to",
			"before=99999999999999999999": "before must be a number from 1 to",
		} {
			requireProblem(t, s.do(t, "GET", "/links?"+query, ""), 422, detail)
		}
		require.Equal(t, http.StatusOK, s.do(t, "GET", "/links?before=9223372036854775807&limit=100", "").StatusCode)
	})
}

func TestGet(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		s.create(t, "go")
		got := s.do(t, "GET", "/links/go", "")
		require.Equal(t, http.StatusOK, got.StatusCode)
		require.Equal(t, "https://go.dev/go", got.json(t)["url"])
	})
}

func TestDelete(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		s.create(t, "go")
		got := s.do(t, "DELETE", "/links/go", "")
		require.Equal(t, http.StatusNoContent, got.StatusCode)
		require.Empty(t, got.body)
		requireProblem(t, s.do(t, "DELETE", "/links/go", ""), 404, "no such link")
		requireProblem(t, s.do(t, "GET", "/links/go", ""), 404, "no such link")
		s.create(t, "go")
	})
}

func TestFollow(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		s.create(t, "go")
		for _, method := range []string{"GET", "HEAD", "GET"} {
			got := s.do(t, method, "/r/go", "")
			require.Equal(t, http.StatusFound, got.StatusCode)
			require.Equal(t, "https://go.dev/go", got.Header.Get("Location"))
			require.Equal(t, "no-store", got.Header.Get("Cache-Control"))
		}
		l := s.do(t, "GET", "/links/go", "").json(t)
		require.EqualValues(t, 2, l["hits"], "HEAD counts no hit")
		require.NotNil(t, l["last_hit_at"])
	})
}

func TestUnknownSlugs(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		for _, slug := range []string{"nope", "%00", "%ff", "a%20b", "a%2Fb", strings.Repeat("x", 65)} {
			for _, at := range []string{"GET /links/", "DELETE /links/", "GET /r/"} {
				method, path, _ := strings.Cut(at, " ")
				requireProblem(t, s.do(t, method, path+slug, ""), 404, "no such link")
			}
			require.Equal(t, 404, s.do(t, "HEAD", "/r/"+slug, "").StatusCode)
		}
	})
}
