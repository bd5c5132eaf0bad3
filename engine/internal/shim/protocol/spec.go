package protocol

import (
	"encoding/json"
	"fmt"
)

// Expect says which exit codes count as success of an exec.
type Expect string

// The Dagger API's ReturnType values. The empty value means ExpectSuccess.
const (
	ExpectSuccess Expect = "SUCCESS" // 0
	ExpectFailure Expect = "FAILURE" // 1 to 255
	ExpectAny     Expect = "ANY"
)

// Met reports whether a command that ended with the given code did what was
// expected of it.
func (e Expect) Met(code int) bool {
	switch e {
	case ExpectAny:
		return true
	case ExpectFailure:
		return code != 0
	default:
		return code == 0
	}
}

// Spec describes an exec as far as its result depends on it. It travels in the
// exec's arguments and so is part of the cache key; what belongs to the host is
// in Host instead.
type Spec struct {
	Expect Expect `json:"expect,omitempty"`

	// Files that stand in for the command's streams, relative to its working
	// folder. Outputs are truncated, and recorded in OutDir all the same; a
	// missing folder is an error.
	Stdin  string `json:"stdin,omitempty"`
	Stdout string `json:"stdout,omitempty"`
	Stderr string `json:"stderr,omitempty"`

	// SecretEnv and SecretFiles name the environment variables and the files
	// whose values are replaced by *** wherever the command writes them.
	SecretEnv   []string `json:"secretEnv,omitempty"`
	SecretFiles []string `json:"secretFiles,omitempty"`

	// Services are those that the exec uses.
	Services []Service `json:"services,omitempty"`

	// Listen and SkipCheck are for a service itself: the ports on which it
	// listens, and those among them whose answer nobody waits for.
	Listen    []int `json:"listen,omitempty"`
	SkipCheck []int `json:"skipCheck,omitempty"`

	// Check is a service's health check. It decides in place of the ports.
	Check *Check `json:"check,omitempty"`

	// NoInit leaves orphaned processes to the command, as if it were PID 1.
	NoInit bool `json:"noInit,omitempty"`
}

// Encode returns the spec as one argument: compact JSON, the same bytes for the
// same spec.
func Encode(s Spec) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and booleans only: cannot fail
	}
	return string(b)
}

// Decode reads what Encode wrote.
func Decode(arg string) (Spec, error) {
	var s Spec
	if err := json.Unmarshal([]byte(arg), &s); err != nil {
		return Spec{}, fmt.Errorf("reading the exec's spec: %w", err)
	}
	return s, nil
}

// ExecArgs returns the arguments of the exec that runs command under the shim.
func ExecArgs(s Spec, command ...string) []string {
	return append([]string{BinaryPath, "exec", Encode(s), "--"}, command...)
}

// InstallArgs returns the arguments of the exec that installs the shim with the
// given digest, mounted at binary, into dir: the cache mount that is BinDir of
// other execs, writable.
//
// A bundle of CA certificates goes along where bundle, its path, is not empty.
func InstallArgs(binary, dir, digest, bundle, bundleDigest string) []string {
	args := []string{binary, "install", dir, digest}
	if bundle != "" {
		args = append(args, bundle, bundleDigest)
	}
	return args
}
