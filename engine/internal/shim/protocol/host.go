package protocol

import (
	"encoding/json"
	"fmt"
)

// HostVariable is the environment variable of an exec that holds its Host. The
// command does not see it. It comes as a secret, so that it is no part of the
// cache key; a variable costs less than a mount.
const HostVariable = "BODKIN_EXEC_HOST"

// Host is what an exec is told about the machine it runs on.
type Host struct {
	// Shim is the digest ("sha256:…") of the shim that the engine wants. Empty
	// accepts any.
	Shim string `json:"shim,omitempty"`

	// CABundle is the path within the exec of the host's CA certificates, which
	// lie beside the shim.
	CABundle string `json:"caBundle,omitempty"`

	// SharedNetwork says that execs share one network, and so its loopback.
	SharedNetwork bool `json:"sharedNetwork,omitempty"`
}

// EncodeHost returns the content of HostVariable.
func EncodeHost(h Host) []byte {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // strings only: cannot fail
	}
	return b
}

// DecodeHost reads what EncodeHost wrote. Fields it does not know are left to
// newer shims.
func DecodeHost(b []byte) (Host, error) {
	var h Host
	if err := json.Unmarshal(b, &h); err != nil {
		return Host{}, fmt.Errorf("reading what the engine says of the host: %w", err)
	}
	return h, nil
}
