// Package server runs an http.Handler until it is told to stop: Run.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	idleTimeout       = 60 * time.Second
	writeMargin       = 5 * time.Second // for sending an answer that took the whole request time-out
)

// Options adjusts Run.
type Options struct {
	RequestTimeout  time.Duration // how long the handler takes at most
	ShutdownTimeout time.Duration // how long Run waits for requests under way
	Log             *slog.Logger
}

// Run serves handler on l until ctx ends. Then it accepts no more connections,
// lets the requests under way finish and returns nil; those that take longer
// than the shutdown time-out are cut off, and Run errs. It closes l.
func Run(ctx context.Context, l net.Listener, handler http.Handler, opts Options) error {
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout + opts.RequestTimeout + writeMargin,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(opts.Log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	opts.Log.Info("listening", "addr", l.Addr().String())
	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	opts.Log.Info("shutting down", "timeout", opts.ShutdownTimeout.String())
	// ctx has ended already; what is left has its own time-out.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), opts.ShutdownTimeout)
	defer cancel()
	if err := srv.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("waiting for requests under way: %w", err), srv.Close())
	}
	return nil
}
