package gitrepo

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"time"
)

// helperTimeout bounds how long this machine's credential helpers may take.
const helperTimeout = 30 * time.Second

// hostLogin asks git, where this machine has it, for the login that its credential
// helpers know for a repository; empty: none. Nobody is asked for a password.
func hostLogin(ctx context.Context, u URL) string {
	git, err := exec.LookPath("git")
	if err != nil || strings.ContainsAny(u.Host+u.Path, "\n\x00") {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, git, "credential", "fill")
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "SSH_ASKPASS=true", "GCM_INTERACTIVE=never")
	cmd.Stdin = strings.NewReader("protocol=" + u.Scheme + "\nhost=" + u.Host + "\npath=" + strings.TrimPrefix(u.Path, "/") + "\n\n")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	var name, password string
	for line := range bytes.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), "=")
		switch key {
		case "username":
			name = value
		case "password":
			password = value
		}
	}
	if password == "" {
		return ""
	}
	return BasicAuthorization(name, password)
}
