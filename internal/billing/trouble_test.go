package billing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
)

// trouble is what is found of things of before an hour, a day and a week, as words.
func (w *world) trouble() (out []string) {
	w.t.Helper()
	w.view(func(tx *dbTx) error {
		t, err := w.s.Trouble(tx, Since{Stuck: tx.Now.Add(-time.Hour), Cancels: tx.Now.Add(-24 * time.Hour), Off: tx.Now.Add(-7 * 24 * time.Hour)})
		for _, p := range t.Stuck {
			out = append(out, fmt.Sprintf("%s %s", p.State, p.Amount))
		}
		for _, c := range t.Cancels {
			out = append(out, fmt.Sprintf("%s %s", c.State, c.Amount))
		}
		for name, all := range t.Gone {
			out = append(out, fmt.Sprintf("gone %s %d", name, len(all)))
		}
		out = append(out, t.Off...)
		return err
	})
	slices.Sort(out)
	return out
}

func (w *world) finds(what string, want ...string) {
	w.t.Helper()
	if got := w.trouble(); !slices.Equal(got, want) {
		w.t.Errorf("%s: found %q, want %q", what, got, want)
	}
}

func TestWhatDoesNotEndIsFoundOnceItIsOldEnough(t *testing.T) {
	each(t, func(w *world) {
		done := w.paid(30_000 * won)
		given := w.paid(20_000 * won)
		c := w.stored(card(0))
		w.deaf.Store(true)
		lost := w.charge(c, 10_000*won)
		_, err := w.cancel(done, 5_000*won)
		w.must(err)
		_, err = w.s.Cancel(context.Background(), CancelRequest{Site: "demo", Payment: given.ID, Amount: 4_000 * won, Reason: "계좌로 환불", ByHand: true})
		w.must(err)
		w.begin(w.request(payment.Transfer, 70_000*won)) // waits for its payer, which is no trouble
		w.finds("at first")
		w.forward(59 * time.Minute)
		w.finds("before the hour")
		w.forward(2 * time.Minute)
		w.finds("after an hour", "unknown 10000.00")
		w.forward(23 * time.Hour)
		w.finds("after a day", "requested 5000.00", "transfer 4000.00", "unknown 10000.00")
		w.deaf.Store(false)
		w.drain()
		w.finds("once it is asked for", "transfer 4000.00")
		if got := w.payment(lost.ID).State; got != Paid {
			w.t.Errorf("lost: got %s", got)
		}
	})
}

func TestAGatewayThatIsGoneIsFoundByItsOpenPayments(t *testing.T) {
	each(t, func(w *world) {
		w.paid(30_000 * won)
		w.begin(w.request(payment.Card, 40_000*won))
		open := w.begin(w.request(payment.Transfer, 70_000*won))
		w.finds("both are there")
		w.s.gateways = w.s.gateways[1:]
		w.finds("toss is gone", "gone toss 1")
		w.s.gateways = nil
		w.finds("both are gone", "gone bank 1", "gone toss 1")
		_, err := w.s.Arrived(context.Background(), "demo", open.ID)
		w.must(err)
		w.finds("one has ended", "gone toss 1")
	})
}

func TestARuleThatDeclinesSwitchedOffIsFoundForAWeek(t *testing.T) {
	each(t, func(w *world) {
		w.stored(card(1))
		rule := Rule{Enabled: true, Threshold: 10_000 * won, Amount: 50_000 * won}
		set := func(r Rule) {
			w.do(func(tx *dbTx) error { _, err := w.s.SetRule(tx, "demo", r); return err })
		}
		set(rule)
		w.drain()
		w.finds("after the first decline")
		for range 2 {
			w.forward(7 * time.Hour)
			w.drain()
		}
		w.finds("after the third", "demo")
		w.forward(7*24*time.Hour - time.Minute)
		w.finds("before the week is over", "demo")
		w.forward(2 * time.Minute)
		w.finds("a week later")
		set(Rule{Threshold: rule.Threshold, Amount: rule.Amount})
		w.finds("switched off by a person")
	})
}

func TestAPaymentIsAskedForOnRequest(t *testing.T) {
	each(t, func(w *world) {
		p := w.paid(30_000 * won)
		w.giveBackAtGateway(p, 11_000)
		w.drain()
		if got := w.payment(p.ID).State; got != Paid {
			w.t.Fatalf("before anybody asked: got %s", got)
		}
		asked, err := w.s.Ask(context.Background(), "demo", p.ID)
		w.must(err)
		if asked.State != Paid || asked.ID != p.ID {
			w.t.Errorf("asked: got %+v", asked)
		}
		w.drain()
		if got := w.payment(p.ID); got.State != PartiallyCancelled || got.Returned != 11_000*won {
			w.t.Errorf("afterwards: got %+v", got)
		}
		bank := w.begin(w.request(payment.Transfer, 70_000*won))
		_, err = w.s.Ask(context.Background(), "demo", bank.ID)
		refused(w.t, "a transfer", err, fault.CodeStateConflict, "")
		_, err = w.s.Ask(context.Background(), "demo", id.New())
		refused(w.t, "no payment", err, fault.CodeNotFound, "")
		_, err = w.s.Ask(context.Background(), "other", p.ID)
		refused(w.t, "of another site", err, fault.CodeNotFound, "")
		w.s.gateways = w.s.gateways[1:]
		_, err = w.s.Ask(context.Background(), "demo", p.ID)
		refused(w.t, "no gateway", err, fault.CodeStateConflict, "")
		if !strings.Contains(err.Error(), "payments.gateways") {
			w.t.Errorf("it does not say what to do: %v", err)
		}
	})
}
