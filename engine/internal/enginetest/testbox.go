package enginetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// testboxPackage is the program that containers of tests run.
const testboxPackage = "github.com/bodkin-ci/bodkin/engine/internal/enginetest/testbox"

// built is the folder that testbox has made.
var built string

var testbox = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "bodkin-testbox-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "box")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", path, testboxPackage)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+runtime.GOARCH)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the test program: %w\n%s", err, out)
	}
	return path, nil
})

// Testbox returns the path of a static program with many small commands, for
// containers that have nothing else. It is built once per process.
func Testbox(t testing.TB) string {
	t.Helper()
	path, err := testbox()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// removeTestbox removes what Testbox has built.
func removeTestbox() {
	if built != "" {
		_ = os.RemoveAll(built)
	}
}
