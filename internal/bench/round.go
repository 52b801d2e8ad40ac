package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// run is one call of Run.
type run struct {
	o      Options
	engine engine
}

func newRun(ctx context.Context, o Options) (*run, error) {
	s, err := engineOf(ctx, o.Database)
	if err != nil {
		return nil, err
	}
	return &run{o: o.filled(), engine: s}, nil
}

// contest is two ways to do the same work.
type contest struct {
	bench, unit       string
	baseline, product side
	after             func(*Result) // adds what only this comparison knows; nil = nothing
}

// side is one way: round does the work once, in a fresh arena, and counts it.
type side struct {
	what  string
	round func(ctx context.Context, a *arena) (sample, error)
}

// arena is where one round takes place: a scratch database with the product's schema.
type arena struct {
	*run
	url string
	end []func() error // what is to be let go, the last first
}

// compare lets baseline and product take turns and sums up.
func (r *run) compare(ctx context.Context, c contest) (Result, error) {
	out := Result{Bench: c.bench, Engine: r.engine.name(), Unit: c.unit, Machine: machine() + ", " + r.engine.version(),
		Baseline: Side{What: c.baseline.what}, Product: Side{What: c.product.what}}
	var ratios, cpus, baseCPUs []float64
	for n := range r.o.Rounds {
		base, err := r.round(ctx, c.baseline, fmt.Sprintf("baseline, round %d of %d", n+1, r.o.Rounds))
		if err != nil {
			return Result{}, fmt.Errorf("baseline (%s): %w", c.baseline.what, err)
		}
		ours, err := r.profiled(n+1 == r.o.Rounds, func() (sample, error) {
			return r.round(ctx, c.product, fmt.Sprintf("product, round %d of %d", n+1, r.o.Rounds))
		})
		if err != nil {
			return Result{}, fmt.Errorf("product (%s): %w", c.product.what, err)
		}
		out.Baseline.PerSecond = append(out.Baseline.PerSecond, base.rate())
		out.Product.PerSecond = append(out.Product.PerSecond, ours.rate())
		ratios = append(ratios, ours.rate()/base.rate())
		baseCPUs, cpus = append(baseCPUs, base.cpuEach()), append(cpus, ours.cpuEach())
		out.PeakRSS = max(out.PeakRSS, ours.rss)
	}
	out.Ratio = median(ratios)
	out.Baseline.CPU, out.Product.CPU = median(baseCPUs), median(cpus)
	out.CPU = out.Product.CPU
	if out.Baseline.CPU > 0 {
		out.CPURatio = out.Product.CPU / out.Baseline.CPU
	}
	if c.after != nil {
		c.after(&out)
	}
	return out, nil
}

// profiled writes a processor profile while do works, when one is wanted.
func (r *run) profiled(last bool, do func() (sample, error)) (sample, error) {
	if !last || r.o.Profile == nil {
		return do()
	}
	if err := pprof.StartCPUProfile(r.o.Profile); err != nil {
		return sample{}, fmt.Errorf("start the profile: %w", err)
	}
	defer pprof.StopCPUProfile()
	return do()
}

// round does one side's work once in a fresh database.
func (r *run) round(ctx context.Context, s side, what string) (out sample, err error) {
	r.o.Progress(what)
	a, err := r.arena(ctx)
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	if out, err = s.round(ctx, a); err != nil {
		return sample{}, err
	}
	if out.units == 0 {
		return sample{}, errors.New("nothing was done in this round")
	}
	r.o.Progress(fmt.Sprintf("%s: %.0f per second", what, out.rate()))
	return out, nil
}

func (r *run) arena(ctx context.Context) (*arena, error) {
	url, drop, err := r.engine.create(ctx)
	if err != nil {
		return nil, fmt.Errorf("make a scratch database: %w", err)
	}
	return &arena{run: r, url: url, end: []func() error{drop}}, nil
}

// defers has f called when the round is over, before what was there before.
func (a *arena) defers(f func() error) { a.end = append(a.end, f) }

func (a *arena) close() error {
	var errs []error
	for len(a.end) > 0 {
		last := len(a.end) - 1
		f := a.end[last]
		a.end = a.end[:last]
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// crowd has so many callers do one thing after another until the time is over, and
// says how often it was done. The first error ends it.
func crowd(ctx context.Context, callers int, during time.Duration, do func(ctx context.Context, caller, turn int) error) (int64, error) {
	g, inside := errgroup.WithContext(ctx)
	var done atomic.Int64
	deadline := time.Now().Add(during)
	for caller := range callers {
		g.Go(func() error {
			turn := 0
			for ; time.Now().Before(deadline) && inside.Err() == nil; turn++ {
				if err := do(inside, caller, turn); err != nil {
					return err
				}
			}
			done.Add(int64(turn))
			return nil
		})
	}
	err := g.Wait()
	return done.Load(), err
}

// counted makes sure that what was answered for is what is there.
func counted(answered, there int64) error {
	if answered != there {
		return fmt.Errorf("%d were answered for and %d are in the database", answered, there)
	}
	return nil
}
