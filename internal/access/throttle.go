package access

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"creditmsg/internal/fault"
)

// pace is how often something may be tried: so often at once, and one more each time.
type pace struct {
	burst int
	every time.Duration
}

// How often people may try. Of one address many people may come; an account is one person's,
// and a code of six digits must not be found by trying.
var (
	byAddress = pace{60, 2 * time.Second}
	byAccount = pace{10, time.Minute}
	byCode    = pace{5, time.Minute}
)

// mostTried bounds what is remembered. When there is more all of it is forgotten: whoever has
// so many addresses is not held up by one of them.
const mostTried = 50_000

// throttle counts tries in this process. It is safe for concurrent use.
type throttle struct {
	mu    sync.Mutex
	tried map[string]*rate.Limiter // guarded by mu
}

// try counts a try under a name. TooMany: there were too many of late.
func (t *throttle) try(name string, p pace) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tried == nil || len(t.tried) >= mostTried {
		t.tried = map[string]*rate.Limiter{}
	}
	l := t.tried[name]
	if l == nil {
		l = rate.NewLimiter(rate.Every(p.every), p.burst)
		t.tried[name] = l
	}
	if l.Allow() {
		return nil
	}
	f := fault.New(fault.TooMany, fault.CodeRateLimited, "there were too many tries; wait a moment")
	f.RetryAfter = p.every
	return f
}
