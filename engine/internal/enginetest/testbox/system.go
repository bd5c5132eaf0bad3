//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

var systemCommands = map[string]command{
	"id":        id,
	"pwd":       pwd,
	"caps":      caps,
	"df":        df,
	"get":       get,
	"dial":      dial,
	"ask":       ask,
	"exclusive": exclusive,
	"enter":     enter,
	"uname":     uname,
	"mounted":   mounted,
}

// id writes "uid gid groups".
func id([]string) error {
	groups, err := os.Getgroups()
	slices.Sort(groups)
	fmt.Println(os.Getuid(), os.Getgid(), groups)
	return err
}

func pwd([]string) error {
	dir, err := os.Getwd()
	fmt.Println(dir)
	return err
}

// caps writes the effective capabilities as hexadecimal digits.
func caps([]string) error {
	status, err := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if set, ok := strings.CutPrefix(line, "CapEff:"); ok {
			fmt.Println(strings.TrimSpace(set))
		}
	}
	return err
}

// df writes the size of a path's file system in bytes.
func df(args []string) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(args[0], &st); err != nil {
		return err
	}
	fmt.Println(st.Blocks * uint64(st.Bsize))
	return nil
}

// mounted writes the options of the mount at a path.
func mounted(args []string) error {
	table, err := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); f[1] == args[0] {
			fmt.Println(f[2], f[3])
		}
	}
	return err
}

// get writes what a URL answers with.
func get(args []string) error {
	c := http.Client{Timeout: 10 * time.Second}
	resp, err := c.Get(args[0])
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}

// dial connects to an address.
func dial(args []string) error {
	conn, err := net.DialTimeout("tcp", args[0], time.Second)
	if err != nil {
		return err
	}
	fmt.Println("connected")
	return conn.Close()
}

// ask sends a line to the Unix socket at a path, and writes the line that comes
// back.
func ask(args []string) error {
	conn, err := net.Dial("unix", args[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, args[1]); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	fmt.Print(answer)
	return err
}

// exclusive fails when it runs twice at once on the same folder.
func exclusive(args []string) error {
	lock := filepath.Join(args[0], "busy")
	if err := os.Mkdir(lock, 0o755); err != nil {
		return fmt.Errorf("not alone: %w", err)
	}
	time.Sleep(300 * time.Millisecond)
	return os.Remove(lock)
}

func uname([]string) error {
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		return err
	}
	name := []byte{}
	for _, c := range u.Nodename {
		if c != 0 {
			name = append(name, byte(c))
		}
	}
	fmt.Println(string(name))
	return nil
}
