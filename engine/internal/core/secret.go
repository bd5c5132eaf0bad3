package core

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"strings"
)

// SecretProvider returns the function that asks for a secret's value:
// env://NAME, file://PATH or cmd://COMMAND (run by sh). Values are asked for
// when an exec needs them.
func SecretProvider(uri string) (func(context.Context) ([]byte, error), error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return nil, fmt.Errorf("invalid secret URI %q: expected env://NAME, file://PATH or cmd://COMMAND", uri)
	}
	switch scheme {
	case "env":
		return func(context.Context) ([]byte, error) { return envSecret(rest) }, nil
	case "file":
		return func(context.Context) ([]byte, error) { return fileSecret(rest) }, nil
	case "cmd":
		return func(ctx context.Context) ([]byte, error) { return commandSecret(ctx, rest) }, nil
	default:
		return nil, fmt.Errorf("secret provider %q is not served by Bodkin's engine: use env://, file:// or cmd:// (with the provider's own command-line program)", scheme)
	}
}

func envSecret(name string) ([]byte, error) {
	value, ok := os.LookupEnv(name)
	if !ok {
		return nil, fmt.Errorf("reading a secret: environment variable %s is not set", name)
	}
	return []byte(value), nil
}

func fileSecret(name string) ([]byte, error) {
	abs, err := hostPath(name, false)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(abs)
}

func commandSecret(ctx context.Context, command string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("reading a secret from command %q: %w: %s", command, err, strings.TrimSpace(stderr.String()))
	}
	return bytes.TrimRight(out, "\r\n"), nil
}

// URLName is the file name that a URL stands for.
func URLName(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "index"
	}
	name := path.Base(u.Path)
	if name == "/" || name == "." || name == ".." {
		return "index"
	}
	return name
}
