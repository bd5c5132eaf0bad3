//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var processCommands = map[string]command{
	"true":   func([]string) error { return nil },
	"echo":   func(args []string) error { _, err := fmt.Println(strings.Join(args, " ")); return err },
	"err":    func(args []string) error { _, err := fmt.Fprintln(os.Stderr, strings.Join(args, " ")); return err },
	"args":   func(args []string) error { _, err := fmt.Printf("%q\n", args); return err },
	"env":    env,
	"exit":   exit,
	"kill":   kill,
	"sleep":  sleep,
	"random": random,
	"spawn":  spawn,
	"run":    run,
	"pid":    func([]string) error { _, err := fmt.Println(os.Getpid(), os.Getppid()); return err },
	"fill":   fill,
	"lines":  lines,
	"pieces": pieces,
	"hex": func(args []string) error {
		_, err := fmt.Println(hex.EncodeToString([]byte(os.Getenv(args[0]))))
		return err
	},
	"wait-term": waitTerm,
	"bytes":     rawBytes,
}

// env writes the environment in its order, or the values of some variables:
// "(unset)" for one that is not set.
func env(args []string) error {
	if len(args) == 0 {
		for _, entry := range os.Environ() {
			fmt.Println(entry)
		}
		return nil
	}
	for _, name := range args {
		value, set := os.LookupEnv(name)
		if !set {
			value = "(unset)"
		}
		fmt.Println(value)
	}
	return nil
}

func exit(args []string) error {
	code, err := strconv.Atoi(args[0])
	if err == nil {
		os.Exit(code)
	}
	return err
}

// kill sends this process a signal by number.
func kill(args []string) error {
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if err := syscall.Kill(os.Getpid(), syscall.Signal(number)); err != nil {
		return err
	}
	time.Sleep(time.Second)
	return nil
}

func sleep(args []string) error {
	d, err := time.ParseDuration(args[0])
	time.Sleep(d)
	return err
}

// random writes 16 random bytes as hexadecimal digits.
func random([]string) error {
	b := make([]byte, 16)
	_, err := rand.Read(b)
	fmt.Printf("%x\n", b)
	return err
}

// spawn starts a command in the background, with this one's streams, and goes on.
func spawn(args []string) error {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Start()
}

// run runs another program: PROGRAM ARGUMENT….
func run(args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

// fill writes SIZE bytes of lines to stdout, or to stderr where a second
// argument says so. Every line tells its number.
func fill(args []string) error {
	size, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var to io.Writer = os.Stdout
	if len(args) > 1 {
		to = os.Stderr
	}
	w := bufio.NewWriterSize(to, 1<<16)
	for i := 0; size > 0; i++ {
		line := []byte(fmt.Sprintf("%09d %s\n", i, strings.Repeat("x", 53)))
		line = line[:min(len(line), size)]
		size -= len(line)
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return w.Flush()
}

// lines writes N numbered lines to stdout and stderr in turn.
func lines(args []string) error {
	n, err := strconv.Atoi(args[0])
	for i := range n {
		fmt.Fprintln(os.Stdout, "out", i)
		time.Sleep(50 * time.Millisecond)
		fmt.Fprintln(os.Stderr, "err", i)
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// pieces writes the value of a variable, or the content of a file, byte by byte.
func pieces(args []string) error {
	text := []byte(os.Getenv(args[0]))
	if strings.HasPrefix(args[0], "/") {
		var err error
		if text, err = os.ReadFile(args[0]); err != nil {
			return err
		}
	}
	for i := range text {
		os.Stdout.Write(text[i : i+1])
		time.Sleep(time.Millisecond)
	}
	fmt.Println()
	return nil
}

// waitTerm waits for SIGTERM and then ends with exit code 7.
func waitTerm([]string) error {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGTERM)
	fmt.Println("waiting")
	<-ch
	os.Exit(7)
	return nil
}

// rawBytes writes the bytes that hexadecimal digits stand for.
func rawBytes(args []string) error {
	b, err := hex.DecodeString(args[0])
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, bytes.NewReader(b))
	return err
}
