package buildkit

import (
	"fmt"
	"regexp"

	"github.com/moby/buildkit/solver/errdefs"
)

// sourceLine says which line of which file, such as a Dockerfile, an error of
// the solver is about: "Dockerfile:7", or "" where that is not known.
func sourceLine(err error) string {
	for _, src := range errdefs.Sources(err) {
		if src.GetInfo().GetFilename() != "" && len(src.Ranges) > 0 {
			return fmt.Sprintf("%s:%d", src.Info.Filename, src.Ranges[0].GetStart().GetLine())
		}
	}
	return ""
}

// at puts a line of a file before a message.
func at(line, msg string) string {
	if line == "" {
		return msg
	}
	return line + ": " + msg
}

// checksumNoise is what the daemon says around the path of a file that is not
// there.
var checksumNoise = regexp.MustCompile(`failed to compute cache key: |failed to calculate checksum of ref \S+: `)
