package credit

import (
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// A site may have caps: how many recipients its messages may have, and what they may cost,
// on a Korean day and in a Korean month. They are decided under the lock of its account, like
// the credit itself, and a site without any is not measured.
//
// A message counts when it is accepted: with its recipients, and with its worst case, of which
// what is released later is given back to the day and the month in which it was accepted. So
// in the end the won of a period are what its messages cost.

// CapKind says what a cap is of.
type CapKind string

// CapPeriod says of how long a time.
type CapPeriod string

// The kinds and periods of caps.
const (
	CapRecipients CapKind = "recipients"
	CapWon        CapKind = "won"

	CapDay   CapPeriod = "day"
	CapMonth CapPeriod = "month"
)

// Cap is one of the caps that a site may have.
type Cap struct {
	Kind   CapKind
	Period CapPeriod
}

// AllCaps are all caps, in the order in which they are decided.
var AllCaps = [4]Cap{{CapRecipients, CapDay}, {CapRecipients, CapMonth}, {CapWon, CapDay}, {CapWon, CapMonth}}

// Amounts are values of AllCaps: recipients, or ten-thousandths of a won as money.Amount has
// them. 0 = none.
type Amounts [4]int64

// Written is a value as people and programs read it: a number, or an amount of won.
func (c Cap) Written(n int64) string {
	if c.Kind == CapWon {
		return money.Amount(n).String()
	}
	return fmt.Sprint(n)
}

// name is the period of a moment that a cap counts in: 2026-12-01 or 2026-12.
func (p CapPeriod) name(at db.Time) string {
	if p == CapDay {
		return korea.Day(at.Time())
	}
	return korea.Month(at.Time())
}

// end is when the period of a moment is over.
func (p CapPeriod) end(at db.Time) db.Time {
	local := at.Time().In(korea.Seoul)
	if p == CapDay {
		return db.At(time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, korea.Seoul))
	}
	return db.At(time.Date(local.Year(), local.Month()+1, 1, 0, 0, 0, 0, korea.Seoul))
}

// tighter gives the smaller of two caps, of which 0 is none.
func tighter(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// CapRefusal says which cap a hold would go over.
type CapRefusal struct {
	Cap
	Limit, Used, Needed int64
	Ends                db.Time       // of the period: from then on nothing of it is used
	Wait                time.Duration // until then
}

// Alone reports whether the hold would go over the cap even if nothing were used.
func (r CapRefusal) Alone() bool { return r.Needed > r.Limit }

// capLevels are the shares of a cap, in percent, at which people are told, each once in a
// period.
var capLevels = []int64{70, 90, 100}

// reached is the highest level that a use has come to; 0 = none.
func reached(used, limit int64) (level int64) {
	for _, l := range capLevels {
		// limit·l/100, rounded up, without overflow
		if used >= limit/100*l+(limit%100*l+99)/100 {
			level = l
		}
	}
	return level
}

// use is what a period has counted.
type use struct {
	site, period string
	counts       [2]int64 // recipients, won
	told         [2]int64 // the highest level that was told of each
	stored       bool
	dirty        bool
}

// of is the place of a kind in a use.
func (k CapKind) of() int {
	if k == CapWon {
		return 1
	}
	return 0
}

// capped is the caps of a book that has some.
type capped struct {
	limits Amounts
	since  db.Time // what was accepted before is not counted
	uses   map[string]*use
}

// use gives what the period of a moment has counted.
func (c *capped) use(siteID string, p CapPeriod, at db.Time) *use {
	name := p.name(at)
	if c.uses[name] == nil {
		c.uses[name] = &use{site: siteID, period: name}
	}
	return c.uses[name]
}

// needs is what a hold takes of each cap.
func (h *Hold) needs(c Cap) int64 {
	if c.Kind == CapWon {
		return int64(h.Amount)
	}
	return h.Recipients
}

// overCap says which cap a hold would go over; nil = none.
func (b *book) overCap(h *Hold) *CapRefusal {
	if b.caps == nil {
		return nil
	}
	for i, c := range AllCaps {
		limit := b.caps.limits[i]
		u := b.caps.use(b.Site, c.Period, b.at)
		if used := u.counts[c.Kind.of()]; limit > 0 && h.needs(c) > limit-used {
			ends := c.Period.end(b.at)
			r := &CapRefusal{c, limit, used, h.needs(c), ends, ends.Sub(b.at)}
			if !r.Alone() {
				b.tellCap(c, limit, u, 100, true)
			}
			return r
		}
	}
	return nil
}

// count adds a hold that was taken to the caps.
func (b *book) count(h *Hold, r *reservation) {
	if b.caps == nil {
		return
	}
	r.cappedAt = b.at
	for _, p := range []CapPeriod{CapDay, CapMonth} {
		u := b.caps.use(b.Site, p, b.at)
		u.counts[CapRecipients.of()] += h.Recipients
		u.counts[CapWon.of()] += int64(h.Amount)
		u.dirty = true
	}
	for i, c := range AllCaps {
		if limit := b.caps.limits[i]; limit > 0 {
			u := b.caps.use(b.Site, c.Period, b.at)
			b.tellCap(c, limit, u, reached(u.counts[c.Kind.of()], limit), false)
		}
	}
}

// uncount takes off what was released of a reservation, in the periods in which it was counted.
func (b *book) uncount(r *reservation, back money.Amount) {
	if b.caps == nil || back == 0 || r.cappedAt == 0 || r.cappedAt < b.caps.since {
		return
	}
	for _, p := range []CapPeriod{CapDay, CapMonth} {
		u := b.caps.use(b.Site, p, r.cappedAt)
		u.counts[CapWon.of()] -= int64(back)
		u.dirty = true
	}
}

// tellCap tells that a cap has come to a level, unless that or a higher one was told in this
// period.
func (b *book) tellCap(c Cap, limit int64, u *use, level int64, refused bool) {
	told := &u.told[c.Kind.of()]
	if level <= *told {
		return
	}
	*told, u.dirty, b.touched = level, true, true
	b.tell("credit.cap_reached", "", map[string]any{"what": c.Kind, "period": c.Period, "percent": level, "limit": c.Written(limit),
		"used": c.Written(u.counts[c.Kind.of()]), "refused": refused, "resets_at": c.Period.end(b.at).Time()})
}
