package simulator

import (
	"maps"
	"slices"
	"time"

	"creditmsg/internal/money"
)

// Scenario says how often what goes wrong. A share is a part of 1. Numbers of the
// table in outcome.go keep to the table, whatever the scenario says of legs. The zero
// Scenario changes nothing.
type Scenario struct {
	// Seed decides which legs, reports and requests a share falls on, and how far
	// delays spread. 0 = that of Options.
	Seed uint64

	// AcceptDelay and ReportDelay replace those of Options. 0 = those, negative = none.
	AcceptDelay time.Duration
	ReportDelay time.Duration

	// AnswerDelay passes before a request of an operator's interface is looked at, so that
	// its answer takes at least so long. 0 or negative = none.
	AnswerDelay time.Duration

	// Refuse is the share of legs that are refused at registration, by the vendor's
	// raw code; Fail the share of legs that are reported as failed with that code.
	Refuse map[string]float64
	Fail   map[string]float64

	// Duplicate, Reorder and Late are shares of reports: sent a second time; held back
	// until what was handed over with them is reported; held back by Options.Late.
	Duplicate float64
	Reorder   float64
	Late      float64

	// TooMany (http_429), ErrorBefore (http_5xx_before), ErrorAfter (http_5xx_after), Cut
	// and Timeout are shares of the requests that hand over. Together they are at most
	// 1, since a request meets one of them.
	TooMany     float64
	ErrorBefore float64
	ErrorAfter  float64
	Cut         float64
	Timeout     float64

	// Balance is what every account has from the moment the scenario begins, and after
	// a reset; nil leaves accounts alone.
	Balance *money.Amount

	// Senders are the numbers that are registered for every account, and may alone be used;
	// none = those of Account.
	Senders []string

	// Inspector is what becomes of templates that are submitted: approve (also empty), reject,
	// wait (they stay in inspection) or refuse (they are not taken). InspectorSays is what he
	// writes.
	Inspector     string
	InspectorSays string

	// NoLookup (lookup: false) makes an operator that cannot be asked: every request
	// that reads groups or messages is answered 500, so nothing is ever learnt of a
	// call whose answer was lost.
	NoLookup bool
}

// perLeg says whether the scenario touches legs or their reports.
func (sc *Scenario) perLeg() bool {
	return len(sc.Refuse)+len(sc.Fail) > 0 || sc.Duplicate+sc.Reorder+sc.Late > 0
}

// requests is the share of requests that meet any fault.
func (sc *Scenario) requests() float64 {
	return sc.TooMany + sc.ErrorBefore + sc.ErrorAfter + sc.Cut + sc.Timeout
}

// Play puts a scenario into force, in place of the one before. What was handed over
// already goes on as it began.
func (s *Simulator) Play(sc Scenario) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin(sc)
}

// begin puts sc into force. The caller holds the lock.
func (s *Simulator) begin(sc Scenario) {
	s.scenario = s.complete(sc)
	s.refuse, s.fail = sharesOf(sc.Refuse), sharesOf(sc.Fail)
	s.met = map[phone]times{}
	if sc.Balance != nil {
		for _, a := range s.order {
			a.balance = *sc.Balance
		}
	}
}

// Scenario is the one in force, completed from Options.
func (s *Simulator) Scenario() Scenario {
	s.mu.Lock()
	defer s.mu.Unlock()
	sc := s.scenario
	sc.Refuse, sc.Fail = maps.Clone(sc.Refuse), maps.Clone(sc.Fail)
	return sc
}

// complete fills in what sc leaves to Options.
func (s *Simulator) complete(sc Scenario) Scenario {
	if sc.Seed == 0 {
		sc.Seed = s.options.Seed
	}
	sc.AcceptDelay = delay(sc.AcceptDelay, s.options.AcceptDelay)
	sc.ReportDelay = delay(sc.ReportDelay, s.options.ReportDelay)
	sc.Refuse, sc.Fail = maps.Clone(sc.Refuse), maps.Clone(sc.Fail)
	return sc
}

