package api

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/limit"
	"creditmsg/internal/site"
	parts "creditmsg/internal/upload"
)

// Rooms that large requests share, and how they take of them.
const (
	bodyRoom  = 4 * maxJSON          // bytes of JSON bodies in memory at once
	smallBody = 1 << 20              // bodies up to this size need no room
	pieceRoom = 64 * parts.PieceSize // bytes of uploads in memory at once: slow clients hold them for longer than a JSON body may take
	diskRoom  = 6 << 30              // bytes of lists on disk at once: a share has place for the largest workbook and what is unpacked of it

	sharesOfRoom = 4 // one holder has a quarter at most
	roomStep     = 1 << 20
	roomWithin   = 10 * time.Second
)

// room is so many bytes that all requests share. One holder has a share of them at most, so that
// nobody who sends much, or slowly, keeps all others out.
//
// Who wants more than there is waits, but not for long: a client that is told to come again is
// better off than one that hangs. Requests that wait for each other, because each has some and
// wants more, end by that too: the first gives back what it has.
type room struct {
	share int64

	mu      sync.Mutex
	free    int64            // guarded by mu, as all below
	by      map[string]int64 // what each holder has
	waiting []*wish          // who came first is first
}

func newRoom(size int64) *room {
	return &room{share: size / sharesOfRoom, free: size, by: map[string]int64{}}
}

// wish is what somebody wants of a room.
type wish struct {
	who     string
	size    int64
	granted chan struct{} // is closed then
}

// take waits for so many bytes, of which a share has room. TooMany: the holder's own share is
// used up; Unavailable: all of the room is.
func (r *room) take(ctx context.Context, who string, size int64) error {
	w := &wish{who: who, size: size, granted: make(chan struct{})}
	r.mu.Lock()
	r.waiting = append(r.waiting, w)
	r.serve()
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, roomWithin)
	defer cancel()
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
		return r.giveUp(w, ctx.Err())
	}
}

// giveUp takes a wish back, unless it was granted in the last moment, and says why.
func (r *room) giveUp(w *wish, why error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.Index(r.waiting, w)
	if i < 0 {
		return nil
	}
	own := r.by[w.who]+w.size > r.share
	r.waiting = slices.Delete(r.waiting, i, i+1)
	r.serve() // those whom it held up
	f := fault.Wrap(why, fault.Unavailable, fault.CodeUnavailable, "too many large requests are being read; try again in some seconds")
	if own {
		f = fault.Wrap(why, fault.TooMany, fault.CodeRateLimited,
			"your other large requests that are being read leave no room for this one; try again in some seconds, and send fewer of them at a time").
			With("violated_policies", []string{"large-requests"})
	}
	f.RetryAfter = roomWithin
	return f
}

// give gives bytes back.
func (r *room) give(who string, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free += size
	if r.by[who] -= size; r.by[who] == 0 {
		delete(r.by, who)
	}
	r.serve()
}

// serve grants wishes in their order. One that is too large for what is free holds up those
// after it, or it would never be its turn; one that is too large for its holder's share does
// not. It is called under mu.
func (r *room) serve() {
	full := false
	r.waiting = slices.DeleteFunc(r.waiting, func(w *wish) bool {
		if full || r.by[w.who]+w.size > r.share {
			return false
		}
		if full = w.size > r.free; full {
			return false
		}
		r.free -= w.size
		r.by[w.who] += w.size
		close(w.granted)
		return true
	})
}

// holder is whose share of a room a request takes: all who work for a site, or for its test
// site, have one together.
func (a *api) holder(r *http.Request) string {
	x := of(r.Context())
	switch {
	case x.site != "" && x.site != everySite:
		return "site " + site.LiveID(x.site)
	case !x.token.ID.IsZero():
		return "caller " + x.actor()
	}
	return "address " + limit.Network(a.client(r)).String()
}

// holding is what one request has of a room. It belongs to the goroutine of the request.
type holding struct {
	room *room
	who  string
	size int64
}

// holding is what a request has of a room: nothing yet.
func (a *api) holding(of *room, r *http.Request) *holding {
	return &holding{room: of, who: a.holder(r)}
}

// more waits for more of the room; what the request has already it keeps, and has to release
// also when this fails.
func (h *holding) more(ctx context.Context, size int64) error {
	err := h.room.take(ctx, h.who, size)
	if err == nil {
		h.size += size
	}
	return err
}

// release gives all of it back. Small requests, which have nothing, do not ask the room.
func (h *holding) release() {
	if h.size > 0 {
		h.room.give(h.who, h.size)
		h.size = 0
	}
}

// body gives a body for whose bytes there is room: for all of them before the first, where their
// number was announced, and otherwise as they arrive. So a body that begins can end, wherever
// its client says how long it is, and one that does not has no more than it sent.
func (h *holding) body(ctx context.Context, body io.Reader, announced int64) (io.Reader, error) {
	if announced >= 0 {
		return body, h.more(ctx, announced)
	}
	return &arriving{ctx: ctx, body: body, holding: h}, nil
}

// arriving is a body that takes room for what came of it.
type arriving struct {
	ctx     context.Context
	body    io.Reader
	holding *holding
	left    int64 // of the last step
}

// Read gives the next bytes. What the room refuses is a fault.
func (b *arriving) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	for b.left -= int64(n); b.left < 0; b.left += roomStep {
		if err := b.holding.more(b.ctx, roomStep); err != nil {
			return 0, err
		}
	}
	return n, err
}
