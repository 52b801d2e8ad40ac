package series

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/robfig/cron/v3"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// Missed says what becomes of a time that passed while nothing ran.
type Missed string

// What can become of missed times.
const (
	Skip Missed = "skip" // they are skipped
	Once Missed = "once" // the last of them is sent as soon as possible
)

// Plan says when a series fires.
type Plan struct {
	Cron     string // minute, hour, day of month, month, day of week, in Korean time
	StartsAt db.Time
	EndsAt   db.Time // the last moment at which it may fire; 0 = it does not end
	Missed   Missed
}

// onTime is how late a firing may be without being missed: a queue that is busy, or a
// process that is started anew, is no reason to leave a message out.
const onTime = 15 * time.Minute

const longestCron = 100

// fields are the fields of an expression, all of which it has: no seconds, no words such as
// @daily, and no time zone, on which the parser would panic.
var fields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// schedule reads an expression.
func schedule(expression string) (cron.Schedule, error) {
	refused := fault.Check("/cron", "want five fields: minute, hour, day of month, month and day of week (0 = Sunday), such as 0 9 * * 1 for Mondays at nine")
	if len(expression) > longestCron || !utf8.ValidString(expression) || strings.ContainsAny(expression, "=@\x00") {
		return nil, refused
	}
	s, err := fields.Parse(expression)
	if err != nil {
		return nil, refused
	}
	return s, nil
}

// timetable is a plan that was read.
type timetable struct {
	Plan
	when cron.Schedule
}

// read checks a plan and reads it; now is the time of the transaction.
func (p Plan) read(now db.Time) (timetable, error) {
	when, err := schedule(p.Cron)
	t := timetable{p, when}
	if err != nil {
		return t, err
	}
	if p.Missed != Skip && p.Missed != Once {
		return t, fault.Check("/missed", "want skip or once")
	}
	if p.EndsAt != 0 && p.EndsAt <= max(now, p.StartsAt) {
		return t, fault.Check("/ends_at", "want a time to come, behind starts_at")
	}
	endless := timetable{Plan{StartsAt: p.StartsAt}, when}
	switch {
	case endless.next(now) == 0:
		return t, fault.Check("/cron", "this time never comes: there is no such day")
	case t.next(now) == 0:
		return t, fault.Check("/ends_at", "the series ends before it first fires, which would be %s", korea.Day(endless.next(now).Time()))
	}
	return t, nil
}

// next is the first time behind a moment; 0 = there is none.
func (t timetable) next(after db.Time) db.Time {
	if t.StartsAt != 0 {
		after = max(after, t.StartsAt-1)
	}
	at := t.when.Next(after.Time().In(korea.Seoul))
	if at.IsZero() || t.EndsAt != 0 && db.At(at) > t.EndsAt {
		return 0
	}
	return db.At(at)
}

// following are the next times behind a moment, at most so many.
func (t timetable) following(after db.Time, most int) (list []db.Time) {
	for range most {
		if after = t.next(after); after == 0 {
			break
		}
		list = append(list, after)
	}
	return list
}

// turn is what a series does at a moment.
type turn struct {
	fire    db.Time // the time that is sent now; 0 = none
	last    db.Time // the last one that has passed; 0 = none
	skipped int     // how many are not sent
	next    db.Time // the one to wait for; 0 = there is no more
}

// turn decides what is to be done at now when next was waited for. It is pure.
func (t timetable) turn(next, now db.Time) (out turn) {
	if next == 0 || next > now {
		return turn{next: next}
	}
	out.last = next
	for out.next = t.next(next); out.next != 0 && out.next <= now; out.next = t.next(out.next) {
		out.last = out.next
		out.skipped++
	}
	if t.sends(out.last, now) {
		out.fire = out.last
	} else {
		out.skipped++
	}
	return out
}

// sends reports whether a time that has passed is still to be sent.
func (p Plan) sends(at, now db.Time) bool { return p.Missed == Once || now.Sub(at) <= onTime }
