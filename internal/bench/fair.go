package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"creditmsg/internal/fault"
)

// Fair is how long messages to one person each take to the vendor while nothing else
// happens, and while another site's message to very many people goes out.
type Fair struct {
	Bench   string         `json:"bench"`
	Engine  string         `json:"engine"`
	Crowd   int            `json:"crowd"` // people of the large message
	Idle    []HandoverPace `json:"idle"`  // one a round
	Busy    []HandoverPace `json:"busy"`
	Left    []int64        `json:"left"`  // people of the large message who still waited at the end of a busy part
	Ratio   float64        `json:"ratio"` // p99 of busy / p99 of idle, the median of the rounds
	Machine string         `json:"machine"`
}

// crowdMobile is the number of the first one of the large message.
const crowdMobile = 30_000_000

// RunFair measures both in every round, in one run of the program: Options.Rate messages a
// second of Options.Sites sites for Options.Lasting, then the same while a message to
// Options.Size people is under way. That it is over too soon, a message that did not reach
// the vendor, or twice, and a ledger that does not hold are errors.
func RunFair(ctx context.Context, o Options) (Fair, error) {
	o.Size, o.Sites, o.Rate, o.Rounds = orElse(o.Size, 1_000_000), orElse(o.Sites, 50), orElse(o.Rate, 50), orElse(o.Rounds, 1)
	if o.Lasting <= 0 {
		o.Lasting = 15 * time.Second
	}
	if len(o.Simulator) == 0 {
		return Fair{}, fault.Check("fair", "the command that runs the simulator is not known")
	}
	r, err := newRun(ctx, o)
	if err != nil {
		return Fair{}, err
	}
	defer r.engine.close()
	out := Fair{Bench: "fair", Engine: r.engine.name(), Crowd: r.o.Size, Machine: machine() + ", " + r.engine.version()}
	var ratios []float64
	for n := range r.o.Rounds {
		one, err := inArena(ctx, r, fmt.Sprintf("round %d of %d", n+1, r.o.Rounds), fairRound)
		if err != nil {
			return Fair{}, fmt.Errorf("bench fair: %w", err)
		}
		out.Idle, out.Busy, out.Left = append(out.Idle, one.idle), append(out.Busy, one.busy), append(out.Left, one.left)
		ratios = append(ratios, one.busy.P99/one.idle.P99)
	}
	slices.Sort(ratios)
	out.Ratio = ratios[len(ratios)/2]
	return out, nil
}

type fairFound struct {
	idle, busy HandoverPace
	left       int64
}

func fairRound(ctx context.Context, a *arena) (out fairFound, err error) {
	tokens, err := a.furnishAPI(ctx, a.o.Sites+1)
	if err != nil {
		return out, err
	}
	s, err := a.setStage(ctx)
	if err != nil {
		return out, err
	}
	if err := a.serve(ctx, s.config); err != nil {
		return out, err
	}
	w, err := a.open(ctx)
	if err != nil {
		return out, err
	}
	singles := 0
	if out.idle, err = s.fairPart(ctx, "idle", tokens[1:], &singles); err != nil {
		return out, err
	}
	a.o.Progress(fmt.Sprintf("accept a message to %d people", a.o.Size))
	key, err := w.campaign(ctx, "bench-0", crowdMobile, a.o.Size)
	if err != nil {
		return out, err
	}
	if out.busy, err = s.fairPart(ctx, "busy", tokens[1:], &singles); err != nil {
		return out, err
	}
	m, err := w.find(ctx, key)
	if err != nil {
		return out, err
	}
	if out.left = m.Pending(); out.left == 0 {
		return out, errors.New("the large message was handed over before the busy part ended: take a larger one, or less time")
	}
	a.o.Progress("wait for the large message")
	return out, s.allOnce(ctx, w, singles+1, singles+a.o.Size)
}

// fairPart sends messages at the steady rate, and tells when the vendor took them.
func (s *stage) fairPart(ctx context.Context, what string, tokens []string, singles *int) (HandoverPace, error) {
	s.o.Progress(what)
	out, answered, err := s.pour(ctx, tokens, *singles)
	if err != nil {
		return HandoverPace{}, err
	}
	*singles += out.Messages
	legs, err := s.taken(ctx, answered)
	if err != nil {
		return HandoverPace{}, err
	}
	return out, out.sum(legs, answered)
}

// taken reads the vendor's list until it has all of these, and gives them.
func (s *stage) taken(ctx context.Context, answered map[string]time.Time) (legs []takenLeg, err error) {
	read, moved := 0, time.Now()
	for len(legs) < len(answered) {
		if err := s.vendor.read(ctx); err != nil {
			return nil, err
		}
		for _, l := range s.vendor.legs[read:] {
			if _, ours := answered[l.To]; ours {
				legs, moved = append(legs, l), time.Now()
			}
		}
		read = len(s.vendor.legs)
		if time.Since(moved) > patience {
			return nil, fmt.Errorf("the vendor took %d of %d messages and for %s no more", len(legs), len(answered), patience)
		}
		if err := until(ctx, time.Now().Add(50*time.Millisecond)); err != nil {
			return nil, err
		}
	}
	return legs, nil
}

// allOnce waits until so many messages are done, and proves that each of their people got
// one, and that it was paid for.
func (s *stage) allOnce(ctx context.Context, w *world, messages, people int) error {
	if err := w.awaitDone(ctx, messages); err != nil {
		return err
	}
	delivered, err := w.count(ctx, "SELECT COUNT(*) FROM recipient WHERE state = 'delivered'")
	if err != nil {
		return err
	}
	if err := s.vendor.read(ctx); err != nil {
		return err
	}
	return errors.Join(counted(int64(people), delivered), s.vendor.once(people), w.prove(ctx, true))
}
