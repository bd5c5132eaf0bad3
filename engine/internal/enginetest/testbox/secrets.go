//go:build linux

package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// secretCommands do with the value of a variable what programs do with secrets.
var secretCommands = map[string]command{
	"base64":   encode,
	"line":     line,
	"complain": complain,
}

// encode writes base64 of a variable's value: base64 NAME [WIDTH [BEFORE]].
func encode(args []string) error {
	width, before := 1<<20, ""
	if len(args) > 1 {
		var err error
		if width, err = strconv.Atoi(args[1]); err != nil {
			return err
		}
	}
	if len(args) > 2 {
		before = args[2]
	}
	text := base64.StdEncoding.EncodeToString([]byte(before + os.Getenv(args[0])))
	for ; len(text) > width; text = text[width:] {
		fmt.Println(text[:width])
	}
	fmt.Println(text)
	return nil
}

// line writes one line of a variable's value: line NAME NUMBER, from 1.
func line(args []string) error {
	number, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	fmt.Println(strings.Split(os.Getenv(args[0]), "\n")[number-1])
	return nil
}

// complain fails with a variable's value as the reason.
func complain(args []string) error { return errors.New(os.Getenv(args[0])) }
