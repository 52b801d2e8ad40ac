package billing

import (
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
)

// What a level of credit means for a site is decided here, without a database.

// sight is what a decision goes by.
type sight struct {
	now          db.Time
	usable       money.Amount
	today, month money.Amount // what recharges brought, or may still bring
	nextDay      db.Time      // when the day's sums begin anew, in Korea
	nextMonth    db.Time
	need         money.Amount // what a refused send asks for; 0 = nobody waits
}

// plan is what follows.
type plan struct {
	recharge money.Amount // to be started now; 0 = none
	stopped  string       // why there is none although it is low; "" = it is not, or one is under way
	low      money.Amount // the level to tell people of; 0 = none
	alerted  money.Amount // the lowest level that was told and is not recovered from
	again    db.Time      // when to look without being told; 0 = never
	band     credit.Band
}

// Why a site that is low is not recharged now.
const (
	stoppedCap    = "cap"     // the day's or the month's sum is reached
	stoppedPause  = "pause"   // a decline is being waited for
	stoppedNoCard = "no_card" // nothing to charge
)

// decide looks at a site's credit.
func (r *rule) decide(v sight) plan {
	p := plan{band: r.band(v.usable)}
	p.alerted = r.lowest(v.usable)
	if p.alerted != 0 && (r.alerted == 0 || p.alerted < r.alerted) {
		p.low = p.alerted
	}
	low := r.Enabled && v.usable < r.Threshold
	short := v.usable < v.need // what a send was refused for may have come meanwhile
	if !r.Enabled || !low && !short || !r.openID.IsZero() {
		return p
	}
	if r.until > v.now {
		p.stopped = stoppedPause
		if low {
			p.again = r.until
		}
		return p
	}
	amount := r.wants(v)
	switch {
	case r.DailyCap > 0 && v.today+amount > r.DailyCap:
		p.stopped, p.again = stoppedCap, v.nextDay
	case r.MonthlyCap > 0 && v.month+amount > r.MonthlyCap:
		p.stopped, p.again = stoppedCap, v.nextMonth
	default:
		p.recharge = amount
	}
	return p
}

// wants is how much a recharge brings: the rule's amount, or what is missing to its target;
// for a send that was refused at least what that is short of, in full thousands.
func (r *rule) wants(v sight) money.Amount {
	amount := r.Amount
	if r.Target > 0 {
		amount = roundUp(max(r.Target-v.usable, LeastAmount), money.Won)
	}
	if short := v.need - v.usable; v.need > 0 && short > amount {
		amount = roundUp(short, 1000*money.Won)
	}
	return amount
}

func roundUp(a, to money.Amount) money.Amount { return (a + to - 1) / to * to }

// lowest is the lowest level above what may be spent; 0 = it is above all of them.
func (r *rule) lowest(usable money.Amount) (low money.Amount) {
	for _, l := range r.Levels {
		if usable < l && (low == 0 || l < low) {
			low = l
		}
	}
	return low
}

// band lies between the marks around a level: nobody looks again before one is crossed.
func (r *rule) band(usable money.Amount) credit.Band {
	b := credit.Anywhere
	mark := func(m money.Amount) {
		switch {
		case m <= usable:
			b.Below = max(b.Below, m)
		case m < b.From:
			b.From = m
		}
	}
	for _, l := range r.Levels {
		mark(l)
	}
	if r.Enabled {
		mark(r.Threshold)
	}
	return b
}

// pauses are how long a rule waits after its first, second and third decline; the third
// switches it off.
var pauses = []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour}

// failurePause is the wait after a recharge that failed for a reason that is not the payer's.
const failurePause = 10 * time.Minute
