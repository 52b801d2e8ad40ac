package limit

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/throttled/throttled/v2/store/memstore"
)

// store keeps until when everything is made up for. Take changes what is owed by the costs, of
// all rules or of none, and gives what is owed afterwards, in microseconds.
type store interface {
	take(ctx context.Context, k Key, takes []Take) (owed []int64, passed bool, err error)
}

// mostKeys bounds the memory for each kind of key: some 30 MB. What was not asked for longest
// goes, and begins anew.
const mostKeys = 100_000

// memory is the store of this process.
type memory struct {
	now func() time.Duration // since some beginning; it never goes back

	mu      sync.Mutex
	shelves map[string]*shelf // by the kind of key; guarded by mu
}

// shelf is the keys of one kind. They change together, so that no rule sees what another one
// is about to refuse.
type shelf struct {
	mu   sync.Mutex
	keys *memstore.MemStore // until when, in microseconds
}

func newMemory(now func() time.Duration) *memory {
	return &memory{now: now, shelves: map[string]*shelf{}}
}

// sinceStart is a clock that nobody sets.
func sinceStart() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

func (m *memory) shelf(kind string) (*shelf, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shelves[kind] == nil {
		keys, err := memstore.New(mostKeys)
		if err != nil {
			return nil, fmt.Errorf("make room for limits: %w", err)
		}
		m.shelves[kind] = &shelf{keys: keys}
	}
	return m.shelves[kind], nil
}

func (m *memory) take(_ context.Context, k Key, takes []Take) ([]int64, bool, error) {
	s, err := m.shelf(k.kind)
	if err != nil {
		return nil, false, err
	}
	names, stored, owed := make([]string, len(takes)), make([]int64, len(takes)), make([]int64, len(takes))
	s.mu.Lock()
	defer s.mu.Unlock()
	now := int64(m.now() / tick)
	passed := true
	for i, t := range takes {
		names[i] = k.name(t)
		if stored[i], _, err = s.keys.GetWithTime(names[i]); err != nil {
			return nil, false, fmt.Errorf("look at a limit: %w", err)
		}
		owed[i] = max(stored[i]-now, 0) // what is not there is -1
		passed = passed && t.wait(owed[i], t.cost(t.N)) == 0
	}
	if !passed {
		return owed, false, nil
	}
	for i, t := range takes {
		owed[i] = max(owed[i]+t.cost(t.N), 0)
		if err := s.set(names[i], stored[i], now+owed[i]); err != nil {
			return nil, false, err
		}
	}
	return owed, true, nil
}

func (s *shelf) set(name string, old, until int64) (err error) {
	switch {
	case old == until:
		return nil
	case old < 0:
		_, err = s.keys.SetIfNotExistsWithTTL(name, until, 0)
	default:
		_, err = s.keys.CompareAndSwapWithTTL(name, old, until, 0)
	}
	if err != nil {
		return fmt.Errorf("note a limit: %w", err)
	}
	return nil
}
