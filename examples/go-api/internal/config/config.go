// Package config reads the program's settings from environment variables:
// Load for all of them, ListenAddr for the one the health check needs.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Config holds every setting. README.md lists the variables and their defaults.
type Config struct {
	Database        *pgxpool.Config // DATABASE_URL, required
	ListenAddr      string          // LISTEN_ADDR
	LogLevel        slog.Level      // LOG_LEVEL
	CheckTimeout    time.Duration   // CHECK_TIMEOUT, for one outgoing check
	CheckAllow      []netip.Prefix  // CHECK_ALLOW_NETWORKS, private networks checks may reach
	StartupTimeout  time.Duration   // STARTUP_TIMEOUT, for database and migrations together
	RequestTimeout  time.Duration   // REQUEST_TIMEOUT, for answering one request
	ShutdownTimeout time.Duration   // SHUTDOWN_TIMEOUT, for requests under way
}

// Load reads the settings from getenv, which is os.Getenv outside tests. An
// empty variable counts as unset. The error names every variable that does not
// do; it never holds the database's password.
func Load(getenv func(string) string) (Config, error) {
	r := reader{getenv: getenv}
	c := Config{
		Database:        r.database("DATABASE_URL"),
		LogLevel:        r.level("LOG_LEVEL"),
		CheckTimeout:    r.duration("CHECK_TIMEOUT", 5*time.Second),
		CheckAllow:      r.networks("CHECK_ALLOW_NETWORKS"),
		StartupTimeout:  r.duration("STARTUP_TIMEOUT", 30*time.Second),
		RequestTimeout:  r.duration("REQUEST_TIMEOUT", 15*time.Second),
		ShutdownTimeout: r.duration("SHUTDOWN_TIMEOUT", 10*time.Second),
	}
	addr, err := ListenAddr(getenv)
	c.ListenAddr = addr
	r.errs = append(r.errs, err)
	if c.CheckTimeout >= c.RequestTimeout && c.RequestTimeout > 0 {
		r.errs = append(r.errs, fmt.Errorf("CHECK_TIMEOUT (%s) must be shorter than REQUEST_TIMEOUT (%s)", c.CheckTimeout, c.RequestTimeout))
	}
	if err := errors.Join(r.errs...); err != nil {
		return Config{}, err
	}
	return c, nil
}

// ListenAddr reads LISTEN_ADDR: host:port, or :port for every address. Unset
// means :8080.
func ListenAddr(getenv func(string) string) (string, error) {
	addr := getenv("LISTEN_ADDR")
	if addr == "" {
		return ":8080", nil
	}
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return "", fmt.Errorf("LISTEN_ADDR must be host:port or :port with a port number, not %q", addr)
	}
	return addr, nil
}

// reader collects what is wrong, so that all of it is reported at once.
type reader struct {
	getenv func(string) string
	errs   []error
}

func (r *reader) fail(format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf(format, args...))
}

func (r *reader) database(name string) *pgxpool.Config {
	value := r.getenv(name)
	if value == "" {
		r.fail("%s is not set: name the database, such as postgres://user:password@host:5432/name", name)
		return nil
	}
	c, err := pgxpool.ParseConfig(value)
	if err != nil {
		r.fail("%s: %w", name, err)
	}
	return c
}

func (r *reader) level(name string) (level slog.Level) {
	if value := r.getenv(name); value != "" {
		if err := level.UnmarshalText([]byte(value)); err != nil {
			r.fail("%s must be debug, info, warn or error, not %q", name, value)
		}
	}
	return level
}

func (r *reader) duration(name string, unset time.Duration) time.Duration {
	value := r.getenv(name)
	if value == "" {
		return unset
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		r.fail("%s must be a time above zero such as 500ms, 5s or 1m, not %q", name, value)
		return unset
	}
	return d
}

func (r *reader) networks(name string) (nets []netip.Prefix) {
	for field := range strings.FieldsFuncSeq(r.getenv(name), func(c rune) bool { return c == ',' || c == ' ' }) {
		net, err := netip.ParsePrefix(field)
		if err != nil {
			r.fail("%s must list networks such as 10.0.0.0/8,fd00::/8, not %q", name, field)
			continue
		}
		nets = append(nets, net)
	}
	return nets
}