// shares is a table of shares: an entry's share begins where the one before ends.
type shares []share

type share struct {
	code  uint16
	until float64
}

// sharesOf orders shares by code, so that the same ones always fall alike.
func sharesOf(given map[string]float64) shares {
	var table shares
	for text, part := range given {
		code, _ := rawCode(text)
		table = append(table, share{code, part})
	}
	slices.SortFunc(table, func(a, b share) int { return int(a.code) - int(b.code) })
	for i := 1; i < len(table); i++ {
		table[i].until += table[i-1].until
	}
	return table
}

// pick is the code that chance falls on, 0 for none.
func (t shares) pick(chance float64) uint16 {
	for _, e := range t {
		if chance < e.until {
			return e.code
		}
	}
	return 0
}

// times counts what one number met under a scenario. With the number it is the key of
// every decision: neither goroutines nor references that differ from run to run change
// what becomes of it.
type times struct{ registered, asked, handed uint32 }

// matter tells the decisions about one number apart.
type matter uint64

const (
	ofRefusal matter = iota + 1
	ofRequest
	ofFailure
	ofDuplicate
	ofReorder
	ofLate
	ofDelay
)

// chance is a number from 0 to 1, the same for the same seed, matter, number and count.
func (s *Simulator) chance(what matter, to phone, nth uint32) float64 {
	h := mix(mix(mix(s.scenario.Seed^uint64(what)<<56)^uint64(to)) ^ uint64(nth))
	return float64(h>>11) / (1 << 53)
}

// refusal is the code with which the scenario refuses a leg at registration, or 0.
func (s *Simulator) refusal(to phone) uint16 {
	if len(s.refuse) == 0 || to.tabled() {
		return 0
	}
	t := s.met[to]
	t.registered++
	s.met[to] = t
	return s.refuse.pick(s.chance(ofRefusal, to, t.registered))
}

// twist is what a scenario decided about a leg when it was handed over.
type twist struct {
	code                uint16 // the raw code it ends with; 0 = as usual
	twice, behind, late bool   // its report
}

// twistOf decides about a leg that is handed over to this number.
func (s *Simulator) twistOf(to phone) twist {
	if !s.scenario.perLeg() || to.tabled() {
		return twist{}
	}
	t := s.met[to]
	t.handed++
	s.met[to] = t
	return twist{
		code:   s.fail.pick(s.chance(ofFailure, to, t.handed)),
		twice:  s.chance(ofDuplicate, to, t.handed) < s.scenario.Duplicate,
		behind: s.chance(ofReorder, to, t.handed) < s.scenario.Reorder,
		late:   s.chance(ofLate, to, t.handed) < s.scenario.Late,
	}
}

// trouble is what the scenario does to a request that hands over; its first number
// stands for it.
func (s *Simulator) trouble(first phone) fault {
	sc := &s.scenario
	if sc.requests() == 0 {
		return noFault
	}
	t := s.met[first]
	t.asked++
	s.met[first] = t
	chance := s.chance(ofRequest, first, t.asked)
	for _, c := range [...]struct {
		fault fault
		share float64
	}{{tooMany, sc.TooMany}, {errorBefore, sc.ErrorBefore}, {hangs, sc.Timeout}, {errorAfter, sc.ErrorAfter}, {cutAfter, sc.Cut}} {
		if chance < c.share {
			return c.fault
		}
		chance -= c.share
	}
	return noFault
}

// wait is the time until the delivery report of m arrives: between half the usual
// and twice as long. A second report of m waits another while.
func (s *Simulator) wait(m *message, nth uint32) time.Duration {
	d := s.scenario.ReportDelay
	return d/2 + time.Duration(s.chance(ofDelay, m.to, m.slot<<1|nth)*float64(d)*3/2)
}

// holdBack is added to a report that others are to overtake: more than the longest wait.
func (s *Simulator) holdBack() time.Duration { return 2*s.scenario.ReportDelay + 2*tickLength }
