package e2e

import (
	"os"
	"syscall"
)

// maxResident is the largest resident memory of an ended process in MB.
func maxResident(p *os.ProcessState) (float64, bool) {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, false
	}
	return float64(usage.Maxrss) / 1000, true
}
