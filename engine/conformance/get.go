package conformance

import (
	"context"
	"io"
	"net/http"
	"testing"

	"dagger.io/dagger"
)

// identified is what has an ID.
type identified interface {
	ID(ctx context.Context) (dagger.ID, error)
}

// get returns what a URL answers this machine with.
func get(t *testing.T, url string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
