package core

import (
	"context"
	"sync"

	"golang.org/x/sync/singleflight"
)

// memo does each thing once. What failed is tried again when it is asked for again.
type memo[T any] struct {
	running singleflight.Group
	done    sync.Map // key → T
}

// do returns what fn returned for key. fn goes on when who asked for it first has
// gone: others may wait.
func (m *memo[T]) do(ctx context.Context, key string, fn func(context.Context) (T, error)) (T, error) {
	if v, ok := m.done.Load(key); ok {
		return v.(T), nil
	}
	result := m.running.DoChan(key, func() (any, error) {
		if v, ok := m.done.Load(key); ok {
			return v, nil
		}
		v, err := fn(context.WithoutCancel(ctx))
		if err == nil {
			m.done.Store(key, v)
		}
		return v, err
	})
	select {
	case r := <-result:
		v, _ := r.Val.(T)
		return v, r.Err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
