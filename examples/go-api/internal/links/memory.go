package links

import (
	"context"
	"sync"
	"time"
)

// Memory is a Store that forgets everything with the process. Its zero value
// is empty and ready to use.
type Memory struct {
	mu    sync.Mutex
	links []*Link // by ascending ID
	last  int64
}

// Insert implements Store.
func (m *Memory) Insert(ctx context.Context, l NewLink) (Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Link{}, err
	}
	if m.index(l.Slug) >= 0 {
		return Link{}, &SlugTakenError{l.Slug}
	}
	m.last++
	link := Link{ID: m.last, Slug: l.Slug, URL: l.URL, Title: l.Title, Status: l.Status, CreatedAt: time.Now().UTC()}
	m.links = append(m.links, &link)
	return link, nil
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, slug string) (Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.find(ctx, slug)
	if err != nil {
		return Link{}, err
	}
	return *m.links[i], nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context, before int64, limit int) ([]Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var page []Link
	for i := len(m.links) - 1; i >= 0 && len(page) < limit; i-- {
		if before == 0 || m.links[i].ID < before {
			page = append(page, *m.links[i])
		}
	}
	return page, nil
}

// Delete implements Store.
func (m *Memory) Delete(ctx context.Context, slug string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.find(ctx, slug)
	if err != nil {
		return err
	}
	m.links = append(m.links[:i], m.links[i+1:]...)
	return nil
}

// Follow implements Store.
func (m *Memory) Follow(ctx context.Context, slug string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.find(ctx, slug)
	if err != nil {
		return "", err
	}
	m.links[i].Hits++
	m.links[i].LastHitAt = time.Now().UTC()
	return m.links[i].URL, nil
}

// Ping implements Store.
func (m *Memory) Ping(ctx context.Context) error { return ctx.Err() }

func (m *Memory) find(ctx context.Context, slug string) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if i := m.index(slug); i >= 0 {
		return i, nil
	}
	return 0, ErrNotFound
}

func (m *Memory) index(slug string) int {
	for i, l := range m.links {
		if l.Slug == slug {
			return i
		}
	}
	return -1
}
