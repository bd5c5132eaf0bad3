package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// chain is a query of n calls, one on the result of the other.
func chain(n int) string {
	return "{container{" + strings.Repeat(`withLabel(name:"a}{",value:"{\"{"){`, n-2) + "user" + strings.Repeat("}", n)
}

// wide is a query of n fields side by side, grouped.
func wide(groups, n int) string {
	var query strings.Builder
	query.WriteString("query all {")
	for g := range groups {
		fmt.Fprintf(&query, "g%d: container{", g)
		for i := range n {
			fmt.Fprintf(&query, "f%d: user ", i)
		}
		query.WriteString("}")
	}
	return query.String() + "}"
}

func TestBounds(t *testing.T) {
	server := serveIdle(t)
	bomb := `{container{...f0}}`
	for i := range 30 {
		bomb += fmt.Sprintf(" fragment f%d on Container{...f%d ...f%d}", i, i+1, i+1)
	}
	bomb += "fragment f30 on Container{user}"
	for name, c := range map[string]struct{ query, want string }{
		"many calls":          {chain(9_000), ""},
		"too many calls":      {chain(20_000), "nests more than 9990 calls"},
		"very many calls":     {strings.Repeat("{a", 20<<20), "nests more than 9990 calls"},
		"nested lists":        {"{a(b:" + strings.Repeat("[", 20<<20), "nests more than 9990 calls"},
		"fields":              {wide(19, 1000), ""},
		"too many fields":     {wide(21, 1000), "selects more than 20000 fields"},
		"fields side by side": {"{container{" + strings.Repeat("user ", 5000) + "}}", "too many fields side by side"},
		"fragments":           {bomb, "selects more than 20000 fields"},
		"circle of fragments": {"{...a} fragment a on Query{...b} fragment b on Query{...a}", `Cannot spread fragment "a" within itself`},
		"several operations":  {"query a{version} query b{" + strings.Repeat("version ", 20_001) + "}", "selects more than 20000 fields"},
		"texts":               {`{container{withLabel(name:"` + strings.Repeat("{", 20_000) + `",value:"` + strings.Repeat(`\"{`, 20_000) + `"){user}}} #` + strings.Repeat("{", 20_000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			resp := server.Exec(t.Context(), c.query, "", nil)
			if c.want == "" {
				require.Empty(t, resp.Errors)
				_, err := json.Marshal(resp)
				require.NoError(t, err)
				return
			}
			require.NotEmpty(t, resp.Errors)
			require.Contains(t, resp.Errors[0].Message, c.want)
		})
	}
}

// Fragments count wherever they are spread.
func TestCostOfFragments(t *testing.T) {
	many := strings.Repeat("user ", 9_999)
	require.NoError(t, bounded("{a{...f} b{...f}} fragment f on Container{"+many+"}"))
	require.ErrorIs(t, bounded("{a{...f} b{...f} c{...f}} fragment f on Container{"+many+"}"), errTooMany)
	require.NoError(t, bounded(`fragment f on Container{x:`+many+`} query q($a:[String!]={b:{c:1}}){...on Query@include(if:true){d}}`))
}
