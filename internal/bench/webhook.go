package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/queue"
	"creditmsg/internal/webhook"
)

// Webhooks is how soon events reach the endpoints that answer, while others hang and fail.
type Webhooks struct {
	Bench     string     `json:"bench"`
	Engine    string     `json:"engine"`
	Endpoints int        `json:"endpoints"` // a fifth of them hangs, a fifth fails
	Baseline  []HookPace `json:"baseline"`  // one a round
	Product   []HookPace `json:"product"`
	Ratio     float64    `json:"ratio"`  // p99 of the baseline / p99 of the product, the median of the rounds
	P50       float64    `json:"p50_ms"` // of the product, the median of the rounds
	P99       float64    `json:"p99_ms"`
	Machine   string     `json:"machine"`
}

// HookPace is one side of one round: from the commit of an event to its first receipt at an
// endpoint that answers. What was not received until the end counts with the time until then.
type HookPace struct {
	PerSecond float64 `json:"per_second"` // events, of all endpoints
	Events    int     `json:"events"`     // of endpoints that answer
	Missing   int     `json:"missing"`    // of them, at the end
	P50       float64 `json:"p50"`        // in milliseconds, like the other two
	P99       float64 `json:"p99"`
	Max       float64 `json:"max"`
	CPU       float64 `json:"cpu_us_per_event"` // of senders, receivers and database together
}

// hookTimeout is how long a request may take, on both sides.
const hookTimeout = webhook.DefaultTimeout

// RunWebhook lets Options.Rate events a second happen for Options.Lasting, spread over as many
// sites as there are endpoints (Options.Size). The baseline is the usual design: one pool of
// workers, as many as the product has, takes deliveries in the order of their time, with the same time-out
// and the same pauses. An event that the product does not bring to an endpoint that answers,
// or a place of a sequence that is missing there, is an error.
func RunWebhook(ctx context.Context, o Options) (Webhooks, error) {
	o.Size, o.Rate, o.Rounds = orElse(o.Size, 1000), orElse(o.Rate, 1000), orElse(o.Rounds, 1)
	if o.Lasting <= 0 {
		o.Lasting = 30 * time.Second
	}
	r, err := newRun(ctx, o)
	if err != nil {
		return Webhooks{}, err
	}
	defer r.engine.close()
	out := Webhooks{Bench: "webhook", Engine: r.engine.name(), Endpoints: r.o.Size, Machine: machine() + ", " + r.engine.version()}
	var ratios, p50, p99 []float64
	for n := range r.o.Rounds {
		base, err := inArena(ctx, r, fmt.Sprintf("baseline, round %d of %d", n+1, r.o.Rounds), bareHooks)
		if err != nil {
			return Webhooks{}, fmt.Errorf("baseline: %w", err)
		}
		ours, err := inArena(ctx, r, fmt.Sprintf("product, round %d of %d", n+1, r.o.Rounds), productHooks)
		if err != nil {
			return Webhooks{}, fmt.Errorf("product: %w", err)
		}
		out.Baseline, out.Product = append(out.Baseline, base), append(out.Product, ours)
		ratios, p50, p99 = append(ratios, base.P99/ours.P99), append(p50, ours.P50), append(p99, ours.P99)
	}
	out.Ratio = median(ratios)
	out.P50, out.P99 = median(p50), median(p99)
	return out, nil
}

// nature is what an endpoint does with what it gets.
type nature int

const (
	answers nature = iota
	hangs
	fails
)

// natureOf has of ten endpoints two hang and two fail.
func natureOf(endpoint int) nature {
	switch endpoint % 10 {
	case 3, 7:
		return hangs
	case 4, 8:
		return fails
	}
	return answers
}

// receivers are all endpoints, behind one door.
type receivers struct {
	url    string
	mu     sync.Mutex
	first  map[int]time.Time // guarded by mu: by event, its first receipt where it is answered
	places map[int][]int64   // guarded by mu: by endpoint, what was received there
	left   chan struct{}     // closed at the end: nobody hangs any longer

	leaving sync.Once // closes left
}

func newReceivers(ctx context.Context, a *arena) (*receivers, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a port: %w", err)
	}
	r := &receivers{url: "http://" + l.Addr().String() + "/", first: map[int]time.Time{}, places: map[int][]int64{}, left: make(chan struct{})}
	s := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(l) }() // ends when it is closed
	a.defers(s.Close)
	a.defers(func() error {
		r.leave()
		return nil
	})
	return r, nil
}

// leave lets go of all who hang.
func (r *receivers) leave() { r.leaving.Do(func() { close(r.left) }) }

// hooked is what an endpoint reads of an event.
type hooked struct {
	Sequence int64 `json:"sequence"`
	Data     struct {
		Event int `json:"event"`
	} `json:"data"`
}

// ServeHTTP is an endpoint, by the number in its path.
func (r *receivers) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	at := time.Now()
	var got hooked
	endpoint, err := strconv.Atoi(strings.TrimPrefix(q.URL.Path, "/"))
	if err == nil {
		err = json.NewDecoder(q.Body).Decode(&got)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch natureOf(endpoint) {
	case hangs:
		select {
		case <-r.left:
		case <-q.Context().Done():
		}
	case fails:
		w.WriteHeader(http.StatusInternalServerError)
	case answers:
		r.mu.Lock()
		defer r.mu.Unlock()
		if _, before := r.first[got.Data.Event]; !before {
			r.first[got.Data.Event] = at
		}
		r.places[endpoint] = append(r.places[endpoint], got.Sequence)
	}
}

