package delivery

import (
	"errors"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/optout"
	"creditmsg/internal/provider"
)

// This file decides who may be sent a leg now. It is asked when a leg is planned, whatever
// made it due (a schedule, a fallback, another try, a message that was resumed); the hour
// once more right before its call, since a plan may be made in time and its call not.

// verdict is what the rules of messaging say of one leg at a moment.
type verdict struct {
	until db.Time         // it waits until then; 0 = it need not
	why   provider.Reason // it ends for this reason; "" = it need not
}

// atHour says whether a leg may go at a moment of the day. It is pure.
func atHour(c *message.Content, who message.Consent, night korea.Night, now db.Time) verdict {
	if next, _ := c.NextHour(who, night, now.Time()); next.After(now.Time()) {
		return verdict{until: db.At(next)}
	}
	if ad := c.Advert(); ad != nil && ad.Refuse && !who.Night && night.Covers(now.Time()) {
		return verdict{why: provider.OutsideHours}
	}
	return verdict{}
}

// askOptOuts gives the question who of the round opted out, in whose messages that may be.
// It is asked with the rows that the plan locks: whoever opted out before is known.
func (r *round) askOptOuts() (q db.Question) {
	var names []optout.Name
	for _, t := range r.tasks {
		if f := r.facts[t.key.Message]; f != nil && f.optOuts {
			for _, p := range r.people[t.batch] {
				names = append(names, optout.Name{Site: t.key.Message.Site, Alias: f.key.Alias(p.Mobile)})
			}
		}
	}
	q, r.optedOut = optout.Ask(names)
	return q
}

// judge says of one person of the round whether the leg may go now.
func (r *round) judge(f *facts, one message.Recipient) verdict {
	c := &f.wording.Content
	if f.optOuts {
		scope := r.optedOut[optout.Name{Site: one.Site, Alias: f.key.Alias(r.person(one).Mobile)}]
		if scope.Covers(c.Advert() != nil) {
			return verdict{why: provider.OptedOut}
		}
	}
	if m := r.w.Messages[one.Key]; !c.Released(m, one) {
		return verdict{until: m.ValidUntil().Add(time.Microsecond)}
	}
	return atHour(c, c.Consent(r.person(one)), r.s.messages.Night(), r.tx.Now)
}

// ruled reports whether any rule can keep somebody of a message from being sent to now:
// most messages need not be looked through.
func (r *round) ruled(f *facts) bool {
	c := &f.wording.Content
	return f.optOuts || c.Tempo != nil || c.Advert() != nil && r.s.messages.Night().Covers(r.tx.Now.Time())
}

// loadAllowed loads those of a task who may be sent to now. Of the others some end, and
// some wait: where nobody else is in the task it waits as a whole, otherwise they wait as rows.
func (r *round) loadAllowed(t task, m *message.Message, f *facts, people []message.Recipient, fresh bool) error {
	if !r.ruled(f) {
		return r.load(t, m, f, people, fresh)
	}
	var now, held []message.Recipient
	var ended []message.Change
	var until db.Time
	for _, one := range people {
		switch v := r.judge(f, one); {
		case f.why(one.Channel()) != "", v == (verdict{}):
			now = append(now, one)
		case v.why != "":
			ended = append(ended, fails(one, v.why, "", r.tx.Now))
		default:
			held = append(held, one)
			if until == 0 || v.until < until {
				until = v.until
			}
		}
	}
	until = min(until, m.ValidUntil().Add(time.Microsecond))
	done := len(r.done)
	switch {
	case len(held)+len(ended) == 0, len(now) > 0:
		if err := r.load(t, m, f, now, fresh); err != nil || len(r.done) == done {
			return err // or the whole task was put off
		}
	case len(ended) == 0:
		return r.putOff(t, until, "hours")
	default:
		if fresh {
			r.taken = append(r.taken, t.batch)
		}
		r.done = append(r.done, t.job)
	}
	r.w.Changes = append(r.w.Changes, ended...)
	for i, one := range held {
		if i == 0 || !one.Born() { // who has a row keeps it, and one of them brings the job
			r.w.Changes = append(r.w.Changes, message.Hold(one, until, "hours"))
		}
	}
	return nil
}

// errBarred keeps a call from being made whose hour is over.
var errBarred = errors.New("it may not be sent at this hour any more")

// barred reports whether somebody in a call may not be sent to any more, although that was
// so when it was planned. The call is put back, and planned anew without them.
func (s *Service) barred(c *call) bool {
	now, night := s.d.Now(), s.messages.Night()
	return slices.ContainsFunc(c.members, func(one message.Recipient) bool {
		content := &c.plan.facts[one.Key].wording.Content
		if content.Advert() == nil && content.Tempo == nil {
			return false
		}
		return atHour(content, content.Consent(c.plan.person(one)), night, now) != verdict{}
	})
}
