package gobuild

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// CompileError says that `go build` failed.
type CompileError struct {
	// Name is the program's name.
	Name string
	// Output is the end of what `go build` printed, without progress lines.
	Output string
	// Err is how the command ended.
	Err error
}

func (e *CompileError) Error() string {
	return fmt.Sprintf("building %s: %v\n%s", e.Name, e.Err, e.Output)
}

func (e *CompileError) Unwrap() error { return e.Err }

// env is the user's environment, so that GOPROXY, GOSUMDB, GOCACHE and the like
// hold, with what would change the result overridden.
func (p Program) env() []string {
	flags := "GOFLAGS=-mod=readonly"
	if strings.Contains(os.Getenv("GOFLAGS"), "-modcacherw") {
		flags += " -modcacherw"
	}
	return append(append(os.Environ(), flags, "GO111MODULE=on", "GOWORK=off", "CGO_ENABLED=0",
		"GOAMD64=v1", "GOARM64=v8.0", "GOOS="+p.GOOS, "GOARCH="+p.GOARCH), p.Env...)
}

// run starts `go build` in src and waits for it.
func (p Program) run(ctx context.Context, gocmd, src, out string) error {
	cmd := exec.CommandContext(ctx, gocmd, "build", "-v", "-trimpath", "-buildvcs=false",
		"-ldflags", strings.TrimSpace("-s -w -buildid= "+p.LDFlags), "-o", out, p.Package)
	cmd.Dir, cmd.Env = src, p.env()
	cmd.WaitDelay = 5 * time.Second
	ownGroup(cmd)
	pr, pw := io.Pipe()
	cmd.Stdout, cmd.Stderr = pw, pw
	watch := &progress{program: p}
	var wg sync.WaitGroup
	wg.Go(func() { watch.read(pr) })
	stop := watch.every(progressPeriod)
	// The kernel ties a parent-death signal to the thread that started the child.
	runtime.LockOSThread()
	err := cmd.Run()
	runtime.UnlockOSThread()
	pw.Close()
	wg.Wait()
	stop()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("building %s: %w", p.Name, ctx.Err())
	case err != nil:
		return &CompileError{Name: p.Name, Output: watch.tail(), Err: err}
	default:
		return nil
	}
}

// progressPeriod is how often a running build is reported.
const progressPeriod = 10 * time.Second

// tailLines is how many lines of a failed build are shown.
const tailLines = 20

// progress tells the lines of `go build -v` apart: modules that arrive, packages
// that are compiled, and everything else, which matters when the build fails.
type progress struct {
	program           Program
	mu                sync.Mutex
	modules, packages int
	other             []string
}

func (w *progress) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		w.line(lines.Text())
	}
	_, _ = io.Copy(io.Discard, r)
}

func (w *progress) line(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case strings.HasPrefix(s, "go: downloading "):
		w.modules++
	case s != "" && !strings.ContainsAny(s, " \t:#"):
		w.packages++
	case s != "":
		w.other = append(w.other, s)
		w.other = w.other[max(0, len(w.other)-tailLines):]
	}
}

func (w *progress) tail() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.other, "\n")
}

// every reports at each tick until the returned function is called.
func (w *progress) every(period time.Duration) (stop func()) {
	done, ticks := make(chan struct{}), time.NewTicker(period)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer ticks.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticks.C:
				w.mu.Lock()
				w.program.Log.Info("building "+w.program.Name+" …", "modules fetched", w.modules, "packages compiled", w.packages)
				w.mu.Unlock()
			}
		}
	})
	return func() { close(done); wg.Wait() }
}
