package ociimage

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What exporters send is passed on as it comes, and is the layer that the tree gives
// in any order.
func TestStreamTree(t *testing.T) {
	needsRoot(t)
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			world := randomTree{random: rand.New(rand.NewPCG(seed, 7)), nodes: map[string]item{}}
			world.change(40)
			items := world.items()
			data := exported(t, unpacked(t, tarOf(t, items...)))
			var streamed, sorted bytes.Buffer
			require.NoError(t, streamTree(t.Context(), bytes.NewReader(data), &streamed, time.Unix(5, 0)))
			require.NoError(t, writeTree(t.Context(), treeOf(t, tarOf(t, shuffled(items, seed)...)), &sorted, time.Unix(5, 0)))
			require.Equal(t, sorted.Bytes(), streamed.Bytes())
		})
	}
}

func TestStreamTreeOrder(t *testing.T) {
	for name, items := range map[string][]item{
		"names":          {file("b", ""), file("a", "")},
		"no folder":      {file("a/b", "")},
		"after":          {dir("a"), file("a.b", ""), file("a/b", "")},
		"link to later":  {link("a", "b"), file("b", "")},
		"link of a link": {file("a", ""), link("b", "a"), link("c", "b")},
	} {
		t.Run(name, func(t *testing.T) {
			err := streamTree(t.Context(), bytes.NewReader(tarOf(t, items...)), &bytes.Buffer{}, time.Unix(0, 0))
			require.ErrorIs(t, err, errOrder)
		})
	}
}
