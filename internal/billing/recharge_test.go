package billing

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// usual fills up by 50,000 below 10,000.
var usual = Rule{Enabled: true, Threshold: 10_000 * won, Amount: 50_000 * won}

func (w *world) setRule(r Rule) Standing {
	w.t.Helper()
	var st Standing
	w.do(func(tx *dbTx) (err error) { st, err = w.s.SetRule(tx, "demo", r); return err })
	w.drain()
	return st
}

func (w *world) remove(c Card) error {
	return w.d.Update(context.Background(), "test", func(tx *dbTx) error { return w.s.RemoveCard(tx, "demo", c.ID) })
}

func (w *world) standing() (st Standing) {
	w.view(func(tx *dbTx) (err error) { st, _, err = w.s.RuleOf(tx, "demo"); return err })
	return st
}

// recharges lists the site's automatic payments, oldest first, as "amount state".
func (w *world) recharges() (out []string) {
	w.view(func(tx *dbTx) error {
		all, err := w.s.Payments(tx, "demo", "", id.ID{}, 1000)
		slices.Reverse(all)
		for _, p := range all {
			if p.Auto {
				out = append(out, fmt.Sprintf("%s %s", p.Amount, p.State))
			}
		}
		return err
	})
	return out
}

func (w *world) recharged(want ...string) {
	w.t.Helper()
	if got := w.recharges(); !slices.Equal(got, want) {
		w.t.Errorf("recharges: got %q, want %q", got, want)
	}
}

func TestASiteBelowItsThresholdIsRechargedOnce(t *testing.T) {
	each(t, func(w *world) {
		w.stored(card(0))
		w.give(30_000 * won)
		w.setRule(usual)
		w.recharged()
		w.spend(20_000 * won) // just at the threshold
		w.drain()
		w.recharged()
		w.spend(1 * won)
		w.spend(1_000 * won)
		w.drain()
		w.recharged("50000.00 paid")
		w.holds(58_999 * won)
		w.spend(50_000 * won)
		w.drain()
		w.recharged("50000.00 paid", "50000.00 paid")
		if st := w.standing(); !st.Open.IsZero() || st.Declines != 0 {
			w.t.Errorf("standing: got %+v", st)
		}
		w.proven()
	})
}

func TestARuleForASiteThatIsLowActsAtOnce(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	w.stored(card(0))
	w.setRule(Rule{Enabled: true, Threshold: 10_000 * won, Target: 70_500 * won})
	w.recharged("70500.00 paid")
	w.spend(61_000*won + 1)
	w.drain()
	w.recharged("70500.00 paid", "61001.00 paid") // whole won, so a little more than the target
	w.proven()
}

func TestManyCrossingsAtOnceAreOneRecharge(t *testing.T) {
	each(t, func(w *world) {
		w.stored(card(0))
		w.give(30_000 * won)
		w.setRule(usual)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 25 {
					err := w.d.Update(context.Background(), "test", func(tx *dbTx) error {
						_, err := w.ledger.Reserve(tx, []credit.Hold{{Site: "demo", Message: id.New(), Amount: 149 * won}})
						return err
					})
					if err != nil {
						w.t.Errorf("reserve: %v", err)
					}
				}
			})
		}
		for range 4 { // workers beside it
			all.Go(func() {
				for range 10 {
					for _, k := range w.s.Works() {
						jobs, err := w.queue.Claim(context.Background(), k.Lane, []string{k.Kind}, k.Max)
						if err == nil && len(jobs) > 0 {
							err = k.Handle(context.Background(), jobs)
						}
						if err != nil {
							w.t.Errorf("work: %v", err)
						}
					}
				}
			})
		}
		all.Wait()
		w.drain()
		w.recharged("50000.00 paid")
		w.holds(30_000*won - 200*149*won + 50_000*won)
		if n := len(w.sim.Takings()); n != 1 {
			w.t.Errorf("takings: got %d", n)
		}
	})
}

func TestDeclinesBackOffTryTheNextCardAndSwitchOff(t *testing.T) {
	each(t, func(w *world) {
		first, second := w.stored(card(1)), w.stored(card(2))
		w.setRule(usual)
		w.recharged("50000.00 declined")
		w.pass(59 * time.Minute)
		w.recharged("50000.00 declined")
		w.pass(2 * time.Minute)
		w.recharged("50000.00 declined", "50000.00 declined")
		w.pass(5 * time.Hour)
		w.recharged("50000.00 declined", "50000.00 declined")
		w.pass(2 * time.Hour)
		w.recharged("50000.00 declined", "50000.00 declined", "50000.00 declined")
		w.pass(72 * time.Hour)
		w.recharged("50000.00 declined", "50000.00 declined", "50000.00 declined")
		if st := w.standing(); st.Enabled || st.Declines != 3 {
			w.t.Errorf("standing: got %+v", st)
		}
		if got := w.events("recharge.", "payment.declined"); !slices.Equal(got, []string{"payment.declined", "payment.declined", "payment.declined", "recharge.disabled"}) {
			w.t.Errorf("events: got %v", got)
		}
		var tried []id.ID
		w.view(func(tx *dbTx) error {
			all, err := w.s.Payments(tx, "demo", Declined, id.ID{}, 10)
			for _, p := range all {
				tried = append(tried, p.Card)
			}
			return err
		})
		if !slices.Equal(tried, []id.ID{first.ID, second.ID, first.ID}) {
			w.t.Errorf("cards: got %v", tried)
		}
	})
}

