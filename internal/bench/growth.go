package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
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
	// How far a line is at most from the first of its part, as a share of that.
	CPUDrift    float64 `json:"cpu_drift"`
	BytesDrift  float64 `json:"bytes_drift"`
	MemoryDrift float64 `json:"memory_drift"`
	Machine     string  `json:"machine"`
}

// GrowthLine is one size, each figure the median of the rounds. Units are recipients.
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
// everything would be most, and all pages would stay in the database's memory, which those
// of a message to a million do not. shared is the load of many sites.
const (
	evenLoad = 500_000
	shared   = 100_000
)

// RunGrowth measures messages of 10³ recipients and every power of ten up to most, as
// many of the small ones together as make the load even; and then very many messages to
// ten people each from 1, 100 and 10,000 sites (as far as most goes).
func RunGrowth(ctx context.Context, most int, o Options) (Growth, error) {
	r, err := newRun(ctx, o)
	if err != nil {
		return Growth{}, err
	}
	defer r.engine.close()
	even, shared := min(evenLoad, max(most, 1000)), min(shared, max(most, 1000))
	var sizes, sites []load
	for size := 1000; size <= max(most, 1000); size *= 10 {
		sizes = append(sizes, load{messages: max(1, even/size), people: size, sites: 1})
	}
	for n := 1; n <= min(10_000, max(most, 1)); n *= 100 {
		sites = append(sites, load{messages: shared / 10, people: 10, sites: n})
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
	drift := func(of func(GrowthLine) float64) float64 { return max(drift(out.Recipients, of), drift(out.Sites, of)) }
	out.CPUDrift = drift(func(l GrowthLine) float64 { return l.CPU })
	out.BytesDrift = drift(func(l GrowthLine) float64 { return l.Bytes })
	out.MemoryDrift = drift(func(l GrowthLine) float64 { return float64(l.PeakRSS) })
	return out, nil
}

// drift is how far a figure is at most from the first line's, as a share of that.
func drift(lines []GrowthLine, of func(GrowthLine) float64) (most float64) {
	for _, l := range lines {
		if first := of(lines[0]); first > 0 {
			most = max(most, math.Abs(of(l)/first-1))
		}
	}
	return most
}

// grow measures each load in fresh databases, in rounds that go over all of them, every
// second one from the last to the first: neither a slow minute of the machine nor what
// a load leaves behind (pages to be written, warm processors) meets always the same one.
func (r *run) grow(ctx context.Context, loads []load) ([]GrowthLine, error) {
	rounds := make([][]sample, len(loads))
	for n := range r.o.Rounds {
		for i := range loads {
			if n%2 == 1 {
				i = len(loads) - 1 - i
			}
			l := loads[i]
			what := fmt.Sprintf("round %d of %d: %d messages to %d people, %d sites", n+1, r.o.Rounds, l.messages, l.people, l.sites)
			one, err := r.round(ctx, side{what, l.round}, what)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", what, err)
			}
			rounds[i] = append(rounds[i], one)
		}
	}
	out := make([]GrowthLine, len(loads))
	for i, of := range rounds {
		out[i] = GrowthLine{Messages: loads[i].messages, PerSecond: middle(of, sample.rate), CPU: middle(of, sample.cpuEach),
			Bytes:   middle(of, func(s sample) float64 { return float64(s.bytes) / float64(s.units) }),
			PeakRSS: int64(middle(of, func(s sample) float64 { return float64(s.rss) }))}
	}
	return out, nil
}

// middle is the median of a figure of several rounds.
func middle(rounds []sample, of func(sample) float64) float64 {
	list := make([]float64, len(rounds))
	for i, s := range rounds {
		list[i] = of(s)
	}
	return median(list)
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
	// Sites send in no order: their rows come to lie between those of others.
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(sites), func(i, j int) { sites[i], sites[j] = sites[j], sites[i] })
	first := min(l.people, 1000)
	if _, err := s.campaign(ctx, sites[0], firstMobile, first); err != nil {
		return sample{}, err
	}
	if err := s.awaitAll(ctx); err != nil {
		return sample{}, err
	}
	out, err := a.measure(ctx, func(ctx context.Context) error {
		g, sending := errgroup.WithContext(ctx)
		g.SetLimit(senders)
		for i := range l.messages {
			g.Go(func() error { _, err := s.campaign(sending, sites[i%len(sites)], firstMobile, l.people); return err })
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
