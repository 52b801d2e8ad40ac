package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// thing is what an account keeps besides messages: a file, a channel, a template,
// a webhook.
type thing interface {
	key() string
	field(name string) (string, bool)
}

// listOf is one page of the account's things, newest first, under the vendor's
// name for the list. fields are those that may be filtered by.
func listOf[T thing](s *Simulator, things *[]T, name string, r *http.Request, fields ...string) (any, error) {
	p, err := paging(r.URL.Query())
	if err != nil {
		return nil, err
	}
	filters, err := conditions(r.URL.Query(), fields...)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	matching := func(yield func(T) bool) {
		for _, t := range slices.Backward(*things) {
			if all(filters, t.field) && !yield(t) {
				return
			}
		}
	}
	shown := cut(&p, matching, false, T.key)
	return marshal(map[string]any{"startKey": p.start, "nextKey": p.next, "limit": p.limit, name: shown})
}

// fate is what happens to a thing that was looked up.
type fate bool

const (
	stays fate = false
	goes  fate = true
)

func keep[T thing](T, time.Time) (fate, error) { return stays, nil }
func drop[T thing](T, time.Time) (fate, error) { return goes, nil }

// oneOf answers with the account's thing of that key after do had it.
func oneOf[T thing](s *Simulator, things *[]T, key string, do func(T, time.Time) (fate, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(*things, func(t T) bool { return t.key() == key })
	if at < 0 {
		return nil, notFound("요청하신 리소스를 찾을 수 없습니다.")
	}
	found := (*things)[at]
	end, err := do(found, time.Now())
	if err != nil {
		return nil, err
	}
	if end == goes {
		*things = slices.Delete(*things, at, at+1)
	}
	return marshal(found)
}

// marshal writes v while the lock is held.
func marshal(v any) (any, error) {
	body, err := json.Marshal(v)
	return json.RawMessage(body), err
}