func TestACardThatGoesAgainEndsTheDeclines(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	w.stored(card(3)) // dead
	w.stored(card(0))
	w.setRule(usual)
	w.recharged("50000.00 declined")
	w.pass(61 * time.Minute)
	w.recharged("50000.00 declined", "50000.00 paid")
	if st := w.standing(); !st.Enabled || st.Declines != 0 || st.Until != 0 {
		t.Errorf("standing: got %+v", st)
	}
}

func TestCapsHoldPerDayAndMonthInKorea(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	w.stored(card(0))
	w.setRule(Rule{Enabled: true, Threshold: 10_000 * won, Amount: 50_000 * won, DailyCap: 100_000 * won, MonthlyCap: 150_000 * won})
	w.recharged("50000.00 paid")
	w.spend(50_000 * won)
	w.drain()
	w.spend(50_000 * won)
	w.drain()
	w.recharged("50000.00 paid", "50000.00 paid")
	if got := w.events("recharge."); !slices.Equal(got, []string{"recharge.stopped"}) {
		t.Errorf("events: got %v", got)
	}
	w.pass(11 * time.Hour) // 23 h in Korea
	w.recharged("50000.00 paid", "50000.00 paid")
	w.pass(2 * time.Hour)
	w.recharged("50000.00 paid", "50000.00 paid", "50000.00 paid")
	w.spend(50_000 * won)
	w.drain()
	w.pass(5 * 24 * time.Hour)
	w.recharged("50000.00 paid", "50000.00 paid", "50000.00 paid")
	w.pass(5 * 24 * time.Hour) // December
	w.recharged("50000.00 paid", "50000.00 paid", "50000.00 paid", "50000.00 paid")
	w.proven()
}

// TestARefusalThatCreditHasOvertakenChargesNothing: a send that was refused, and asks only
// when another one's recharge has ended, finds the credit.
func TestARefusalThatCreditHasOvertakenChargesNothing(t *testing.T) {
	each(t, func(w *world) {
		w.stored(card(0))
		w.give(20_000 * won)
		w.setRule(usual)
		for _, enough := range []bool{false, true} {
			late, err := w.s.Recharge(context.Background(), "demo", 40_000*won)
			w.must(err)
			if late.Enough != enough || late.Payment.IsZero() != enough || late.Why != "" {
				w.t.Errorf("enough %t: got %+v", enough, late)
			}
			w.drain()
			w.recharged("50000.00 paid")
		}
		w.holds(70_000 * won)
	})
}

func TestARefusedSendIsRechargedByWhatItIsShortOf(t *testing.T) {
	each(t, func(w *world) {
		off, err := w.s.Recharge(context.Background(), "demo", 1_000*won)
		w.must(err)
		if !off.Payment.IsZero() || off.Why != "off" {
			w.t.Errorf("without a rule: got %+v", off)
		}
		w.stored(card(0))
		w.give(20_000 * won)
		w.setRule(usual)
		// Many refused sends at once wait for one recharge.
		started := make([]Recharging, 8)
		var all sync.WaitGroup
		for i := range started {
			all.Go(func() {
				var err error
				if started[i], err = w.s.Recharge(context.Background(), "demo", 100_500*won+1); err != nil {
					w.t.Errorf("recharge: %v", err)
				}
			})
		}
		all.Wait()
		for _, r := range started {
			if r.Payment.IsZero() || r != started[0] {
				w.t.Errorf("got %+v and %+v", r, started[0])
			}
		}
		waited := make(chan Payment)
		go func() {
			p, err := w.s.Await(context.Background(), "demo", started[0].Payment)
			if err != nil {
				w.t.Errorf("await: %v", err)
			}
			waited <- p
		}()
		w.drain()
		if p := <-waited; p.State != Paid || p.Amount != 81_000*won {
			w.t.Errorf("awaited: got %+v", p)
		}
		// Less than the rule's amount is missing: the rule's amount comes.
		small, err := w.s.Recharge(context.Background(), "demo", 110_000*won)
		w.must(err)
		if got := w.payment(small.Payment); got.Amount != 50_000*won {
			w.t.Errorf("small: got %+v", got)
		}
		ended, stop := context.WithCancel(context.Background())
		stop()
		if p, err := w.s.Await(ended, "demo", small.Payment); err != nil || p.State != Created {
			w.t.Errorf("not waited for: got %+v, %v", p, err)
		}
		w.proven()
	})
}

func TestAnUnknownRechargeBlocksTheNextUntilItIsKnown(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	w.stored(card(0))
	w.deaf.Store(true)
	w.setRule(usual)
	w.recharged("50000.00 unknown")
	w.forward(time.Second)
	w.do(func(tx *dbTx) error { _, err := w.s.SetRule(tx, "demo", usual); return err })
	w.drain()
	w.recharged("50000.00 unknown")
	w.deaf.Store(false)
	w.pass(time.Minute)
	w.recharged("50000.00 paid")
}

