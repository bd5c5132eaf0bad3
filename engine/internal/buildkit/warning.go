package buildkit

import (
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// Warning is something that the user should know and that stops nothing.
type Warning struct {
	Short  string
	Detail string
	URL    string
	File   string // what it is about, with its content and the lines
	Source []byte
	Ranges []*pb.Range
}

// Warn shows warnings as progress, under a name that says where they come from.
func (s *Session) Warn(name string, warnings []Warning) {
	if len(warnings) == 0 {
		return
	}
	now := time.Now()
	v := &client.Vertex{Digest: digest.FromString(name + now.String()), Name: name, Started: &now, Completed: &now}
	status := &client.SolveStatus{Vertexes: []*client.Vertex{v}}
	for _, w := range warnings {
		status.Warnings = append(status.Warnings, &client.VertexWarning{
			Vertex: v.Digest, Level: 1, Short: []byte(w.Short), Detail: [][]byte{[]byte(w.Detail)}, URL: w.URL,
			SourceInfo: &pb.SourceInfo{Filename: w.File, Data: w.Source}, Range: w.Ranges,
		})
	}
	s.progress.send(status)
}
