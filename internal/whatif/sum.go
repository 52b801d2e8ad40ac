package whatif

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// sum adds people up while messages are walked through.
type sum struct {
	q   Question
	now credit.Prices // of a channel that a message has no frozen price of

	m        *message.Message
	content  message.Content
	frozen   credit.Prices            // of the present message, over those of now
	ways     map[uint8][]message.Step // by class of the present message; nil = unchanged
	template *TemplatePart

	people    int64 // whom the messages were accepted for
	out       Answer
	templates map[string]*TemplatePart
	tried     [provider.Channels]struct{ tried, arrived int64 } // legs
	open      map[guess]int64                                   // people of whom a part is not known
	took      [2][]time.Duration
}

// guess names people who are alike in what is not known of them.
type guess struct {
	template      string
	first, second message.Step
	steps         int
}

func newSum(q Question, now credit.Prices) *sum {
	return &sum{q: q, now: now, templates: map[string]*TemplatePart{}, open: map[guess]int64{}}
}

// count refuses more people than one answer reads, before they are read. Who was cancelled
// counts too: his row is read like any other.
func (s *sum) count(few []*message.Message) error {
	for _, m := range few {
		if s.people += m.Accepted; s.people > mostPeople {
			return fault.Check("/from", "the messages of these days have more than %d people, which is as many as one answer reads; ask for fewer days", mostPeople)
		}
	}
	return nil
}

// begin turns to the next message.
func (s *sum) begin(m *message.Message, c message.Content) {
	s.m, s.content, s.ways = m, c, map[uint8][]message.Step{}
	s.freeze()
	s.out.Messages++
	s.out.LeftOut += m.Accepted
	code := ""
	if c.Alimtalk != nil {
		code = c.Alimtalk.Code
	}
	if s.templates[code] == nil {
		s.templates[code] = &TemplatePart{Code: code}
	}
	s.template = s.templates[code]
}

// freeze collects the prices of the present message: a channel that one class of its people had
// no leg over may be another's, and its price was frozen for all of them at once.
func (s *sum) freeze() {
	s.frozen = s.now
	for _, c := range s.m.Classes {
		for _, step := range c.Steps {
			s.frozen[step.Channel] = step.Price
		}
	}
}

// add replays one final recipient of the present message.
func (s *sum) add(r message.Recipient) {
	if r.State == message.Cancelled || r.State == message.Expired && r.HandedAt.IsZero() {
		return
	}
	s.out.LeftOut--
	s.out.Recipients++
	s.template.Recipients++
	had := lived(r)
	for ch, l := range had {
		if l.handed {
			s.tried[ch].tried++
		}
		if l.handed && l.fate == arrived {
			s.tried[ch].arrived++
		}
	}
	s.real(r)
	s.alternative(r, had)
}

func (s *sum) real(r message.Recipient) {
	cost := r.Cost()
	s.out.Actual.Cost += cost
	s.template.Actual += cost
	if r.State != message.Delivered {
		return
	}
	s.out.Actual.Delivered++
	if p := walk(r.Steps, lived(r)); p.took > 0 {
		s.took[0] = append(s.took[0], p.took)
	}
}

func (s *sum) alternative(r message.Recipient, had legs) {
	steps, known := s.ways[r.Class]
	if !known {
		steps = s.steps(r.Steps, s.m.Classes[r.Class].OffKakao)
		s.ways[r.Class] = steps
	}
	if steps == nil {
		s.out.Unchanged++
		steps = r.Steps
	}
	p := walk(steps, had)
	if len(p.open) > 0 {
		s.guess(p.open)
		return
	}
	s.out.Alternative.Cost += p.cost
	s.template.Alternative += p.cost
	if p.delivered {
		s.out.Alternative.Delivered++
	}
	if p.took > 0 {
		s.took[1] = append(s.took[1], p.took)
	}
}

