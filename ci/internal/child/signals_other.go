//go:build !unix

package child

import "os"

var passedOn = []os.Signal{os.Interrupt}

func comesFromTerminal(os.Signal) bool { return true }

func signalOf(*os.ProcessState) int { return 0 }
