package registrytest

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Proxy stands before a registry and fails as real ones do.
type Proxy struct {
	// Host is what image references begin with, 127.0.0.1:PORT.
	Host string

	next http.Handler

	mu       sync.Mutex
	faults   []*Fault
	requests []string // method and path
	tokens   tokens
}

// Fault is something that goes wrong with some requests.
type Fault struct {
	// Method and Path choose the requests: those of the method ("" is any) whose
	// path has this part.
	Method, Path string
	// Times is how many requests it meets. 0 is all.
	Times int
	// Effect is what happens to them.
	Effect Effect

	met int
}

// Effect answers a request in the registry's place; next would answer it right.
type Effect func(w http.ResponseWriter, r *http.Request, next http.Handler)

// Fail answers with a status and headers, given as names and values in turn.
func Fail(status int, headers ...string) Effect {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
	}
}

// Reset breaks the connection without an answer.
func Reset(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	hijacked, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_ = hijacked.(*net.TCPConn).SetLinger(0)
	_ = hijacked.Close()
}

// Truncate breaks the connection after half of the answer.
func Truncate(w http.ResponseWriter, r *http.Request, next http.Handler) {
	answer := recorded(r, next)
	copyHeader(w, answer)
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
	panic(http.ErrAbortHandler)
}

// Corrupt answers with as many bytes, of which one is wrong.
func Corrupt(w http.ResponseWriter, r *http.Request, next http.Handler) {
	answer := recorded(r, next)
	copyHeader(w, answer)
	w.WriteHeader(answer.Code)
	body := answer.Body.Bytes()
	if len(body) > 0 {
		body[len(body)/2] ^= 1
	}
	_, _ = w.Write(body)
}

func recorded(r *http.Request, next http.Handler) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	next.ServeHTTP(answer, r)
	return answer
}

func copyHeader(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
}

// NewProxy starts a proxy before a registry. It runs until the test ends.
func NewProxy(t testing.TB, r *Registry) *Proxy {
	t.Helper()
	target, err := url.Parse(r.URL)
	require.NoError(t, err)
	p := &Proxy{next: &httputil.ReverseProxy{
		Transport: r.Client.Transport,
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.SetURL(target)
			pr.Out.Host = pr.In.Host // the registry names it in where uploads go
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { panic(http.ErrAbortHandler) },
	}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.Host = strings.TrimPrefix(server.URL, "http://")
	return p
}

// Inject adds faults. The first that a request fits meets it.
func (p *Proxy) Inject(faults ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range faults {
		p.faults = append(p.faults, &f)
	}
}

// Heal takes all faults back.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// Requests counts the requests of a method whose path has a part.
func (p *Proxy) Requests(method, path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range p.requests {
		if m, at, _ := strings.Cut(r, " "); m == method && strings.Contains(at, path) {
			n++
		}
	}
	return n
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == tokenPath {
		p.tokens.give(w, r)
		return
	}
	if !p.tokens.allow(w, r) {
		return
	}
	if effect := p.met(r); effect != nil {
		effect(w, r, p.next)
		return
	}
	p.next.ServeHTTP(w, r)
}

// met notes a request and returns the effect of the fault that meets it.
func (p *Proxy) met(r *http.Request) Effect {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r.Method+" "+r.URL.Path)
	for _, f := range p.faults {
		if f.Method != "" && f.Method != r.Method || !strings.Contains(r.URL.Path, f.Path) || f.Times > 0 && f.met >= f.Times {
			continue
		}
		f.met++
		return f.Effect
	}
	return nil
}

// tokenPath is where the proxy gives out tokens.
const tokenPath = "/token"

// tokens are what a registry lets users in with, where the proxy wants them.
type tokens struct {
	mu             sync.Mutex
	user, password string
	uses           int            // of a token, before it expires
	left           map[string]int // uses, by token
	given          int
}

// WantTokens has the proxy let those in who got a token for a login. A token
// expires after so many uses.
func (p *Proxy) WantTokens(user, password string, uses int) {
	p.tokens.mu.Lock()
	defer p.tokens.mu.Unlock()
	p.tokens.user, p.tokens.password, p.tokens.uses, p.tokens.left = user, password, uses, map[string]int{}
}

// Tokens is how many have been given out.
func (p *Proxy) Tokens() int {
	p.tokens.mu.Lock()
	defer p.tokens.mu.Unlock()
	return p.tokens.given
}

func (s *tokens) give(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, password, _ := r.BasicAuth()
	if r.Method == http.MethodPost {
		user, password = r.FormValue("username"), r.FormValue("password")
	}
	if s.left == nil || user != s.user || password != s.password {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var random [8]byte
	_, _ = rand.Read(random[:])
	token := hex.EncodeToString(random[:])
	s.left[token] = s.uses
	s.given++
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "access_token": token, "expires_in": 3600})
}

// allow answers the request itself where its token is none.
func (s *tokens) allow(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == nil {
		return true
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	left, known := s.left[token]
	if known && left > 0 {
		s.left[token]--
		return true
	}
	challenge := fmt.Sprintf(`Bearer realm="http://%s%s",service="tests"`, r.Host, tokenPath)
	if known {
		challenge += `,error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	w.WriteHeader(http.StatusUnauthorized)
	return false
}
