package introspect

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sdl = `
schema { query: Query }
"Where all starts."
type Query implements Node {
  id: ID!
  pets(kind: Kind = CAT, "of the owner" names: [String!] = ["a"], where: Where): [Pet!]!
  old: String @deprecated(reason: "use new")
}
interface Node { id: ID! }
type Pet implements Node { id: ID! }
enum Kind { CAT DOG @deprecated }
input Where { age: Int = 3, gone: Int @deprecated(reason: "dead") }
scalar Date @specifiedBy(url: "https://date.example")
`

func answer(t *testing.T, query string, variables map[string]any) string {
	t.Helper()
	schema, err := New(sdl)
	require.NoError(t, err)
	data, ok, err := schema.Exec(query, "", variables)
	require.NoError(t, err)
	require.True(t, ok, query)
	out, err := json.Marshal(data)
	require.NoError(t, err)
	return string(out)
}

func TestTypes(t *testing.T) {
	for query, want := range map[string]string{
		`{__type(name:"Kind"){name kind enumValues{name}}}`:                                   `{"__type":{"name":"Kind","kind":"ENUM","enumValues":[{"name":"CAT"}]}}`,
		`{__type(name:"Kind"){enumValues(includeDeprecated:true){name isDeprecated}}}`:        `{"__type":{"enumValues":[{"name":"CAT","isDeprecated":false},{"name":"DOG","isDeprecated":true}]}}`,
		`{__type(name:"Nothing"){name}}`:                                                      `{"__type":null}`,
		`{a:__type(name:"Node"){b:possibleTypes{name} fields{name}}}`:                         `{"a":{"b":[{"name":"Pet"},{"name":"Query"}],"fields":[{"name":"id"}]}}`,
		`{__type(name:"Date"){specifiedByURL description fields{name} __typename}}`:           `{"__type":{"specifiedByURL":"https://date.example","description":null,"fields":null,"__typename":"__Type"}}`,
		`{__type(name:"Where"){inputFields{name defaultValue} isOneOf}}`:                      `{"__type":{"inputFields":[{"name":"age","defaultValue":"3"}],"isOneOf":false}}`,
		`{__type(name:"Where"){inputFields(includeDeprecated:true){name deprecationReason}}}`: `{"__type":{"inputFields":[{"name":"age","deprecationReason":null},{"name":"gone","deprecationReason":"dead"}]}}`,
		`{__schema{queryType{name description interfaces{name}} mutationType{name}}}`:         `{"__schema":{"queryType":{"name":"Query","description":"Where all starts.","interfaces":[{"name":"Node"}]},"mutationType":null}}`,
		`{__typename __type(name:"Query"){name}}`:                                             `{"__typename":"Query","__type":{"name":"Query"}}`,
	} {
		require.JSONEq(t, want, answer(t, query, nil), query)
	}
}

func TestFieldsHaveArgumentsAndTypes(t *testing.T) {
	require.JSONEq(t, `{"__type":{"fields":[
		{"name":"id","args":[],"type":{"kind":"NON_NULL","name":null,"ofType":{"name":"ID"}}},
		{"name":"pets","args":[
			{"name":"kind","description":null,"defaultValue":"CAT"},
			{"name":"names","description":"of the owner","defaultValue":"[\"a\"]"},
			{"name":"where","description":null,"defaultValue":null}],
		 "type":{"kind":"NON_NULL","name":null,"ofType":{"name":null}}}]}}`,
		answer(t, `{__type(name:"Query"){fields{name args{name description defaultValue} type{kind name ofType{name}}}}}`, nil))
}

func TestFragmentsVariablesAndConditions(t *testing.T) {
	query := `query Q($name: String = "Pet", $no: Boolean!) {
		__type(name: $name) { ...names kind @include(if: $no) ... on __Type { x: kind @skip(if: $no) } fields { name } fields { isDeprecated } }
	}
	fragment names on __Type { name }`
	require.JSONEq(t, `{"__type":{"name":"Pet","x":"OBJECT","fields":[{"name":"id","isDeprecated":false}]}}`, answer(t, query, map[string]any{"no": false}))
	require.JSONEq(t, `{"__type":{"name":"Kind","kind":"ENUM","fields":null}}`, answer(t, query, map[string]any{"no": true, "name": "Kind"}))
}

func TestTheWholeSchema(t *testing.T) {
	var all struct {
		Schema struct {
			Types      []struct{ Name string }
			Directives []struct {
				Name         string
				Locations    []string
				IsRepeatable bool
			}
		} `json:"__schema"`
	}
	require.NoError(t, json.Unmarshal([]byte(answer(t, Query, nil)), &all))
	var names []string
	for _, typ := range all.Schema.Types {
		names = append(names, typ.Name)
	}
	require.Subset(t, names, []string{"Query", "Pet", "Node", "Kind", "Where", "Date", "String", "__Type"})
	require.Equal(t, "deprecated", all.Schema.Directives[1].Name)
	require.Contains(t, all.Schema.Directives[1].Locations, "ENUM_VALUE")
}

// Everything but the schema is for somebody else.
func TestOtherQueries(t *testing.T) {
	schema, err := New(sdl)
	require.NoError(t, err)
	for _, query := range []string{
		`{id __schema{queryType{name}}}`, `{...f} fragment f on Query{id __type(name:"Pet"){name}}`,
		`{__schema`, `mutation{__typename}`, `{...f __schema{description}} fragment f on Query{...g} fragment g on Query{...f id}`, `query A{__schema{description}} query B{id}`,
	} {
		_, ok, err := schema.Exec(query, "", nil)
		require.NoError(t, err)
		require.False(t, ok, query)
	}
	require.True(t, May(`{__schema{description}}`))
	require.True(t, May(`{ __type (name:"Pet"){name}}`))
	require.False(t, May(`{pets{__typename}}`))
}

// Types lead to types, and so a short query may ask for more than there is room for.
func TestAnswersAreBounded(t *testing.T) {
	schema, err := New(sdl)
	require.NoError(t, err)
	circles := strings.Repeat("possibleTypes{interfaces{", 40) + "name" + strings.Repeat("}}", 40)
	for _, query := range []string{"{__schema{types{" + circles + "}}}", "{id __schema{types{" + circles + "}}}"} {
		_, ok, err := schema.Exec(query, "", nil)
		require.True(t, ok)
		require.ErrorContains(t, err, "introspection depth")
	}
	many := "fragment f on __Schema{types{fields{args{name type{kind name}}type{kind name ofType{kind name}}}}}{"
	for i := 0; len(many) < maxQuery-100; i++ {
		many += fmt.Sprintf("a%d:__schema{...f}", i)
	}
	require.True(t, May(many+"}"))
	require.False(t, May(many+many))
	_, ok, err := schema.Exec(many+"}", "", nil)
	require.True(t, ok)
	require.ErrorIs(t, err, errTooMuch)
}

func TestMistakesAreNamed(t *testing.T) {
	schema, err := New(sdl)
	require.NoError(t, err)
	for query, says := range map[string]string{
		`{__schema{nothing}}`: `Cannot query field "nothing" on type "__Schema"`,
		`{__type{name}}`:      `argument "name"`,
		`{...f} fragment f on Query{...g} fragment g on Query{...f __schema{description}}`: `Cannot spread fragment "f" within itself`,
	} {
		_, ok, err := schema.Exec(query, "", nil)
		require.True(t, ok, query)
		require.ErrorContains(t, err, says)
	}
}
