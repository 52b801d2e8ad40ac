package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Growth is how the product's costs grow with the work: they should not.
type Growth struct {
	Bench      string       `json:"bench"`
	Engine     string       `json:"engine"`
	Recipients []GrowthLine `json:"recipients"` // messages to so many people each, accepted to settled
	Sites      []GrowthLine `json:"sites"`      // the same messages, sent by so many sites
	Machine    string       `json:"machine"`
}

// GrowthLine is one size, in the round of the median processor time. Units are recipients.
type GrowthLine struct {
	Size      int     `json:"size"`
	Messages  int     `json:"messages"` // that were under way together
	PerSecond float64 `json:"per_second"`
	CPU       float64 `json:"cpu_us_per_unit"`
	Bytes     float64 `json:"bytes_per_unit"` // that the database grew by, indexes and all
	PeakRSS   int64   `json:"peak_rss_bytes"`
}

// load is messages to people, from sites in turn.
type load struct{ messages, people, sites int }

// evenLoad is how many recipients a load has at least: of less work the first touch of
// everything would be most.
const evenLoad = 100_000

// RunGrowth measures messages of 10³ recipients and every power of ten up to most, as
// many of the small ones together as make the load even; and then very many messages to
// ten people each from 1, 100 and 10,000 sites (as far as most goes).
func RunGrowth(ctx context.Context, most int, o Options) (Growth, error) {
	r, err := newRun(ctx, o)
	if err != nil {
		return Growth{}, err
	}
	defer r.engine.close()
	even := min(evenLoad, max(most, 1000))
	var sizes, sites []load
	for size := 1000; size <= max(most, 1000); size *= 10 {
		sizes = append(sizes, load{messages: max(1, even/size), people: size, sites: 1})
	}
	for n := 1; n <= min(10_000, max(most, 1)); n *= 100 {
		sites = append(sites, load{messages: even / 10, people: 10, sites: n})
	}
	lines, err := r.grow(ctx, slices.Concat(sizes, sites))
	if err != nil {
		return Growth{}, err
	}
	out := Growth{Bench: "growth", Engine: r.engine.name(), Machine: machine() + ", " + r.engine.version()}
	for i, l := range lines {
		if i < len(sizes) {
			l.Size = sizes[i].people
			out.Recipients = append(out.Recipients, l)
		} else {
			l.Size = sites[i-len(sizes)].sites
			out.Sites = append(out.Sites, l)
		}
	}
	return out, nil
}

// grow measures each load in fresh databases, in rounds that go over all of them, so that
// a slow minute of the machine meets all alike.
func (r *run) grow(ctx context.Context, loads []load) ([]GrowthLine, error) {
	rounds := make([][]GrowthLine, len(loads))
	for n := range r.o.Rounds {
		for i, l := range loads {
			what := fmt.Sprintf("round %d of %d: %d messages to %d people, %d sites", n+1, r.o.Rounds, l.messages, l.people, l.sites)
			one, err := r.round(ctx, side{what, l.round}, what)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", what, err)
			}
			rounds[i] = append(rounds[i], GrowthLine{Messages: l.messages, PerSecond: one.rate(), CPU: one.cpuEach(),
				Bytes: float64(one.bytes) / float64(one.units), PeakRSS: one.rss})
		}
	}
	out := make([]GrowthLine, len(loads))
	for i, of := range rounds {
		slices.SortFunc(of, func(a, b GrowthLine) int { return cmp.Compare(a.CPU, b.CPU) })
		out[i] = of[len(of)/2]
	}
	return out, nil
}

// senders is how many of the messages of a load are taken in at once.
const senders = 8

// round sends the load, and before it one message that is not counted: the first of a
// process has to prepare every statement.
func (l load) round(ctx context.Context, a *arena) (sample, error) {
	s, err := a.openSending(ctx)
	if err != nil {
		return sample{}, err
	}
	sites, err := s.furnish(ctx, l.sites)
	if err != nil {
		return sample{}, err
	}
	first := min(l.people, 1000)
	if _, err := s.campaign(ctx, sites[0], first); err != nil {
		return sample{}, err
	}
	if err := s.awaitAll(ctx); err != nil {
		return sample{}, err
	}
	out, err := a.measure(ctx, func(ctx context.Context) error {
		g, sending := errgroup.WithContext(ctx)
		g.SetLimit(senders)
		for i := range l.messages {
			g.Go(func() error { _, err := s.campaign(sending, sites[i%len(sites)], l.people); return err })
		}
		return errors.Join(g.Wait(), s.awaitAll(ctx))
	})
	if err != nil {
		return sample{}, err
	}
	delivered, err := s.count(ctx, "SELECT COUNT(*) FROM recipient WHERE state = 'delivered'")
	if err != nil {
		return sample{}, err
	}
	out.units = delivered - int64(first)
	return out, errors.Join(counted(int64(l.messages*l.people), out.units), s.prove(ctx, true))
}

// awaitAll waits until everybody has got everything. A minute in which nobody gets
// anything is an error.
func (s *sending) awaitAll(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	last, moved := int64(-1), time.Now()
	for {
		open, err := s.count(ctx, "SELECT COALESCE(SUM(accepted - delivered), 0) FROM message")
		if err != nil || open == 0 {
			return err
		}
		if open != last {
			last, moved = open, time.Now()
		}
		if time.Since(moved) > patience {
			return fmt.Errorf("%d recipients stand still for %s", open, patience)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
