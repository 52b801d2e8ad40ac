package bench

import (
	"context"
	"errors"
	"slices"
	"time"

	"creditmsg/internal/korea"
)

// HandoverPace is how long messages took that came at a steady rate: from the moment when
// the client had the 202 to the moment when the vendor took the message.
type HandoverPace struct {
	Rate      float64 `json:"rate"`       // messages a second that were due
	PerSecond float64 `json:"per_second"` // that were answered
	Messages  int     `json:"messages"`
	Calls     int     `json:"hand_overs"`
	Seen      int     `json:"hand_overs_seen"`
	P50       float64 `json:"p50_ms"`
	P90       float64 `json:"p90_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
	Early     int     `json:"before_answer"`   // the vendor took them before the 202 was there; they count as they are
	CPU       float64 `json:"cpu_us_per_unit"` // of the program, the clients and a local database together, in µs
	Others    float64 `json:"others_cpu"`      // part of the processors' time that others on the machine took, from 0 to 1
}

// handPaced runs the whole program and sends messages to it at a steady rate.
func handPaced(ctx context.Context, a *arena) (HandoverPace, error) {
	tokens, err := a.furnishAPI(ctx, a.o.Sites)
	if err != nil {
		return HandoverPace{}, err
	}
	s, err := a.setStage(ctx)
	if err != nil {
		return HandoverPace{}, err
	}
	if err := a.serve(ctx, s.config); err != nil {
		return HandoverPace{}, err
	}
	w, err := a.open(ctx)
	if err != nil {
		return HandoverPace{}, err
	}
	var out HandoverPace
	var answered map[string]time.Time
	cost, others, err := s.besideOthers(ctx, func(ctx context.Context) (err error) {
		out, answered, err = s.pour(ctx, tokens, 0)
		return err
	})
	if err != nil {
		return HandoverPace{}, err
	}
	cost.units = int64(out.Messages)
	out.CPU, out.Others = cost.cpuEach(), others
	if err := s.vendor.await(ctx, out.Messages); err != nil {
		return HandoverPace{}, err
	}
	if out.Calls, out.Seen, err = s.settled(ctx, w, out.Messages); err != nil {
		return HandoverPace{}, err
	}
	return out, out.sum(s.vendor.legs, answered)
}

// besideOthers measures work, and what part of the processors' time went to whoever else
// was on the machine meanwhile: neither the program, its clients, a local database nor the
// vendor. Times that are short beside a turn of the scheduler mean little without it.
func (s *stage) besideOthers(ctx context.Context, work func(context.Context) error) (out sample, others float64, err error) {
	vendor, _ := readProcess(s.pid)
	busy, all := busyTime()
	if out, err = s.measure(ctx, work); err != nil {
		return sample{}, 0, err
	}
	vendorNow, _ := readProcess(s.pid)
	busyNow, allNow := busyTime()
	if allNow > all {
		others = max(0, float64(busyNow-busy-out.cpu-(vendorNow.used-vendor.used))/float64(allNow-all))
	}
	return out, others, nil
}

// pour sends the messages, each to a number of its own, the first so many behind the first
// of all, and gives when each was answered, by its number.
func (s *stage) pour(ctx context.Context, tokens []string, from int) (HandoverPace, map[string]time.Time, error) {
	wires, err := dialAll(s.config.Listen, "", s.o.Callers)
	if err != nil {
		return HandoverPace{}, nil, err
	}
	defer closeAll(wires)
	type answer struct {
		number string
		at     time.Time
	}
	answers := make([][]answer, len(wires))
	start := time.Now()
	n, err := s.steadily(ctx, float64(s.o.Rate), func(caller, turn int, _ time.Time) error {
		i := turn*len(wires) + caller
		number := string(korea.MobileNumber(uint32(firstMobile + from + i)))
		if err := wires[caller].send(messageRequest(s.config.Listen, tokens[i%len(tokens)], bodyTo(number))); err != nil {
			return err
		}
		answers[caller] = append(answers[caller], answer{number, time.Now()})
		return nil
	})
	out := HandoverPace{Rate: float64(s.o.Rate), PerSecond: float64(n) / time.Since(start).Seconds(), Messages: int(n)}
	byNumber := make(map[string]time.Time, n)
	for _, list := range answers {
		for _, one := range list {
			byNumber[one.number] = one.at
		}
	}
	return out, byNumber, err
}

// sum tells how long after its answer each message was taken.
func (p *HandoverPace) sum(legs []takenLeg, answered map[string]time.Time) error {
	var waits []time.Duration
	for _, l := range legs {
		when, known := answered[l.To]
		if !known {
			return errors.New("the vendor took a message that nobody sent")
		}
		wait := l.moment().Sub(when)
		if wait <= 0 {
			p.Early++
		}
		waits = append(waits, wait)
	}
	if len(waits) == 0 {
		return errors.New("no message was sent")
	}
	slices.Sort(waits)
	p.P50, p.P90, p.P99, p.Max = at(waits, .50), at(waits, .90), at(waits, .99), at(waits, 1)
	return nil
}
