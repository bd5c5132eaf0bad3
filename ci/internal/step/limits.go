package step

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// TimeoutError says that a step was stopped because it took too long.
type TimeoutError struct {
	Limit time.Duration
	Busy  string // what was going on then, in full lines; "" where that is not known
}

func (e *TimeoutError) Error() string {
	return busyWith(fmt.Sprintf("stopped after %s, its --timeout; allow it more, or see what it was busy with", e.Limit), e.Busy)
}

// SilenceError says that a step was stopped because nothing was heard for too long.
type SilenceError struct {
	Limit time.Duration
	Busy  string // what was going on then, in full lines; "" where that is not known
}

func (e *SilenceError) Error() string {
	return busyWith(fmt.Sprintf("stopped after %s without output or progress, its --silence; allow it more, or see what it was busy with", e.Limit), e.Busy)
}

func busyWith(message, busy string) string {
	if busy == "" {
		return strings.TrimSuffix(message, ", or see what it was busy with")
	}
	return message + ":\n" + strings.TrimSuffix(busy, "\n")
}

// Timeout stops a step that takes longer than limit; 0 never does. busy says
// what is going on at that moment. A step that ends by itself meanwhile has taken
// too long all the same.
func Timeout(limit time.Duration, busy func() string) Middleware {
	return func(_ string, next Func) Func {
		if limit <= 0 {
			return next
		}
		return func(ctx context.Context) error {
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			cause := &TimeoutError{Limit: limit}
			stopped := make(chan struct{})
			timer := time.AfterFunc(limit, func() {
				defer close(stopped)
				cause.Busy = soon(busy)
				cancel(cause)
			})
			err := next(ctx)
			if timer.Stop() {
				return err
			}
			<-stopped
			if errors.Is(context.Cause(ctx), cause) {
				return cause
			}
			return err
		}
	}
}

// soonEnough is how long a step goes on while somebody looks what it does.
const soonEnough = 2 * time.Second

// soon returns what busy says, or "" if it does not say it soon.
func soon(busy func() string) string {
	said := make(chan string, 1)
	go func() { said <- busy() }()
	select {
	case text := <-said:
		return text
	case <-time.After(soonEnough):
		return ""
	}
}

// looks is how often Silence looks within its limit: that late it may be.
const looks = 10

// Silence stops a step when nothing was heard for limit; 0 never does. silent
// says how long ago something was heard, busy what is going on.
func Silence(limit time.Duration, silent func() time.Duration, busy func() string) Middleware {
	return func(_ string, next Func) Func {
		if limit <= 0 {
			return next
		}
		return func(ctx context.Context) error {
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			cause := &SilenceError{Limit: limit}
			go func() {
				ticker := time.NewTicker(max(time.Millisecond, limit/looks))
				defer ticker.Stop()
				for silent() < limit {
					select {
					case <-ticker.C:
					case <-ctx.Done():
						return
					}
				}
				cause.Busy = soon(busy)
				cancel(cause)
			}()
			return because(ctx, next(ctx), cause)
		}
	}
}

// because returns cause instead of err, where it is what ended ctx.
func because(ctx context.Context, err, cause error) error {
	if err != nil && errors.Is(context.Cause(ctx), cause) {
		return cause
	}
	return err
}
