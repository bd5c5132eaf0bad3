//go:build linux

// Command carrier runs in a container that has a cache volume mounted; see package
// program.
package main

import (
	"os"
	"runtime/debug"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/program"
	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// gcPercent trades memory for time: what is alive is little, and packs are reused.
const gcPercent = 400

func main() {
	debug.SetGCPercent(gcPercent)
	dirs := program.Dirs{Volume: wire.VolumeDir, State: wire.StateDir, First: wire.FirstDir}
	in, out := meet()
	if program.Serve(in, out, dirs) != nil {
		os.Exit(1)
	}
}
