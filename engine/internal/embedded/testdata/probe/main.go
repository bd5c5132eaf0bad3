// Command probe is what the tests run as a build step on an empty root.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

func main() {
	switch os.Args[1] {
	case "true":
	case "cat": // FILE
		data, err := os.ReadFile(os.Args[2])
		check(err)
		check(os.WriteFile("/out/result", data, 0o644))
	case "dial": // ADDRESS: what the listener says
		conn, err := net.DialTimeout("tcp", os.Args[2], 2*time.Second)
		check(err)
		data, err := io.ReadAll(conn)
		check(err)
		check(os.WriteFile("/out/result", data, 0o644))
	case "unique": // something no other run gives
		check(os.WriteFile("/out/result", fmt.Append(nil, time.Now().UnixNano()), 0o644))
	case "sleep": // says so by a connection to ADDRESS, then stays
		if len(os.Args) > 2 {
			conn, err := net.Dial("tcp", os.Args[2])
			check(err)
			defer conn.Close()
		}
		time.Sleep(time.Hour)
	default:
		check(fmt.Errorf("unknown probe %q", os.Args[1]))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}
