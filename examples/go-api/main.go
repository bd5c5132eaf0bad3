// Command go-api is a link service: it keeps short links in PostgreSQL, checks
// the pages they lead to, redirects and counts. README.md describes the API
// and the environment variables.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/config"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/httpapi"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/postgres"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/server"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/webcheck"
)

// version is stamped by -ldflags "-X main.version=1.2.3".
var version = "dev"

// Exit statuses.
const (
	exitFailed = 1
	exitUsage  = 2 // wrong flags or settings
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// From the first signal on, a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is main without the process around it; it returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("go-api", flag.ContinueOnError)
	flags.SetOutput(stderr)
	showVersion := flags.Bool("version", false, "print the version and exit")
	healthCheck := flags.Bool("healthcheck", false, "ask the server on LISTEN_ADDR whether it is alive, and exit 0 or 1")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case flags.NArg() > 0:
		_, _ = fmt.Fprintf(stderr, "go-api: unexpected argument %q\n", flags.Arg(0))
		return exitUsage
	case *showVersion:
		_, _ = fmt.Fprintln(stdout, version)
		return 0
	case *healthCheck:
		return checkHealth(ctx, getenv, stderr)
	}
	settings, err := config.Load(getenv)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "go-api: reading the settings:\n%v\n", err)
		return exitUsage
	}
	log := slog.New(slog.NewJSONHandler(stdout, &slog.HandlerOptions{Level: settings.LogLevel}))
	if err := serve(ctx, settings, log); err != nil {
		log.Error("stopped", "err", err)
		return exitFailed
	}
	log.Info("stopped")
	return 0
}

func checkHealth(ctx context.Context, getenv func(string) string, stderr io.Writer) int {
	addr, err := config.ListenAddr(getenv)
	if err == nil {
		err = server.HealthCheck(ctx, addr)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "go-api:", err)
		return exitFailed
	}
	return 0
}

// serve runs the service until ctx ends.
func serve(ctx context.Context, settings config.Config, log *slog.Logger) error {
	log.Info("starting", "version", version)
	if !webcheck.TrustsAnybody() {
		log.Warn("no certificate authorities found: no https page will pass its check")
	}
	starting, cancel := context.WithTimeout(ctx, settings.StartupTimeout)
	defer cancel()
	pool, err := postgres.Open(starting, settings.Database, log)
	if err != nil {
		return err
	}
	defer pool.Close()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", settings.ListenAddr)
	if err != nil {
		return fmt.Errorf("listening on LISTEN_ADDR: %w", err)
	}
	api := &httpapi.API{
		Log:     log,
		Timeout: settings.RequestTimeout,
		Links: &links.Service{
			Store: postgres.NewLinks(pool),
			Checker: webcheck.New(webcheck.Options{
				Timeout:   settings.CheckTimeout,
				UserAgent: "go-api/" + version,
				Allow:     settings.CheckAllow,
			}),
		},
	}
	return server.Run(ctx, listener, api.Handler(), server.Options{
		RequestTimeout:  settings.RequestTimeout,
		ShutdownTimeout: settings.ShutdownTimeout,
		Log:             log,
	})
}
