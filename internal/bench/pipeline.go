package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/internal/delivery"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
)

// pipelineContest compares a message to very many people, from its first recipient to
// the last report settled, with writing the same rows of recipients at all.
func pipelineContest(r *run) (contest, error) {
	if r.o.HTTP {
		return httpContest(r)
	}
	order := "in order"
	if r.o.Shuffle {
		order = "in random order"
	}
	return contest{unit: "recipient",
		baseline: side{"the rows of recipients alone: bulk INSERT, then bulk UPDATE " + order + ", 1,000 rows a transaction", pipelineBare},
		product: side{fmt.Sprintf("a message to %d people, accepted, handed over to a provider in this process, reported %s, settled", r.o.Size, order),
			pipelineProduct},
	}, nil
}

const (
	vendorName   = "vendor"
	vendorSecret = "bench-secret"
	deliverers   = 4 // bodies of reports that the provider sends at once
)

// sending is a world that also sends, through a provider in this process.
type sending struct {
	*world
	delivery *delivery.Service
	vendor   *providertest.Instant
}

// openSending puts the whole product on the arena's database; its workers run until the
// round is over.
func (a *arena) openSending(ctx context.Context) (*sending, error) {
	w, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	s := &sending{world: w}
	o := providertest.InstantOptions{Secret: vendorSecret, Channels: []provider.Channel{provider.SMS, provider.LMS},
		Receive: func(ctx context.Context, h http.Header, body []byte) error {
			return s.delivery.Receive(ctx, vendorName, h, body, netip.MustParseAddr("127.0.0.1"))
		}}
	if a.o.Shuffle {
		o.Seed = 1
	}
	s.vendor = providertest.NewInstant(o)
	carrier := delivery.Carrier{Account: provider.Account{Name: vendorName, Kind: "instant"}, Adapter: s.vendor}
	s.delivery, err = delivery.New(w.d, w.keys, w.messages, w.queue, []delivery.Carrier{carrier}, delivery.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	a.work(ctx, s)
	return s, nil
}

// work runs the workers as the program does, and, unless reports are to be shuffled,
// the vendor's reporting.
func (a *arena) work(ctx context.Context, s *sending) {
	g, running := errgroup.WithContext(ctx)
	running, stop := context.WithCancel(running)
	works := append(s.messages.Works(), s.delivery.Works()...)
	g.Go(func() error { return s.queue.Run(running, works...) })
	g.Go(func() error { return s.delivery.Run(running) })
	for range deliverers {
		if !a.o.Shuffle {
			g.Go(func() error { return s.vendor.Run(running) })
		}
	}
	a.defers(func() error {
		stop()
		return errors.Join(g.Wait(), s.messages.Drain(context.WithoutCancel(ctx)), s.delivery.Drain(context.WithoutCancel(ctx)))
	})
}

func pipelineProduct(ctx context.Context, a *arena) (sample, error) {
	s, err := a.openSending(ctx)
	if err != nil {
		return sample{}, err
	}
	sites, err := s.furnish(ctx, 1)
	if err != nil {
		return sample{}, err
	}
	var key message.Key
	out, err := a.measure(ctx, func(ctx context.Context) (err error) {
		if key, err = s.campaign(ctx, sites[0], firstMobile, a.o.Size); err != nil {
			return err
		}
		if a.o.Shuffle {
			if err := s.awaitState(ctx, key, func(m *message.Message) bool { return m.Pending() == 0 }); err != nil {
				return err
			}
			if err := s.report(ctx); err != nil {
				return err
			}
		}
		return s.awaitState(ctx, key, func(m *message.Message) bool { return m.State.Final() })
	})
	if err != nil {
		return sample{}, err
	}
	// A recipient counts when its row says delivered; that the money went the same way
	// is what the proof proves.
	if out.units, err = s.count(ctx, "SELECT COUNT(*) FROM recipient WHERE state = 'delivered'"); err != nil {
		return sample{}, err
	}
	return out, errors.Join(counted(int64(a.o.Size), out.units), s.prove(ctx, true))
}

// campaign accepts a message to many people, whose numbers follow each other.
func (w *world) campaign(ctx context.Context, siteID string, from, size int) (message.Key, error) {
	d, err := w.messages.Draft(ctx, siteID, oneText())
	if err != nil {
		return message.Key{}, err
	}
	for i := range size {
		err := d.Add(ctx, string(korea.MobileNumber(uint32(from+i))), map[string]string{"이름": fmt.Sprintf("김하나%d", i)})
		if err != nil {
			return message.Key{}, err
		}
	}
	receipt, err := d.Accept(ctx, nil)
	return receipt.Message, err
}

// report has the vendor hand over all reports that wait.
func (s *sending) report(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for range deliverers {
		g.Go(func() error { _, err := s.vendor.Deliver(ctx); return err })
	}
	return g.Wait()
}

// patience is how long anything may stand still before a round fails.
const patience = time.Minute

// awaitState looks at a message until it is as wanted. A minute without any progress
// is an error.
func (w *world) awaitState(ctx context.Context, key message.Key, reached func(*message.Message) bool) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last message.Counts
	moved := time.Now()
	for {
		m, err := w.find(ctx, key)
		if err != nil || reached(m) {
			return err
		}
		if m.Counts != last {
			last, moved = m.Counts, time.Now()
		}
		if time.Since(moved) > patience {
			return fmt.Errorf("the message stands still for %s: %+v", patience, m.Counts)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// bareChunk is how many rows a baseline writes in one transaction.
const bareChunk = 1000

// barePools are the numbers of connections that the baseline of the pipeline is tried
// with: bulk writing has enough of few.
var barePools = []int{1, 2, 4}

// pipelineBare writes the rows of recipients and nothing else: no batch is packed or
// opened, nobody is called, no report is parsed, no counter and no credit moves.
func pipelineBare(ctx context.Context, a *arena) (best sample, err error) {
	pattern, err := a.bareRecipient(ctx)
	if err != nil {
		return sample{}, err
	}
	for n, connections := range barePools {
		one, err := a.bareBulk(ctx, pattern, connections, int64(n))
		if err != nil {
			return sample{}, fmt.Errorf("with %d connections: %w", connections, err)
		}
		a.o.Progress(fmt.Sprintf("  %d connections: %.0f per second", connections, one.rate()))
		if best.units == 0 || one.rate() > best.rate() {
			best = one
		}
	}
	return best, nil
}

// bareRecipient has the product send to one person, and gives the row.
func (a *arena) bareRecipient(ctx context.Context) (*row, error) {
	own := &arena{run: &run{o: a.o, engine: a.engine}, url: a.url}
	own.o.Shuffle = false
	s, err := own.openSending(ctx)
	if err != nil {
		return nil, errors.Join(err, own.close())
	}
	err = s.sendOne(ctx)
	if err = errors.Join(err, own.close()); err != nil {
		return nil, err
	}
	c, err := a.engine.connect(ctx, a.url)
	if err != nil {
		return nil, err
	}
	pattern, err := bareRow(ctx, c, "recipient", "state = 'delivered'")
	return pattern, errors.Join(err, c.close())
}

func (s *sending) sendOne(ctx context.Context) error {
	sites, err := s.furnish(ctx, 1)
	if err != nil {
		return err
	}
	key, err := s.campaign(ctx, sites[0], firstMobile, 1)
	if err != nil {
		return err
	}
	return s.awaitState(ctx, key, func(m *message.Message) bool { return m.State.Final() })
}

// bareBulk writes the recipients of one message of its own.
func (a *arena) bareBulk(ctx context.Context, pattern *row, connections int, round int64) (sample, error) {
	sessions, closeAll, err := a.sessions(ctx, connections)
	if err != nil {
		return sample{}, err
	}
	defer closeAll()
	// The message is new by its site; the order of updates is that of the reports.
	w := a.engine.bulk(pattern.set("site_id", fmt.Sprintf("bare-%d", round)))
	updates := make([]int64, a.o.Size)
	for i := range updates {
		updates[i] = int64(i)
	}
	if a.o.Shuffle {
		rand.Shuffle(len(updates), func(i, j int) { updates[i], updates[j] = updates[j], updates[i] })
	}
	out, err := a.measure(ctx, func(ctx context.Context) error {
		err := a.chunks(ctx, sessions, func(ctx context.Context, s session, from, to int) error {
			return a.within(ctx, s, func() error { return w.insert(ctx, s, int64(from), int64(to)) })
		})
		if err != nil {
			return err
		}
		return a.chunks(ctx, sessions, func(ctx context.Context, s session, from, to int) error {
			return a.within(ctx, s, func() error { return w.update(ctx, s, updates[from:to]) })
		})
	})
	if err != nil {
		return sample{}, err
	}
	err = sessions[0].row(ctx, "SELECT COUNT(*) FROM bare_recipient WHERE state = 'delivered' AND reported_at > 0 AND site_id = ?",
		[]any{fmt.Sprintf("bare-%d", round)}, &out.units)
	return out, errors.Join(err, counted(int64(a.o.Size), out.units))
}

// chunks has the sessions take one chunk of the recipients after another.
func (a *arena) chunks(ctx context.Context, sessions []session, do func(ctx context.Context, s session, from, to int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for _, s := range sessions {
		g.Go(func() error {
			for {
				to := int(next.Add(bareChunk))
				from := to - bareChunk
				if from >= a.o.Size {
					return nil
				}
				if err := do(ctx, s, from, min(to, a.o.Size)); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}