func (s *sum) guess(open []message.Step) {
	g := guess{template: s.template.Code, first: open[0], steps: len(open)}
	if len(open) > 1 {
		g.second = open[1]
	}
	s.open[g]++
}

// steps are the legs that people of a class would have, at the prices of the question; nil
// when the strategy has none for them. Who was not on Kakao then is known only where the
// message asked.
func (s *sum) steps(were []message.Step, offKakao bool) []message.Step {
	prices := s.prices(were)
	if s.q.Strategy == "" {
		steps := slices.Clone(were)
		for i := range steps {
			steps[i].Price = prices[steps[i].Channel]
		}
		return steps
	}
	way := message.Route{Alimtalk: s.content.Alimtalk != nil, Prices: prices, OffKakao: offKakao, Due: s.m.Due().Time(), Policy: s.q.Steps}
	for _, step := range were {
		if step.Channel != provider.Alimtalk {
			way.HasText, way.Text = true, step.Channel
		}
	}
	return s.q.Strategy.Steps(way)
}

func (s *sum) prices(were []message.Step) credit.Prices {
	prices := s.frozen
	for _, step := range were {
		prices[step.Channel] = step.Price
	}
	for ch, price := range s.q.Prices {
		prices[ch] = price
	}
	return prices
}

// answer fills in what is not known by what is.
func (s *sum) answer(q Question) (Answer, error) {
	out := &s.out
	out.From, out.To, out.DeliveryRates, out.ByTemplate = q.From, q.To, []Rate{}, []TemplatePart{}
	for ch, t := range s.tried {
		if t.tried > 0 {
			out.DeliveryRates = append(out.DeliveryRates, Rate{provider.Channel(ch).String(), t.tried, t.arrived})
		}
	}
	for _, g := range slices.SortedFunc(maps.Keys(s.open), guess.compare) {
		if err := s.fill(g, s.open[g]); err != nil {
			return Answer{}, err
		}
	}
	out.Actual.Latency, out.Alternative.Latency = latency(s.took[0]), latency(s.took[1])
	for _, code := range slices.Sorted(maps.Keys(s.templates)) {
		t := s.templates[code]
		t.Difference, t.Verdict = t.Alternative-t.Actual, "same"
		switch {
		case t.Difference < 0:
			t.Verdict = "cheaper"
		case t.Difference > 0:
			t.Verdict = "dearer"
		}
		out.ByTemplate = append(out.ByTemplate, *t)
	}
	return *out, nil
}

// fill guesses what people who are alike would have cost: of each step the share that
// arrives, of those whom the steps before did not reach.
func (s *sum) fill(g guess, people int64) error {
	left, t := people, s.templates[g.template]
	s.out.Extrapolated.Recipients += people
	for _, step := range []message.Step{g.first, g.second}[:g.steps] {
		rate := s.tried[step.Channel]
		reached := left // nothing is known of the channel at all
		if rate.tried > 0 {
			reached = left * rate.arrived / rate.tried // both at most mostPeople
		}
		cost, err := step.Price.Times(reached)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, fault.CodeValidation, "the messages would cost more than can be counted")
		}
		left -= reached
		s.out.Extrapolated.Cost += cost
		s.out.Extrapolated.Delivered += reached
		s.out.Alternative.Cost += cost
		s.out.Alternative.Delivered += reached
		t.Alternative += cost
	}
	return nil
}

func (g guess) compare(o guess) int {
	return cmp.Or(cmp.Compare(g.template, o.template), cmp.Compare(g.first.Channel, o.first.Channel), cmp.Compare(g.first.Price, o.first.Price),
		cmp.Compare(g.second.Channel, o.second.Channel), cmp.Compare(g.second.Price, o.second.Price), cmp.Compare(g.steps, o.steps))
}

func latency(all []time.Duration) *Latency {
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	at := func(percent int) int64 { return all[(len(all)-1)*percent/100].Milliseconds() }
	return &Latency{People: int64(len(all)), P50: at(50), P95: at(95)}
}
