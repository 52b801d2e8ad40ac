package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/internal/fault"
	"creditmsg/internal/server"
)

// Handover is how messages to one person each, of many sites, reach one provider
// account: in how few calls when they wait, and how soon when they trickle in.
type Handover struct {
	Bench   string         `json:"bench"`
	Engine  string         `json:"engine"`
	Waiting []HandoverWait `json:"waiting"` // one a round
	Pace    []HandoverPace `json:"pace"`    // one a round
	Machine string         `json:"machine"`
}

// HandoverWait is how messages went out that had waited for the workers.
type HandoverWait struct {
	Messages int     `json:"messages"`
	Sites    int     `json:"sites"`
	Calls    int     `json:"hand_overs"`      // attempts that made a call
	Seen     int     `json:"hand_overs_seen"` // groups that the vendor says were sent
	Seconds  float64 `json:"seconds"`         // from the start of the program until the vendor took the last one
}

// vendorAnswer is how long the vendor waits before it looks at a request. A hand-over
// makes three, and its messages are taken after the third wait.
const vendorAnswer = 5 * time.Millisecond

// firstMobile is the number of the first message; each has one of its own.
const firstMobile = 12_000_000

// RunHandover measures both in every round: first Options.Size messages that waited, then
// Options.Rate messages a second for Options.Lasting. A message that did not reach the
// vendor, or twice, and a ledger that does not hold are errors.
func RunHandover(ctx context.Context, o Options) (Handover, error) {
	o.Size, o.Sites, o.Rate = orElse(o.Size, 10_000), orElse(o.Sites, 50), orElse(o.Rate, 200)
	if o.Lasting <= 0 {
		o.Lasting = 10 * time.Second
	}
	if len(o.Simulator) == 0 {
		return Handover{}, fault.Check("handover", "the command that runs the simulator is not known")
	}
	r, err := newRun(ctx, o)
	if err != nil {
		return Handover{}, err
	}
	defer r.engine.close()
	out := Handover{Bench: "handover", Engine: r.engine.name(), Machine: machine() + ", " + r.engine.version()}
	for n := range r.o.Rounds {
		one, err := inArena(ctx, r, fmt.Sprintf("waiting, round %d of %d", n+1, r.o.Rounds), handWaiting)
		if err != nil {
			return Handover{}, fmt.Errorf("bench handover, waiting: %w", err)
		}
		out.Waiting = append(out.Waiting, one)
		var pace HandoverPace
		_, err = r.profiled(n+1 == r.o.Rounds, func() (_ sample, err error) {
			pace, err = inArena(ctx, r, fmt.Sprintf("pace, round %d of %d", n+1, r.o.Rounds), handPaced)
			return sample{}, err
		})
		if err != nil {
			return Handover{}, fmt.Errorf("bench handover, pace: %w", err)
		}
		out.Pace = append(out.Pace, pace)
	}
	return out, nil
}

// inArena does something in a fresh database.
func inArena[T any](ctx context.Context, r *run, what string, do func(context.Context, *arena) (T, error)) (out T, err error) {
	r.o.Progress(what)
	a, err := r.arena(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	return do(ctx, a)
}

// stage is the program's surroundings: a vendor in a process of its own.
type stage struct {
	*arena
	config server.Config // of the program
	vendor vendorBook
	pid    int // of the vendor's process
}

// setStage starts the vendor. The program is not begun.
func (a *arena) setStage(ctx context.Context) (*stage, error) {
	s := &stage{arena: a, config: a.config()}
	var err error
	if s.config.Listen, err = freePort(); err != nil {
		return nil, err
	}
	scenario, err := a.scratchFile(fmt.Sprintf("answer_delay: %s\n", vendorAnswer))
	if err != nil {
		return nil, err
	}
	vendor, err := a.startVendor(ctx, "http://"+s.config.Listen+"/webhooks/"+vendorName, "--scenario", scenario)
	if err != nil {
		return nil, err
	}
	s.vendor.url, s.pid = vendor.url, vendor.cmd.Process.Pid
	account := &s.config.Providers[0]
	account.URL, account.Webhook.Secret = server.Address(s.vendor.url), vendorSecret
	return s, nil
}

// scratchFile writes a file that is gone when the round is over.
func (a *arena) scratchFile(text string) (path string, err error) {
	f, err := os.CreateTemp("", "creditmsg-bench-*")
	if err != nil {
		return "", fmt.Errorf("make a scratch file: %w", err)
	}
	a.defers(func() error { return os.Remove(f.Name()) })
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write a scratch file: %w", err)
	}
	return f.Name(), nil
}

