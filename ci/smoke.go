package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/ci/cli"
)

// trial is how to find out whether an application works.
type trial struct {
	env map[string]string                         // its settings
	try func(ctx context.Context, c client) error // asks it
}

var trials = map[string]trial{
	// It checks the pages that links lead to: here, one of its own.
	"go-api":      {env: map[string]string{"CHECK_ALLOW_NETWORKS": "127.0.0.0/8"}, try: tryGoAPI},
	"rust-rocket": {try: tryRustRocket},
}

// tried says which applications have a trial.
func tried(app cli.App) bool { _, ok := trials[app.Name]; return ok }

// smoke runs the application's image next to its database and asks it, from this
// machine.
func smoke(ctx context.Context, job *cli.Job) error {
	trial := trials[job.App.Name]
	service, err := server(ctx, job, trial.env)
	if err != nil {
		return err
	}
	tunnel, err := job.Dag.Host().Tunnel(service, dagger.HostTunnelOpts{
		Ports: []dagger.PortForward{{Backend: ports[job.App.Name][0]}},
	}).Start(ctx)
	if err != nil {
		return fmt.Errorf("starting it: %w", err)
	}
	url, err := tunnel.Endpoint(ctx, dagger.ServiceEndpointOpts{Scheme: "http"})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := trial.try(ctx, client{url}); err != nil {
		return err
	}
	_, err = service.Stop(ctx)
	return err
}

// tryGoAPI asks whether it is alive, adds a link and reads it back.
func tryGoAPI(ctx context.Context, c client) error {
	if err := c.ask(ctx, "GET", "/healthz", nil, http.StatusOK, nil); err != nil {
		return err
	}
	type link struct {
		Slug string `json:"slug"`
		URL  string `json:"url"`
	}
	written := link{Slug: "smoke", URL: fmt.Sprintf("http://127.0.0.1:%d/healthz", ports["go-api"][0])}
	if err := c.ask(ctx, "POST", "/links", written, http.StatusCreated, nil); err != nil {
		return err
	}
	var read link
	if err := c.ask(ctx, "GET", "/links/smoke", nil, http.StatusOK, &read); err != nil {
		return err
	}
	if read != written {
		return fmt.Errorf("GET /links/smoke: got %+v, but %+v was written", read, written)
	}
	return nil
}

// client asks an application at a URL.
type client struct{ url string }

// ask sends a request, with a body as JSON where there is one, wants this status,
// and decodes the answer into answer unless that is nil.
func (c client) ask(ctx context.Context, method, path string, body any, status int, answer any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, &content)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, path, err)
	case resp.StatusCode != status:
		return fmt.Errorf("%s %s: status %d instead of %d: %s", method, path, resp.StatusCode, status, bytes.TrimSpace(text))
	case answer != nil:
		if err := json.Unmarshal(text, answer); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	return nil
}
