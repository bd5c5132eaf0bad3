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
}

// keep serves a store over HTTP on a port: PUT through /set/NAME?v=VALUE, GET
// through /get/NAME; /start tells when it was started.
func keep(args []string) error {
	start := strconv.FormatInt(time.Now().UnixNano(), 10)
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
	fmt.Println("keeping on port", args[0])
	return http.ListenAndServe("127.0.0.1:"+args[0], mux)
}

// relate serves on a port what a URL answers with.
func relate(args []string) error {
	return http.ListenAndServe(":"+args[0], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
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
