package engine_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
)

// ask sends a query as an SDK does, after change has had its way with it.
func ask(t testing.TB, s *engine.Session, query string, change func(*http.Request)) (status int, answer string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/query", s.Port), strings.NewReader(string(body)))
	require.NoError(t, err)
	req.SetBasicAuth(s.Token, "")
	req.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(req)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(content)
}

func listen(t *testing.T, e *env) *engine.Session {
	t.Helper()
	s, err := engine.Listen(t.Context(), engine.WithAddress(e.Address))
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSessionServesWhoKnowsTheToken(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := listen(t, e)
		status, answer := ask(t, s, `{directory{withNewFile(path:"a",contents:"b"){entries}}}`, nil)
		require.Equal(t, http.StatusOK, status)
		require.JSONEq(t, `{"data":{"directory":{"withNewFile":{"entries":["a"]}}}}`, answer)

		const query = `{version}`
		for name, refused := range map[string]struct {
			status int
			says   string
			change func(*http.Request)
		}{
			"no token":         {http.StatusUnauthorized, "DAGGER_SESSION_TOKEN", func(r *http.Request) { r.Header.Del("Authorization") }},
			"another token":    {http.StatusUnauthorized, "DAGGER_SESSION_TOKEN", func(r *http.Request) { r.SetBasicAuth(s.Token+"x", "") }},
			"part of a token":  {http.StatusUnauthorized, "DAGGER_SESSION_TOKEN", func(r *http.Request) { r.SetBasicAuth(s.Token[:8], "") }},
			"token as secret":  {http.StatusUnauthorized, "DAGGER_SESSION_TOKEN", func(r *http.Request) { r.SetBasicAuth("", s.Token) }},
			"bearer":           {http.StatusUnauthorized, "DAGGER_SESSION_TOKEN", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+s.Token) }},
			"a page's host":    {http.StatusForbidden, "evil.example", func(r *http.Request) { r.Host = fmt.Sprintf("evil.example:%d", s.Port) }},
			"another port":     {http.StatusForbidden, "127.0.0.1:1", func(r *http.Request) { r.Host = "127.0.0.1:1" }},
			"dagger, any port": {http.StatusForbidden, "dagger", func(r *http.Request) { r.Host = fmt.Sprintf("dagger:%d", s.Port) }},
			"a page":           {http.StatusForbidden, "web pages", func(r *http.Request) { r.Header.Set("Origin", "http://localhost") }},
			"another path":     {http.StatusNotFound, "/query", func(r *http.Request) { r.URL.Path = "/" }},
			"GET":              {http.StatusMethodNotAllowed, "POST", func(r *http.Request) { r.Method = http.MethodGet }},
			"no JSON":          {http.StatusBadRequest, "reading the query", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("version")), -1 }},
		} {
			status, answer := ask(t, s, query, refused.change)
			require.Equal(t, refused.status, status, name)
			require.Contains(t, answer, refused.says, name)
			require.NotContains(t, answer, "v0.", name)
		}
		for _, host := range []string{"dagger", fmt.Sprintf("localhost:%d", s.Port), fmt.Sprintf("[::1]:%d", s.Port)} {
			status, answer := ask(t, s, query, func(r *http.Request) { r.Host = host })
			require.Equal(t, http.StatusOK, status, host)
			require.JSONEq(t, `{"data":{"version":"v0.21.8"}}`, answer)
		}
	})
}

func TestSessionRefusesHugeQueries(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := listen(t, e)
		status, answer := ask(t, s, strings.Repeat(" ", 65<<20), nil)
		require.Equal(t, http.StatusRequestEntityTooLarge, status)
		require.Contains(t, answer, "pass big contents as files")
	})
}

// Sessions know nothing of each other, and programs in one see the same objects.
func TestSessionsAreApart(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		one, other := listen(t, e), listen(t, e)
		_, answer := ask(t, one, `{directory{withNewFile(path:"a",contents:"b"){id}}}`, nil)
		var data struct {
			Data struct {
				Directory struct{ WithNewFile struct{ ID string } }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(answer), &data))
		load := fmt.Sprintf(`{loadDirectoryFromID(id:%q){entries}}`, data.Data.Directory.WithNewFile.ID)
		_, answer = ask(t, one, load, nil)
		require.JSONEq(t, `{"data":{"loadDirectoryFromID":{"entries":["a"]}}}`, answer)
		_, answer = ask(t, other, load, nil)
		require.Contains(t, answer, "IDs are valid within the session")
		status, _ := ask(t, other, `{version}`, func(r *http.Request) { r.SetBasicAuth(one.Token, "") })
		require.Equal(t, http.StatusUnauthorized, status)
	})
}

func TestSessionServesManyAtOnce(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := listen(t, e)
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() {
				status, answer := ask(t, s, fmt.Sprintf(`{directory{withNewFile(path:"%d",contents:""){entries}}}`, i%4), nil)
				if status != http.StatusOK || !strings.Contains(answer, fmt.Sprintf(`["%d"]`, i%4)) {
					t.Errorf("%d: %s", status, answer)
				}
			})
		}
		all.Wait()
	})
}

func TestSessionEndsWithClose(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := listen(t, e)
		require.NoError(t, s.Close())
		_, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port))
		require.ErrorContains(t, err, "refused")
	})
}

func TestSessionIsOnLoopbackAlone(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		s := listen(t, e)
		addresses, err := net.InterfaceAddrs()
		require.NoError(t, err)
		tried := 0
		for _, address := range addresses {
			ip := address.(*net.IPNet).IP
			if ip.IsLoopback() || ip.To4() == nil {
				continue
			}
			tried++
			_, err := net.Dial("tcp", net.JoinHostPort(ip.String(), fmt.Sprint(s.Port)))
			require.Error(t, err, ip)
		}
		t.Logf("%d addresses", tried)
	})
}
