package billing

import (
	"context"
	"fmt"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
	"creditmsg/internal/stat"

	"github.com/google/uuid"
)

// look handles the job that a site's credit has left its band, or that a pause is over.
func (s *Service) look(ctx context.Context, j queue.Claimed) error {
	return s.d.Update(ctx, "billing_level", func(tx *db.Tx) error {
		r, err := s.rule(tx, j.Site, true)
		if err != nil {
			return err
		}
		_, err = s.watch(tx, r, 0, &j)
		return err
	})
}

// watch looks at a site's credit under its lock, does what its locked rule says, and keeps
// the band in which nobody needs to look. need is what a refused send asks for. It gives
// what may be spent.
//
// A job that looked ends, or waits for the end of a pause; a site has one such timer.
func (s *Service) watch(tx *db.Tx, r *rule, need money.Amount, j *queue.Claimed) (usable money.Amount, err error) {
	v, cards, err := s.sight(tx, r, need)
	if err != nil {
		return 0, err
	}
	var p plan
	err = s.ledger.Watch(tx, r.site, func(_ credit.Account, usable money.Amount) (credit.Band, error) {
		v.usable = usable
		p = r.decide(v)
		return p.band, nil
	})
	if err != nil {
		return 0, err
	}
	if p.recharge > 0 && len(cards) == 0 {
		p.recharge, p.stopped = 0, stoppedNoCard
	}
	if p.recharge > 0 {
		if err := s.recharge(tx, r, cards, p.recharge); err != nil {
			return 0, err
		}
	}
	if err := s.inform(tx, r, p, v); err != nil {
		return 0, err
	}
	if err := s.timer(tx, r, p, j); err != nil {
		return 0, err
	}
	r.alerted = p.alerted
	return v.usable, s.saveRule(tx, r)
}

// sight reads what a decision goes by, but the level itself.
func (s *Service) sight(tx *db.Tx, r *rule, need money.Amount) (v sight, cards []*cardRow, err error) {
	now := tx.Now.Time().In(korea.Seoul)
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, korea.Seoul)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, korea.Seoul)
	v = sight{now: tx.Now, need: need, nextDay: db.At(day.AddDate(0, 0, 1)), nextMonth: db.At(month.AddDate(0, 1, 0))}
	if !r.Enabled {
		return v, nil, nil
	}
	if cards, err = s.active(tx, r.site); err != nil {
		return v, nil, err
	}
	rows, err := tx.Query(`SELECT created_at, amount FROM billing_payment
		WHERE site_id = ? AND auto = ? AND state <> 'declined' AND state <> 'failed' AND created_at >= ?`, r.site, true, db.At(month))
	if err != nil {
		return v, nil, fmt.Errorf("sum up recharges: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var at db.Time
		var amount money.Amount
		if err := rows.Scan(&at, &amount); err != nil {
			return v, nil, fmt.Errorf("sum up recharges: %w", err)
		}
		v.month += amount
		if at >= db.At(day) {
			v.today += amount
		}
	}
	return v, cards, rows.Err()
}

// recharge writes the payment of a recharge down, with the job that charges it. It is the
// one under way from now on.
func (s *Service) recharge(tx *db.Tx, r *rule, cards []*cardRow, amount money.Amount) error {
	c := r.next(cards)
	p := &row{Payment: Payment{
		Site: r.site, ID: id.New(), Gateway: c.Gateway, Method: payment.Stored, Card: c.ID, Auto: true, State: Created,
		Amount: amount, CreatedAt: tx.Now, Papers: Papers{Customer: uuid.NewString()},
	}}
	p.Amount, p.VAT, p.Total = ofCredit(amount)
	p.Bonus, p.bonusDays = s.bonus(p.Amount)
	r.openID = p.ID
	if err := s.queue.Put(tx, fresh(jobOf(p, tx.Now))); err != nil {
		return err
	}
	return s.add(tx, p)
}

// next is the card to charge now: the rule's own, and after each decline the next one.
func (r *rule) next(cards []*cardRow) *cardRow {
	first := 0
	for i, c := range cards {
		if c.ID == r.Card {
			first = i
		}
	}
	return cards[(first+r.declines)%len(cards)]
}