// happening is the events that a part lets happen: event n is of endpoint n modulo the number
// of endpoints.
type happening struct {
	committed []time.Time // by event
	took      time.Duration
}

// tick is how often events are committed: those of one tick share a transaction, as messages
// that are accepted at one moment do.
const tick = 10 * time.Millisecond

// happen commits events at the rate of the run.
func (a *arena) happen(ctx context.Context, d *db.DB, commit func(tx *db.Tx, events []int) error) (h happening, err error) {
	start := time.Now()
	for n, all := 0, int(a.o.Lasting.Seconds()*float64(a.o.Rate)); n < all; {
		due := min(int(time.Since(start).Seconds()*float64(a.o.Rate))+1, all)
		var events []int
		for ; n < due; n++ {
			events = append(events, n)
		}
		for part := range slices.Chunk(events, 500) {
			if err := d.Update(ctx, "bench_happen", func(tx *db.Tx) error { return commit(tx, part) }); err != nil {
				return h, err
			}
			now := time.Now()
			for range part {
				h.committed = append(h.committed, now)
			}
		}
		if err := until(ctx, time.Now().Add(tick)); err != nil {
			return h, err
		}
	}
	h.took = time.Since(start)
	return h, nil
}

// pace waits until everything came, or for so long, and sums up.
func (r *receivers) pace(ctx context.Context, endpoints int, h happening, patience time.Duration) (p HookPace, err error) {
	var wanted []int
	for n := range h.committed {
		if natureOf(n%endpoints) == answers {
			wanted = append(wanted, n)
		}
	}
	for end := time.Now().Add(patience); ; {
		r.mu.Lock()
		missing := len(wanted) - len(r.first)
		r.mu.Unlock()
		if missing <= 0 || time.Now().After(end) {
			break
		}
		if err := until(ctx, time.Now().Add(tick)); err != nil {
			return p, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	end := time.Now()
	var times []float64
	for _, n := range wanted {
		at, came := r.first[n]
		if !came {
			at, p.Missing = end, p.Missing+1
		}
		times = append(times, float64(at.Sub(h.committed[n]).Microseconds())/1000)
	}
	slices.Sort(times)
	p.Events, p.PerSecond = len(times), float64(len(h.committed))/h.took.Seconds()
	p.P50, p.P99, p.Max = times[len(times)/2], times[len(times)*99/100], times[len(times)-1]
	return p, nil
}

// productHooks is a round of the product.
func productHooks(ctx context.Context, a *arena) (p HookPace, err error) {
	w, err := a.open(ctx)
	if err != nil {
		return p, err
	}
	sites, err := w.furnish(ctx, a.o.Size)
	if err != nil {
		return p, err
	}
	r, err := newReceivers(ctx, a)
	if err != nil {
		return p, err
	}
	q := queue.New(w.d, queue.Options{Grace: hookTimeout + 5*time.Second})
	hooks, err := webhook.New(w.d, w.keys, q, webhook.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: hookTimeout})
	if err != nil {
		return p, err
	}
	for from := 0; from < len(sites); from += 100 {
		err := w.d.Update(ctx, "bench_endpoints", func(tx *db.Tx) error {
			for i := from; i < min(from+100, len(sites)); i++ {
				url := r.url + strconv.Itoa(i)
				if _, _, err := hooks.Create(tx, sites[i], webhook.Change{URL: &url, Topics: []string{"message.*"}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return p, fmt.Errorf("make endpoints: %w", err)
		}
	}
	running, stop := context.WithCancel(ctx)
	group, inside := errgroup.WithContext(running)
	group.Go(func() error { return hooks.Run(inside) })
	group.Go(func() error { return q.Run(inside, hooks.Works()...) })
	sampled, err := a.measure(inside, func(ctx context.Context) error {
		h, err := a.happen(ctx, w.d, func(tx *db.Tx, events []int) error {
			list := make([]event.Event, len(events))
			for i, n := range events {
				list[i] = event.Event{Site: sites[n%len(sites)], Type: "message.done", Data: fmt.Appendf(nil, `{"event":%d}`, n)}
			}
			return event.Append(tx, list...)
		})
		if err == nil {
			p, err = r.pace(ctx, len(sites), h, 30*time.Second)
		}
		return err
	})
	stop()
	r.leave()
	if err := errors.Join(err, group.Wait(), hooks.Drain(ctx)); err != nil {
		return p, err
	}
	p.CPU = float64(sampled.cpu.Microseconds()) / (p.PerSecond * a.o.Lasting.Seconds())
	if p.Missing > 0 {
		return p, fmt.Errorf("%d of %d events did not come to endpoints that answer", p.Missing, p.Events)
	}
	return p, r.whole()
}

// whole proves that the sequences of endpoints that answer have no gap.
func (r *receivers) whole() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for endpoint, places := range r.places {
		slices.Sort(places)
		places = slices.Compact(places)
		if places[0] != 1 || places[len(places)-1] != int64(len(places)) {
			return fmt.Errorf("endpoint %d got %d places up to %d: some are missing", endpoint, len(places), places[len(places)-1])
		}
	}
	return nil
}
