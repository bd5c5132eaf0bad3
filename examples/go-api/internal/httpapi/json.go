package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

// maxRequest is the longest request body, in bytes.
const maxRequest = 16 << 10

// readJSON decodes the body into v. It answers the request itself, and returns
// false, where the body is not one JSON value of v's shape.
func readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		problem(w, http.StatusUnsupportedMediaType, "send the body as Content-Type: application/json")
		return false
	}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	body.DisallowUnknownFields()
	err := body.Decode(v)
	if err == nil {
		if _, err = body.Token(); errors.Is(err, io.EOF) {
			return true
		}
		if err == nil {
			err = errors.New("there is something after the JSON value")
		}
	}
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		problem(w, http.StatusRequestEntityTooLarge, "the body is longer than 16 KiB")
		return false
	}
	problem(w, http.StatusBadRequest, "the body does not hold the JSON expected: "+err.Error())
	return false
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	write(w, "application/json", status, v)
}

func write(w http.ResponseWriter, kind string, status int, v any) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only where the client has left
}
