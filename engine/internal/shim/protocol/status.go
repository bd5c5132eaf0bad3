package protocol

import "strings"

// Exit statuses of the shim itself. A command may end with the same number:
// only the marker line on stderr makes it the shim's.
const (
	// StatusSetup: the command was not started, because the spec, a redirect or
	// a mount is wrong. The marker line says which.
	StatusSetup = 116
	// StatusOutdated: the installed shim is not the one wanted. Nothing ran;
	// install it and try again.
	StatusOutdated = 117
	// StatusUnexpectedSuccess: the command succeeded where failure was expected.
	StatusUnexpectedSuccess = 118
	// StatusRecording: the command ran, but what it wrote could not be kept.
	StatusRecording = 119
)

// Exit codes for commands that cannot be started, as shells have them.
const (
	StatusNotExecutable = 126
	StatusNotFound      = 127
)

// Markers open the line on stderr that goes with a status of the shim.
const (
	MarkerSetup             = "bodkin-shim: cannot run: "
	MarkerOutdated          = "bodkin-shim: outdated: "
	MarkerUnexpectedSuccess = "bodkin-shim: unexpected success: "
	MarkerRecording         = "bodkin-shim: recording: "
)

var markers = map[int]string{
	StatusSetup:             MarkerSetup,
	StatusOutdated:          MarkerOutdated,
	StatusUnexpectedSuccess: MarkerUnexpectedSuccess,
	StatusRecording:         MarkerRecording,
}

// Marked returns what the shim said on stderr about its own exit status, and
// whether it did: false means that the status is the command's.
func Marked(status int, stderr string) (message string, ok bool) {
	marker, ok := markers[status]
	if !ok {
		return "", false
	}
	at := strings.LastIndex(stderr, marker)
	if at < 0 || at > 0 && stderr[at-1] != '\n' {
		return "", false
	}
	message, _, _ = strings.Cut(stderr[at+len(marker):], "\n")
	return message, true
}