func TestRulesThatContradictThemselvesAreRefusedInTheirPlace(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	set := func(r Rule) error {
		return w.d.Update(context.Background(), "test", func(tx *dbTx) error { _, err := w.s.SetRule(tx, "demo", r); return err })
	}
	refused(t, "no card", set(usual), "validation", "/method_id")
	c := w.stored(card(0))
	for name, x := range map[string]struct {
		change func(*Rule)
		place  string
	}{
		"a negative threshold":     {func(r *Rule) { r.Threshold = -won }, "/threshold"},
		"no threshold":             {func(r *Rule) { r.Threshold = 0 }, "/threshold"},
		"a fraction of a won":      {func(r *Rule) { r.Amount++ }, "/amount"},
		"too little":               {func(r *Rule) { r.Amount = 999 * won }, "/amount"},
		"neither amount nor mark":  {func(r *Rule) { r.Amount = 0 }, "/amount"},
		"both":                     {func(r *Rule) { r.Target = 80_000 * won }, "/amount"},
		"a mark below":             {func(r *Rule) { r.Amount, r.Target = 0, 10_999*won }, "/target"},
		"a day below one recharge": {func(r *Rule) { r.DailyCap = 49_999 * won }, "/daily_cap"},
		"a month below one":        {func(r *Rule) { r.MonthlyCap = 49_999 * won }, "/monthly_cap"},
		"a day above the month":    {func(r *Rule) { r.DailyCap, r.MonthlyCap = 200_000*won, 100_000*won }, "/daily_cap"},
		"an unknown card":          {func(r *Rule) { r.Card = id.New() }, "/method_id"},
	} {
		r := usual
		x.change(&r)
		refused(t, name, set(r), "validation", x.place)
	}
	r := usual
	r.Card = c.ID
	w.must(set(r))
	err := w.remove(c)
	refused(t, "the last card", err, "state_conflict", "")
	w.must(set(Rule{}))
	w.must(w.remove(c))
	w.drain()
	w.view(func(tx *dbTx) error {
		got, err := w.s.FindCard(tx, "demo", c.ID)
		if got.State != CardRemoved || got.Token.Secret != "" || got.Token.Label == "" {
			t.Errorf("removed: got %+v", got)
		}
		return err
	})
}

func TestLevelsAreToldOncePerCrossing(t *testing.T) {
	each(t, func(w *world) {
		w.give(100_000 * won)
		w.do(func(tx *dbTx) error {
			_, err := w.s.SetLevels(tx, "demo", []money.Amount{5_000 * won, 50_000 * won, 20_000 * won})
			return err
		})
		told := func(want ...string) {
			w.t.Helper()
			w.drain()
			var got []string
			w.view(func(tx *db.Tx) error {
				all, err := event.List(tx, "demo", id.ID{}, 100)
				for _, e := range all {
					if e.Type == "credit.low" {
						got = append(got, string(e.Data))
					}
				}
				return err
			})
			if !slices.Equal(got, want) {
				w.t.Errorf("told: got %q, want %q", got, want)
			}
		}
		says := func(available, level string) string {
			return `{"available":"` + available + `","level":"` + level + `","recharging":false}`
		}
		told()
		w.spend(50_001 * won)
		told(says("49999.00", "50000.00"))
		w.spend(10_000 * won)
		told(says("49999.00", "50000.00"))
		w.spend(35_000 * won) // past two levels at once: the lower one is told
		told(says("49999.00", "50000.00"), says("4999.00", "5000.00"))
		w.give(30_000 * won) // recovered from two of three
		w.drain()
		w.spend(15_000 * won)
		told(says("49999.00", "50000.00"), says("4999.00", "5000.00"), says("19999.00", "20000.00"))
		w.give(80_000 * won)
		told(says("49999.00", "50000.00"), says("4999.00", "5000.00"), says("19999.00", "20000.00"))
		w.proven()
	})
}

func TestACardIsFinishedOnlyByItsOwnersYes(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	c, err := w.s.BeginCard(context.Background(), CardRequest{Site: "demo", ReturnURL: "https://shop.example/cards",
		Back: func(id string) string { return "https://credit.example/" + id }})
	w.must(err)
	back := w.pays(c.Checkout, card(0), "leave")
	got, err := w.s.FinishCard(context.Background(), c.ID.Text(id.Card), back)
	w.must(err)
	if got.State != CardDisabled || got.Reason != payment.PayerLeft {
		t.Errorf("left: got %+v", got)
	}
	_, err = w.s.BeginCard(context.Background(), CardRequest{Site: "demo", Gateway: "bank", ReturnURL: "https://shop.example/cards"})
	refused(t, "a gateway without cards", err, "validation", "/method")
	_, err = w.s.FinishCard(context.Background(), "pmt_00000000000000000000000000", back)
	refused(t, "no card", err, "not_found", "")
}
