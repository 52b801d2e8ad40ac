package whatif

import (
	"context"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// Question is what a site wants to know.
type Question struct {
	From, To string // Korean days, both inclusive
	Strategy message.Strategy
	Policy   string              // of message.ByPolicy: a policy of the site; "" = Steps
	Steps    message.PolicySteps // that are tried out, in place of a policy
	// Prices are in place of those that were frozen; a channel that is not named keeps its own.
	Prices map[provider.Channel]money.Amount
}

// Answer is what would have been.
type Answer struct {
	From          string         `json:"from" doc:"The first day, Korean time."`
	To            string         `json:"to" doc:"The last day, Korean time."`
	Messages      int64          `json:"messages"`
	Recipients    int64          `json:"recipients" doc:"People whose end is known, who are replayed."`
	LeftOut       int64          `json:"left_out" doc:"People who were cancelled, or were never handed over, or are not final yet."`
	Unchanged     int64          `json:"unchanged" doc:"Of the recipients, those whom the strategy cannot reach, because their message has no such part: they are taken as they were."`
	Actual        Outcome        `json:"actual" doc:"What really happened."`
	Alternative   Outcome        `json:"alternative" doc:"What would have happened, guesses included."`
	Extrapolated  Guessed        `json:"extrapolated" doc:"The part of the alternative that is a guess."`
	DeliveryRates []Rate         `json:"delivery_rates" doc:"What the guesses go by: of the legs of these messages that were handed over, those that arrived."`
	ByTemplate    []TemplatePart `json:"by_template"`
}

// Outcome is cost, reach and speed of the same people.
type Outcome struct {
	Cost      money.Amount `json:"cost" doc:"Before refunds."`
	Delivered int64        `json:"delivered"`
	Latency   *Latency     `json:"latency" doc:"From the first hand-over to the delivery, of those of whom it is known; null where it is of nobody."`
}

// Latency is in milliseconds.
type Latency struct {
	People int64 `json:"people" doc:"Of whom it is known."`
	P50    int64 `json:"p50_ms"`
	P95    int64 `json:"p95_ms"`
}

// Guessed is what is not known of an alternative.
type Guessed struct {
	Recipients int64        `json:"recipients" doc:"People who would have had a leg that they did not have."`
	Cost       money.Amount `json:"cost"`
	Delivered  int64        `json:"delivered"`
}

// Rate is how many legs of a channel arrived.
type Rate struct {
	Channel string `json:"channel" enum:"alimtalk,sms,lms,mms"`
	Tried   int64  `json:"tried"`
	Arrived int64  `json:"arrived"`
}

// TemplatePart is the part of one template; empty of messages without one.
type TemplatePart struct {
	Code        string       `json:"template_code"`
	Recipients  int64        `json:"recipients"`
	Actual      money.Amount `json:"actual_cost"`
	Alternative money.Amount `json:"alternative_cost"`
	Difference  money.Amount `json:"difference" doc:"alternative_cost - actual_cost."`
	Verdict     string       `json:"verdict" enum:"cheaper,dearer,same"`
}

// Bounds of a question: what one answer reads, and how long it waits for those before it.
const (
	mostDays   = 92
	mostPeople = 1_000_000 // whom its messages were accepted for, reached or not
	mostPrice  = 1_000_000 * money.Won
	atOnce     = 500   // messages
	page       = 5_000 // people
	turnWithin = 10 * time.Second
)

// Service answers questions.
type Service struct {
	d        *db.DB
	keys     *site.Keys
	messages *message.Service
	turn     chan struct{} // to read: one question at a time, since each holds a connection that all requests share
}

// New makes the service over one database.
func New(d *db.DB, keys *site.Keys, messages *message.Service) *Service {
	return &Service{d: d, keys: keys, messages: messages, turn: make(chan struct{}, 1)}
}

// Ask replays a site's messages of some days. Faults: Invalid for days, a strategy or a
// price that cannot be, and for more people than one answer reads; Unavailable when questions
// before this one take too long.
func (s *Service) Ask(ctx context.Context, siteID string, q Question) (Answer, error) {
	from, until, err := q.check()
	if err != nil {
		return Answer{}, err
	}
	done, err := s.take(ctx)
	if err != nil {
		return Answer{}, err
	}
	defer done()
	var sum *sum
	err = s.d.Snapshot(ctx, "whatif", func(tx *db.Tx) error {
		now, err := credit.PricesOf(tx, siteID)
		if err != nil {
			return err
		}
		if q.Policy != "" {
			p, err := message.FindPolicy(tx, siteID, q.Policy)
			if err != nil {
				return fault.Check("/policy", "there is no policy %q", q.Policy)
			}
			q.Steps = p.Steps
		}
		sum = newSum(q, now)
		return s.read(tx, siteID, from, until, sum)
	})
	if err != nil {
		return Answer{}, err
	}
	return sum.answer(q)
}

// take waits for the turn, but not for long: who is told to come again is better off than who
// hangs. done gives it back.
func (s *Service) take(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, turnWithin)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		f := fault.Wrap(ctx.Err(), fault.Unavailable, fault.CodeUnavailable, "other questions are being answered; try again in some seconds")
		f.RetryAfter = turnWithin
		return nil, f
	}
}