// handWaiting accepts messages while nobody works on them, and then begins the program.
func handWaiting(ctx context.Context, a *arena) (HandoverWait, error) {
	w, err := a.open(ctx)
	if err != nil {
		return HandoverWait{}, err
	}
	sites, err := w.furnish(ctx, a.o.Sites)
	if err != nil {
		return HandoverWait{}, err
	}
	if err := a.takeInAll(ctx, w, sites); err != nil {
		return HandoverWait{}, err
	}
	s, err := a.setStage(ctx)
	if err != nil {
		return HandoverWait{}, err
	}
	start := time.Now()
	if err := a.serve(ctx, s.config); err != nil {
		return HandoverWait{}, err
	}
	if err := s.vendor.await(ctx, a.o.Size); err != nil {
		return HandoverWait{}, err
	}
	// The vendor lists what it took in that order.
	out := HandoverWait{Messages: a.o.Size, Sites: len(sites), Seconds: s.vendor.legs[len(s.vendor.legs)-1].moment().Sub(start).Seconds()}
	out.Calls, out.Seen, err = s.settled(ctx, w, a.o.Size)
	return out, err
}

// takeInAll accepts the messages, of all sites in turn.
func (a *arena) takeInAll(ctx context.Context, w *world, sites []string) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range a.o.Callers {
		g.Go(func() error {
			for {
				n := int(next.Add(1)) - 1
				if n >= a.o.Size {
					return nil
				}
				if err := w.takeIn(ctx, sites[n%len(sites)], uint32(firstMobile+n)); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// settled waits until all is final, and proves that each message went out once, was
// delivered and paid for. It gives the calls that this took, by the database and by the
// vendor.
func (s *stage) settled(ctx context.Context, w *world, n int) (calls, seen int, err error) {
	if err := w.awaitDone(ctx, n); err != nil {
		return 0, 0, err
	}
	delivered, err := w.count(ctx, "SELECT COUNT(*) FROM recipient WHERE state = 'delivered'")
	if err != nil {
		return 0, 0, err
	}
	made, err := w.count(ctx, "SELECT COUNT(*) FROM attempt WHERE called_at > 0")
	if err != nil {
		return 0, 0, err
	}
	if err := s.vendor.read(ctx); err != nil { // what may have come a second time
		return 0, 0, err
	}
	seen, err = s.vendor.handOvers(ctx)
	return int(made), seen, errors.Join(err, counted(int64(n), delivered), s.vendor.once(n), w.prove(ctx, true))
}

// awaitDone waits until so many messages are done. A minute without one is an error.
func (w *world) awaitDone(ctx context.Context, n int) error {
	last, moved := int64(-1), time.Now()
	for {
		done, err := w.count(ctx, "SELECT COUNT(*) FROM message WHERE state = 'done'")
		if err != nil {
			return err
		}
		switch {
		case done == int64(n):
			return nil
		case done != last:
			last, moved = done, time.Now()
		case time.Since(moved) > patience:
			return fmt.Errorf("%d of %d messages are done and for %s no more", done, n, patience)
		}
		if err := until(ctx, time.Now().Add(100*time.Millisecond)); err != nil {
			return err
		}
	}
}
