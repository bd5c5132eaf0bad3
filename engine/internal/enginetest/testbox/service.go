//go:build linux

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

var serviceCommands = map[string]command{
	"keep":   keep,
	"relate": relate,
	"ok":     ok,
}

// keep serves a store over HTTP on a port: PUT through /set/NAME?v=VALUE, GET
// through /get/NAME; /start tells when it was started; /healthy is an error
// before a second argument, a duration, has gone by; /exit/CODE ends it.
func keep(args []string) error {
	began, sick := time.Now(), time.Duration(0)
	if len(args) > 1 {
		sick, _ = time.ParseDuration(args[1])
	}
	start := strconv.FormatInt(began.UnixNano(), 10)
	var mu sync.Mutex
	values := map[string]string{}
	mux := http.NewServeMux()
	mux.HandleFunc("/set/{name}", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		values[r.PathValue("name")] = r.FormValue("v")
		fmt.Println("set", r.PathValue("name"))
	})
	mux.HandleFunc("/get/{name}", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(w, values[r.PathValue("name")])
	})
	mux.HandleFunc("/start", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, start) })
	mux.HandleFunc("/healthy", func(w http.ResponseWriter, _ *http.Request) {
		if time.Since(began) < sick {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/hostname", func(w http.ResponseWriter, _ *http.Request) {
		name, _ := os.Hostname()
		fmt.Fprintln(w, name)
	})
	mux.HandleFunc("/exit/{code}", func(_ http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		os.Exit(code)
	})
	fmt.Println("keeping on port", args[0])
	return http.ListenAndServe("127.0.0.1:"+args[0], mux)
}

// ok fails unless a URL answers with 200 OK.
func ok(args []string) error {
	resp, err := http.Get(args[0])
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", args[0], resp.Status)
	}
	return nil
}

// relate serves at an address what a URL answers with.
func relate(args []string) error {
	return http.ListenAndServe(args[0], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		resp, err := http.Get(args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		_, _ = io.Copy(w, resp.Body)
	}))
}