func (q Question) check() (from, until db.Time, err error) {
	for ch, price := range q.Prices {
		if price < 0 || price > mostPrice {
			return 0, 0, fault.Check("/prices/"+ch.String(), "want 0 to %s won", mostPrice)
		}
	}
	if q.Strategy != "" && !q.Strategy.Valid() {
		return 0, 0, fault.Check("/strategy", "want alimtalk_first, sms_only, cost_optimized or policy, or none for the one that each message was sent by")
	}
	if err := q.checkPolicy(); err != nil {
		return 0, 0, err
	}
	first, err := korea.ParseDay(q.From)
	if err != nil {
		return 0, 0, fault.Check("/from", "want a day such as 2026-12-01")
	}
	last, err := korea.ParseDay(q.To)
	switch {
	case err != nil:
		return 0, 0, fault.Check("/to", "want a day such as 2026-12-01")
	case last.Before(first):
		return 0, 0, fault.Check("/to", "must not be before the first day")
	case last.Sub(first) >= mostDays*24*time.Hour:
		return 0, 0, fault.Check("/from", "at most %d days can be asked for at once", mostDays)
	}
	return db.At(first), db.At(last.Add(24 * time.Hour)), nil
}

// checkPolicy refuses a policy where there is none, steps that cannot be, and both.
func (q Question) checkPolicy() error {
	switch {
	case q.Strategy != message.ByPolicy && (q.Policy != "" || len(q.Steps) > 0):
		return fault.Check("/strategy", "want policy, since one is given")
	case q.Strategy != message.ByPolicy:
		return nil
	case q.Policy != "" && len(q.Steps) > 0:
		return fault.Check("/steps", "give the name of a policy or steps, not both")
	case q.Policy == "":
		return q.Steps.Check()
	}
	return nil
}

// read adds the messages of a time.
func (s *Service) read(tx *db.Tx, siteID string, from, until db.Time, sum *sum) error {
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return err
	}
	for after := (id.ID{}); ; {
		list, err := message.Past(tx, siteID, from, until, after, atOnce)
		if err != nil {
			return err
		}
		for _, few := range together(list) {
			if err := sum.count(few); err != nil {
				return err
			}
			if err := s.replay(tx, key, few, sum); err != nil {
				return err
			}
		}
		if len(list) < atOnce {
			return nil
		}
		after = list[len(list)-1].ID
	}
}

// together parts messages into those that are read at once: a page of people, or one message
// that has more.
func together(list []*message.Message) (parts [][]*message.Message) {
	from, people := 0, int64(0)
	for i, m := range list {
		if i > from && people+m.Accepted > page {
			parts = append(parts, list[from:i])
			from, people = i, 0
		}
		people += m.Accepted
	}
	if from < len(list) {
		parts = append(parts, list[from:])
	}
	return parts
}

// replay adds a few messages, or one of any size.
func (s *Service) replay(tx *db.Tx, key *site.Key, few []*message.Message, sum *sum) error {
	large := few[0].Accepted > page
	var people map[message.Key][]message.Recipient
	var err error
	if !large {
		if people, err = s.messages.EndedOf(tx, few); err != nil {
			return err
		}
	}
	for _, m := range few {
		content, err := m.Content(key)
		if err != nil {
			return err
		}
		sum.begin(m, content)
		for _, r := range people[m.Key] {
			sum.add(r)
		}
		if !large {
			continue
		}
		if err := s.pages(tx, m, sum); err != nil {
			return err
		}
	}
	return nil
}

// pages adds the people of a message that is too large to be read at once.
func (s *Service) pages(tx *db.Tx, m *message.Message, sum *sum) error {
	for from := message.Seq(0); ; {
		people, err := s.messages.Ended(tx, m, from, page)
		if err != nil {
			return err
		}
		for _, r := range people {
			sum.add(r)
		}
		if len(people) < page {
			return nil
		}
		from = people[len(people)-1].Seq + 1
	}
}
