package api

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	graphql "github.com/graph-gophers/graphql-go"
	"github.com/stretchr/testify/require"
)

// reaches is what a random query must not do to the machine that tests run on: write
// files, run commands, ask for secrets, wait on ports.
var reaches = regexp.MustCompile(`(?i)export|terminal|cmd|plaintext|tunnel|\bup\b|start|host|http|git|\\`)

// FuzzQuery parses, checks and plans random queries. Nothing may panic, hang or give an
// answer that is no JSON. Seeds are also the files below testdata/fuzz.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		`{version defaultPlatform}`, `query a($p:Platform="linux/arm64"){container(platform:$p){id platform}}`,
		`{container{withExec(args:["a","$B"],expand:true,stdin:"x"){withNewFile(path:"~/f",contents:"\n"){directory(path:"/a/.."){id}}}}}`,
		`{directory{withNewFile(path:"a/b",contents:"",permissions:420){filter(include:["**/*.go"],exclude:["!x"]){file(path:"a/b"){name}}}}}`,
		`{a:container{withMountedTemp(path:"/t",size:1){mounts}} b:container{withEnvVariable(name:"A",value:"b"){envVariables{name value}}}}`,
		`{container{withUser(name:"a:b"){withWorkdir(path:"..//x"){user workdir withLabel(name:"l",value:"v"){labels{name value}}}}}}`,
		`{container{withExposedPort(port:80,protocol:UDP){exposedPorts{port protocol ...on Port{description}}}}}`,
		`{node(id:"Container@00"){__typename id ...on Container{user}}} fragment x on Query{version}`,
		`{setSecret(name:"n",plaintext:"p"){id name}}`, `{file(name:"f",contents:"x",permissions:-1){name digest}}`,
		`{cacheVolume(key:"k"){id}}`, `{__schema{types{name}}}`, `{address(value:"x"){value}}`, `{a(b:[[{c:1}],1.5e9,null,$d,E]){`,
		`{container{withExec(args:[]){stdout}}}`, "{container{withAnnotation(name:\"\x00\",value:\"\xff\"){annotations{name}}}}",
	} {
		f.Add(query)
	}
	server := serveIdle(f)
	f.Fuzz(func(t *testing.T, query string) {
		if reaches.MatchString(query) || len(query) > 64<<10 {
			return
		}
		resp := server.Exec(t.Context(), query, "", nil)
		for _, err := range resp.Errors {
			require.NotContains(t, err.Message, "panic occurred", query)
		}
		answer, err := json.Marshal(resp)
		require.NoError(t, err)
		require.True(t, json.Valid(answer))
	})
}

// FuzzRequest reads random requests as they come over HTTP.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"query":"{version}","operationName":"","variables":{"a":[1]}}`))
	f.Add([]byte(`{"query":7}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := readRequest(strings.NewReader(string(body)))
		if err == nil {
			_ = bounded(req.Query)
		}
	})
}

// FuzzBounds: whatever a query is, counting its words ends, and what has few words is
// never refused.
func FuzzBounds(f *testing.F) {
	f.Add(`{a{...b c:d@e(f:{g:["\"{"]})}} fragment b on C{...b} # {`)
	f.Add("{\"\"\"{")
	f.Fuzz(func(t *testing.T, query string) {
		err := bounded(query)
		if len(query) < 1000 && !strings.Contains(query, "fragment") {
			require.NoError(t, err)
		}
	})
}

// FuzzID loads objects by IDs that nobody has handed out.
func FuzzID(f *testing.F) {
	server := serveIdle(f)
	ctr, err := server.root.Container(withQuery(f.Context(), server.root), struct{ Platform Platform }{})
	require.NoError(f, err)
	known := string(ctr.ID())
	for _, id := range []string{known, strings.ToUpper(known), known[:len(known)-1], "Container@", "@", "", "Query@query", "Directory" + strings.TrimPrefix(known, "Container")} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		ctr, err := load[*Container](server, graphql.ID(id))
		if id == known {
			require.NoError(t, err)
			require.NotNil(t, ctr)
			return
		}
		require.Error(t, err)
		require.Less(t, len(err.Error()), 1000)
		encoded, err := json.Marshal(id)
		require.NoError(t, err)
		resp := server.Exec(t.Context(), `{node(id:`+string(encoded)+`){id}}`, "", nil)
		for _, err := range resp.Errors {
			require.NotContains(t, err.Message, "panic occurred")
		}
	})
}
