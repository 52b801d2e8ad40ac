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

// fits refuses a message some of whose recipients have no moment to go before they expire, and
// an advertisement that refuses the night and is due in it. The place of what only concerns
// the time is at.
func (t timing) fits(night korea.Night, at string) error {
	last, until := t.content.tempo().end(t.due, t.accepted), t.due.Add(t.validFor)
	if last.After(until) {
		return t.late(last, until, at)
	}
	ad := t.content.Advert()
	if ad == nil || ad.Nightly == t.accepted {
		return nil
	}
	waiting := t.accepted - ad.Nightly
	if first := t.content.tempo().Hours().Next(t.due); ad.Refuse && night.Covers(first) {
		return fault.Check(at, "it is in the night (%s in Korea), and %d of %d recipients did not consent to advertising at night: choose another time, or night: hold",
			night, waiting, t.accepted)
	}
	switch next, ok := t.content.NextHour(Consent{}, night, last); {
	case !ok:
		return fault.Check("/send_window", "all of it is in the night (%s in Korea), and %d of %d recipients did not consent to advertising at night: choose hours by day",
			night, waiting, t.accepted)
	case next.After(until):
		return fault.Check(at, "%d of %d recipients did not consent to advertising at night and wait until %s, when the message has expired (valid_for, %s): choose another time, or let it be valid for longer",
			waiting, t.accepted, minute(next), minute(until))
	}
	return nil
}

// late says that the last recipients would expire before they are let go.
func (t timing) late(last, until time.Time, at string) error {
	pace := t.content.tempo().PerMinute
	switch {
	case pace == 0:
		return fault.Check(at, "the message would have expired (valid_for, %s) before its hours begin, at %s: choose another time, or let it be valid for longer", minute(until), minute(last))
	default:
		return fault.Check("/per_minute", "at this pace the last of %d recipients goes at %s, when the message has expired (valid_for, %s): let it be valid for longer, or go faster",
			t.accepted, minute(last), minute(until))
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
