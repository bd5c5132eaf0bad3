package shim_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// roleVariable makes the test program play a server or a client.
const roleVariable = "SHIM_TEST_ROLE"

var roles = map[string]func(args []string) error{
	"echo": echo, "die": die, "slow": slow, "unready": unready,
	"pingpong": pingPong, "halfclose": halfClose, "big": big, "many": many,
	"ended": ended, "hold": hold, "latency": latency, "connections": connections, "throughput": throughput,
}

// play ends with exit code 1 where something is not as it should be.
func play(role string, args []string) {
	if err := roles[role](args); err != nil {
		fmt.Fprintln(os.Stderr, role+": "+err.Error())
		os.Exit(1)
	}
}

// copyHelper leaves the test program where other users may run it.
func copyHelper(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	return os.WriteFile(helper, self, 0o755)
}

// echo is a server that sends back what it gets, and ends each direction after
// the client has ended its own.
func echo(args []string) error {
	listener, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	fmt.Println("listening")
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			io.Copy(conn, conn)
		}()
	}
}

// die is a server that ends at the first byte it gets.
func die(args []string) error {
	listener, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	conn, err := listener.Accept()
	for err == nil {
		if n, _ := conn.Read(make([]byte, 1)); n == 1 {
			os.Exit(7)
		}
		conn, err = listener.Accept()
	}
	return err
}

// slow is a server that listens only after a while.
func slow(args []string) error {
	fmt.Print("starting ... ")
	fmt.Fprint(os.Stderr, "half a line")
	time.Sleep(300 * time.Millisecond)
	return echo(args)
}

// unready never listens, and ends when it is told to.
func unready([]string) error {
	fmt.Println("started")
	select {}
}

func dialRole(args []string) (*net.TCPConn, error) {
	conn, err := net.Dial("tcp", args[0])
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// pingPong exchanges messages of all sizes.
func pingPong(args []string) error {
	conn, err := dialRole(args)
	if err != nil {
		return err
	}
	defer conn.Close()
	random := rand.NewChaCha8([32]byte{1})
	for i := range 300 {
		message := make([]byte, 1+random.Uint64()%(1<<(i%18)))
		random.Read(message)
		if _, err := conn.Write(message); err != nil {
			return err
		}
		answer := make([]byte, len(message))
		if _, err := io.ReadFull(conn, answer); err != nil {
			return err
		}
		if !bytes.Equal(answer, message) {
			return errors.New("another answer")
		}
	}
	return nil
}

// halfClose ends its own direction before it reads.
func halfClose(args []string) error {
	conn, err := dialRole(args)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("all there is")); err != nil {
		return err
	}
	if err := conn.CloseWrite(); err != nil {
		return err
	}
	answer, err := io.ReadAll(conn)
	if err == nil && string(answer) != "all there is" {
		err = fmt.Errorf("got %q", answer)
	}
	return err
}

// big sends args[1] bytes and compares what comes back.
func big(args []string) error {
	conn, err := dialRole(args)
	if err != nil {
		return err
	}
	defer conn.Close()
	size, _ := strconv.ParseInt(args[1], 10, 64)
	sent, got := sha256.New(), sha256.New()
	failed := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.MultiWriter(conn, sent), io.LimitReader(rand.NewChaCha8([32]byte{2}), size))
		failed <- errors.Join(err, conn.CloseWrite())
	}()
	n, err := io.Copy(got, conn)
	err = errors.Join(err, <-failed)
	if err == nil && (n != size || !bytes.Equal(sent.Sum(nil), got.Sum(nil))) {
		err = fmt.Errorf("%d bytes came back, or others", n)
	}
	return err
}

// many makes args[1] connections, args[2] of them at the same time.
func many(args []string) error {
	total, _ := strconv.Atoi(args[1])
	parallel, _ := strconv.Atoi(args[2])
	var wait sync.WaitGroup
	failed := make(chan error, parallel)
	var together sync.WaitGroup
	together.Add(parallel)
	for range parallel {
		wait.Go(func() {
			// The first connections are all open before any of them ends.
			conn, err := dialRole(args)
			together.Done()
			if err != nil {
				failed <- err
				return
			}
			together.Wait()
			conn.Close()
			for range total / parallel {
				if err := halfClose(args); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wait.Wait()
	close(failed)
	return <-failed
}

// ended sends a byte and expects the connection to end, with nothing read.
func ended(args []string) error {
	conn, err := dialRole(args)
	if errors.Is(err, syscall.ECONNRESET) {
		return nil
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	conn.Write([]byte{1})
	n, err := conn.Read(make([]byte, 1))
	if n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("read %d bytes: %w", n, err)
	}
	return nil
}

// hold keeps a connection open until the service ends it.
func hold(args []string) error {
	conn, err := dialRole(args)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte{1}); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		return err
	}
	fmt.Println("connected")
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err = conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}

// latency makes args[1] round trips of 64 bytes and prints nanoseconds.
func latency(args []string) error {
	conn, err := dialRole(args)
	if err != nil {
		return err
	}
	defer conn.Close()
	rounds, _ := strconv.Atoi(args[1])
	message := make([]byte, 64)
	began := time.Now()
	for range rounds {
		if _, err := conn.Write(message); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, message); err != nil {
			return err
		}
	}
	fmt.Println(time.Since(began).Nanoseconds())
	return nil
}

// connections makes args[1] connections, one after the other, and prints
// nanoseconds.
func connections(args []string) error {
	total, _ := strconv.Atoi(args[1])
	began := time.Now()
	for range total {
		if err := halfClose(args); err != nil {
			return err
		}
	}
	fmt.Println(time.Since(began).Nanoseconds())
	return nil
}

// throughput sends args[1] bytes, reads them back and prints nanoseconds.
func throughput(args []string) error {
	conn, err := dialRole(args)
	if err != nil {
		return err
	}
	defer conn.Close()
	size, _ := strconv.Atoi(args[1])
	began := time.Now()
	go func() {
		block := make([]byte, 64<<10)
		for sent := 0; sent < size; sent += len(block) {
			conn.Write(block)
		}
		conn.CloseWrite()
	}()
	block := make([]byte, 64<<10)
	for {
		if _, err := conn.Read(block); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	fmt.Println(time.Since(began).Nanoseconds())
	return nil
}