// inform tells people that credit is low, or that it is and nothing is done about it.
func (s *Service) inform(tx *db.Tx, r *rule, p plan, v sight) error {
	if p.low > 0 {
		data := map[string]any{"level": p.low, "available": v.usable, "recharging": !r.openID.IsZero()}
		if at, ok, err := s.runsOut(tx, r.site, v.usable); err != nil {
			return err
		} else if ok {
			data["runs_out_at"] = at.UTC().Format(time.RFC3339)
		}
		if err := s.announce(tx, r.site, "credit.low", "", data); err != nil {
			return err
		}
	}
	if p.stopped != stoppedCap && p.stopped != stoppedNoCard || r.timer > v.now {
		return nil // said already, or a pause after a decline that was told
	}
	return s.announce(tx, r.site, "recharge.stopped", "", map[string]any{"reason": p.stopped, "available": v.usable, "threshold": r.Threshold})
}

// forecastDays are the days whose spending says how long credit will last.
const forecastDays = 7

// runsOut forecasts when a site's credit ends if it goes on as in the last days; not ok = it
// spent nothing.
func (s *Service) runsOut(tx *db.Tx, site string, usable money.Amount) (at time.Time, ok bool, err error) {
	now := tx.Now.Time()
	from, until := korea.Day(now.AddDate(0, 0, -forecastDays)), korea.Day(now)
	lines, err := stat.Read(tx, site, stat.Query{From: from, Until: until})
	if err != nil {
		return at, false, fmt.Errorf("forecast: %w", err)
	}
	var spent money.Amount
	for _, l := range lines {
		spent += l.Cost
	}
	if spent <= 0 {
		return at, false, nil
	}
	hours := usable / max(spent/(forecastDays*24), 1)
	return now.Add(time.Duration(min(hours, 24*3650)) * time.Hour), true, nil
}

// timer ends the job that looked, or lets it look again when a pause is over.
func (s *Service) timer(tx *db.Tx, r *rule, p plan, j *queue.Claimed) error {
	switch {
	case p.again == 0:
		if r.timer = 0; j == nil {
			return nil
		}
		return s.queue.Done(tx, *j)
	case r.timer > tx.Now && r.timer <= p.again: // another job looks then
		if j == nil {
			return nil
		}
		return s.queue.Done(tx, *j)
	}
	r.timer = p.again
	if j != nil {
		return s.queue.Again(tx, p.again, "pause", *j)
	}
	return s.queue.Put(tx, fresh(queue.Job{Lane: queue.Default, Kind: credit.KindLevel, Key: id.New().String(), Site: r.site, Due: p.again}))
}

// ruleFor locks the rule of a payment's site when the payment may change what it says.
func (s *Service) ruleFor(tx *db.Tx, p *row, v verdict) (*rule, error) {
	if !p.Auto && !v.Credit {
		return nil, nil
	}
	return s.rule(tx, p.Site, true)
}

// follow does what a payment's new state means for the recharging of its site.
func (s *Service) follow(tx *db.Tx, r *rule, p *row) error {
	if p.State == Declined && p.Reason.Dead() && p.Method == payment.Stored {
		if err := s.disable(tx, p.Site, p.Card, p.Reason, p.Code); err != nil {
			return err
		}
	}
	if r == nil || !r.stored {
		return nil
	}
	if r.openID == p.ID && !p.State.Open() {
		if err := s.settled(tx, r, p); err != nil {
			return err
		}
	}
	_, err := s.watch(tx, r, 0, nil)
	return err
}

// settled is the end of the recharge that was under way.
func (s *Service) settled(tx *db.Tx, r *rule, p *row) error {
	r.openID = id.ID{}
	switch {
	case p.State.Credited():
		r.declines, r.until = 0, 0
	case p.State == Declined:
		r.until = tx.Now.Add(pauses[min(r.declines, len(pauses)-1)])
		if r.declines++; r.declines < len(pauses) {
			return nil
		}
		was := r.Rule
		r.Enabled = false
		if err := noteRule(tx, r.site, "recharge.switched_off", was, r.Rule); err != nil {
			return err
		}
		return s.announce(tx, r.site, "recharge.disabled", p.text(), map[string]any{
			"declines": r.declines, "payment_id": p.text(), "reason": string(p.Reason), "text_ko": p.Reason.Korean(), "text_en": p.Reason.English(),
		})
	default:
		r.until = tx.Now.Add(failurePause)
	}
	return nil
}
