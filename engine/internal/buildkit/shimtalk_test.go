package buildkit

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

func TestShimTalkKeepsTheShimsLine(t *testing.T) {
	var out bytes.Buffer
	talk := newShimTalk(&out)
	for _, piece := range []string{"waiting\r", "\nbodkin-", "shim: starts", "\r\nhello", "\r\n", protocol.MarkerNotStarted + "as the command says"} {
		n, err := talk.Write([]byte(piece))
		require.NoError(t, err)
		require.Equal(t, len(piece), n)
	}
	require.Equal(t, "waiting\r\nhello\r\n"+protocol.MarkerNotStarted+"as the command says", out.String())
	<-talk.started
}

func TestShimTalkFindsTheReason(t *testing.T) {
	for name, said := range map[string]string{
		"nothing was started":   protocol.MarkerNotStarted + "no such file\r\n",
		"no interpreter":        protocol.MarkerStarts + "\r\n" + protocol.MarkerNotStarted + "no such file\r\n",
		"something typed ahead": protocol.MarkerStarts + "\r\nls\r\n" + protocol.MarkerNotStarted + "no such file\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			talk := newShimTalk(&bytes.Buffer{})
			_, err := talk.Write([]byte(said))
			require.NoError(t, err)
			reason, found := talk.last(protocol.MarkerNotStarted)
			require.True(t, found)
			require.Equal(t, "no such file", reason)
			_, found = talk.last(protocol.MarkerSetup)
			require.False(t, found)
		})
	}
}

func TestShimTalkHidesTheEnd(t *testing.T) {
	for name, pieces := range map[string][]string{
		"at once":   {"bye\r\n" + protocol.MarkerEnds},
		"in pieces": {"b", "ye\r\n" + protocol.MarkerEnds[:1], protocol.MarkerEnds[1:7], protocol.MarkerEnds[7:]},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			talk := newShimTalk(&out)
			for _, piece := range append([]string{protocol.MarkerStarts + "\r\n\x1b[1m"}, pieces...) {
				_, err := talk.Write([]byte(piece))
				require.NoError(t, err)
			}
			require.Equal(t, "\x1b[1mbye\r\n", out.String())
			<-talk.ended
		})
	}
}
