package message

import (
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// This file says when somebody may be handed a message over, by its own hours and by the night
// of advertising, and refuses a message some of whose recipients would expire before that.

// tempo is when and how fast the message goes; zero = as fast as it goes.
func (c *Content) tempo() Tempo {
	if c.Tempo == nil {
		return Tempo{}
	}
	return *c.Tempo
}

// waitsAtNight reports whether who agreed to this is held until the night is over.
func (c *Content) waitsAtNight(who Consent) bool {
	ad := c.Advert()
	return ad != nil && !ad.Refuse && !who.Night
}

// NextHour gives the first moment from one on at which somebody may be handed the message
// over; from itself when he may be then. Where the hours of the message lie in his night alone
// there is none: ok is false, and what is given is when to look again.
//
// Of an advertisement that refuses the night it gives the next of the message's hours, though
// they may be in the night.
func (c *Content) NextHour(who Consent, night korea.Night, from time.Time) (at time.Time, ok bool) {
	h := c.tempo().Hours()
	at = h.Next(from)
	if !c.waitsAtNight(who) {
		return at, true
	}
	// The night's end is within the hours or before the next of them. If those are of the
	// night again, all of them are.
	at = h.Next(night.End(at))
	return at, !night.Covers(at)
}

// timing is what decides when the recipients of a message go.
type timing struct {
	content  *Content
	accepted int64
	due      time.Time
	validFor time.Duration
}

// timingOf is the timing of a message that is there.
func (s *Service) timingOf(tx *db.Tx, m *Message) (timing, error) {
	content, err := s.Content(tx, m)
	return timing{&content, m.Accepted, m.Due().Time(), m.ValidFor}, err
}

// slowest is the consent of those of so many recipients who wait longest.
func (c *Content) slowest(accepted int64) Consent {
	ad := c.Advert()
	return Consent{Night: ad == nil || ad.Nightly == accepted}
}

// fits refuses a message some of whose recipients have no moment to go before they expire, and
// an advertisement that refuses the night and is due in it. The place of what only concerns
// the time is at.
func (t timing) fits(night korea.Night, at string) error {
	who, until := t.content.slowest(t.accepted), t.due.Add(t.validFor)
	first, ok := t.content.NextHour(who, night, t.due)
	if ad := t.content.Advert(); ad != nil && ad.Refuse && !who.Night && night.Covers(first) {
		return fault.Check(at, "it is in the night (%s in Korea), and %d of %d recipients did not consent to advertising at night: choose another time, or night: hold",
			night, t.accepted-ad.Nightly, t.accepted)
	}
	switch {
	case !ok:
		return fault.Check("/send_window", "all of it is in the night (%s in Korea), and %d of %d recipients did not consent to advertising at night: choose hours by day",
			night, t.waiting(), t.accepted)
	case t.content.tempo().Hours().Next(t.due).After(until):
		return fault.Check(at, "the message would have expired (valid_for, %s) before its hours begin, at %s: choose another time, or let it be valid for longer", minute(until), minute(first))
	case first.After(until):
		return fault.Check(at, "%d of %d recipients did not consent to advertising at night and wait until %s, when the message has expired (valid_for, %s): choose another time, or let it be valid for longer",
			t.waiting(), t.accepted, minute(first), minute(until))
	}
	if last := t.last(night, first); last.After(until) {
		return fault.Check("/per_minute", "at this pace the last of %d recipients goes at %s, when the message has expired (valid_for, %s): let it be valid for longer, or go faster",
			t.accepted, minute(last), minute(until))
	}
	return nil
}

// waiting is how many recipients of an advertisement wait at night.
func (t timing) waiting() int64 { return t.accepted - t.content.Advert().Nightly }

// last is when the last recipient is let go by the pace, from the first moment on.
func (t timing) last(night korea.Night, first time.Time) time.Time {
	c := t.content
	if c.tempo().PerMinute == 0 {
		return first
	}
	who, at := c.slowest(t.accepted), first
	left := time.Duration(t.accepted) * time.Minute / time.Duration(c.tempo().PerMinute)
	for {
		open := c.tempo().Hours().Left(at)
		if c.waitsAtNight(who) {
			open = min(open, night.Left(at))
		}
		if left <= open {
			return at.Add(left)
		}
		left -= open
		at, _ = c.NextHour(who, night, at.Add(open))
	}
}

// minute writes a moment for somebody in Korea.
func minute(at time.Time) string { return at.In(korea.Seoul).Format("2006-01-02 15:04") }

// timingFits is fits for a draft that is about to be accepted.
func (d *Draft) timingFits() error {
	at := "/send_window"
	switch {
	case !d.request.ScheduledAt.IsZero():
		at = "/scheduled_at"
	case d.request.Tempo.Window == nil:
		at = "/night"
	}
	return timing{&d.content, d.accepted, d.rule.due, d.request.ValidFor}.fits(d.s.o.Night, at)
}

// newTimeFits is fits for a message that moves to another time.
func (s *Service) newTimeFits(tx *db.Tx, m *Message) error {
	t, err := s.timingOf(tx, m)
	if err != nil {
		return err
	}
	return t.fits(s.o.Night, "/scheduled_at")
}
