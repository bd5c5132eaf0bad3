//go:build linux

package main

import (
	"errors"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// errUnexpectedSuccess ends an exec that was expected to fail.
var errUnexpectedSuccess = errors.New("the command ended with exit code 0, but was expected to fail")

// runExec runs command as arg describes and returns the shim's exit status.
func runExec(arg string, command []string) int {
	j, status := prepare(arg)
	if j == nil {
		return status
	}
	rec, err := newRecording(j.spec, j.secrets)
	if err != nil {
		return refuse(err)
	}
	code, err := rec.run(j, command, nil)
	if err != nil {
		return refuse(err)
	}
	if err := rec.finish(code); err != nil {
		return giveUp(protocol.StatusRecording, protocol.MarkerRecording, err)
	}
	return verdict(j.spec.Expect, code)
}

// refuse says why the command was not started.
func refuse(err error) int {
	return giveUp(protocol.StatusSetup, protocol.MarkerSetup, err)
}

// giveUp says what the shim could not do, also in a file for the engine to
// read, and returns its exit status.
func giveUp(status int, marker string, err error) int {
	say(marker, err)
	_ = writeFile(outFile(protocol.ErrorFile), err.Error()) // stderr says it too
	return status
}

// verdict turns the command's exit code into the shim's.
func verdict(expect protocol.Expect, code int) int {
	switch {
	case expect.Met(code):
		return 0
	case code == 0:
		say(protocol.MarkerUnexpectedSuccess, errUnexpectedSuccess)
		return protocol.StatusUnexpectedSuccess
	}
	return code
}

// run starts command, relays what it writes until it has ended and returns its
// exit code. A command that cannot be started has the exit code that a shell
// would give it. It errs when nothing was started for another reason. Once the
// command runs, started is called if it is not nil.
func (r *recording) run(j *job, command []string, started func(*process, *pipes)) (int, error) {
	stdin, err := openStdin(j.spec)
	if err != nil {
		return 0, err
	}
	defer stdin.Close()
	pipes, err := newPipes()
	if err != nil {
		return 0, err
	}
	defer pipes.close()

	path, failed := lookPath(command[0], j.environment)
	var child *process
	if failed == nil {
		child, failed = start(path, command, j.environment, j.spec.NoInit, stdin, pipes)
	}
	if failed != nil {
		r.stderr.write([]byte(failed.Error() + "\n"))
		return failed.code, nil
	}
	if started != nil {
		started(child, pipes)
	}
	return (&relay{pipes: pipes, rec: r, child: child}).run()
}
