package billing

import (
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

func TestRecordedCreditMayExpireAndIsWholeWon(t *testing.T) {
	each(t, func(w *world) {
		w.do(func(tx *db.Tx) error {
			_, seq, err := w.s.Record(tx, Recording{Site: "demo", Amount: 50_000 * won, ExpiresAt: tx.Now.Add(time.Hour)})
			if seq != 1 {
				w.t.Errorf("it became entry %d", seq)
			}
			return err
		})
		w.holds(50_000 * won)
		w.pass(2 * time.Hour)
		w.holds(0)
		for _, amount := range []money.Amount{won / 2, 1_000*won + 1, 0, -won, MostAmount + won} {
			err := w.d.Update(t.Context(), "test", func(tx *db.Tx) error {
				_, _, err := w.s.Record(tx, Recording{Site: "demo", Amount: amount})
				return err
			})
			refused(w.t, amount.String(), err, fault.CodeValidation, "/amount")
		}
		w.proven()
	})
}

// booked reads what stands behind all entries that money moved by, and adds it up by payment.
func (w *world) booked() (all []Booked, supply, vat map[id.ID]money.Amount) {
	w.t.Helper()
	supply, vat = map[id.ID]money.Amount{}, map[id.ID]money.Amount{}
	w.view(func(tx *db.Tx) error {
		entries, err := w.ledger.CashEntries(tx, "demo", 0, 1_000_000)
		w.must(err)
		all, err = w.s.Booked(tx, "demo", entries, 0, tx.Now+1)
		if with := len(all) - alone(all); with != len(entries) {
			w.t.Errorf("%d of %d entries are known", with, len(entries))
		}
		for _, b := range all {
			supply[b.Payment] += b.Supply
			vat[b.Payment] += b.VAT
		}
		return err
	})
	return all, supply, vat
}

func alone(all []Booked) (n int) {
	for _, b := range all {
		if b.Entry == 0 {
			n++
		}
	}
	return n
}

// fits compares what the entries of payments add up to with the payments.
func (w *world) fits(payments ...Payment) {
	w.t.Helper()
	_, supply, vat := w.booked()
	for _, p := range payments {
		p = w.payment(p.ID)
		want := p.Amount - p.Cancelled
		if supply[p.ID] != want || vat[p.ID] != p.Total-p.Returned-want {
			w.t.Errorf("the entries of %s make %s with %s of VAT, the payment says %s with %s", p.ID.Text(id.Payment), supply[p.ID], vat[p.ID], want, p.Total-p.Returned-want)
		}
	}
}

func TestEveryEntryThatMoneyMovedByIsOfAPaymentOrACancellation(t *testing.T) {
	each(t, func(w *world) {
		refusing := w.charge(w.stored(card(20)), 10_000*won)
		_, err := w.cancel(refusing, 4_000*won)
		w.must(err)
		w.drain() // restored, since the gateway does not give it back
		w.fits(refusing)
		parts := w.paid(10_015 * won)
		for range 3 { // half a won of VAT each
			_, err := w.cancel(parts, 5*won)
			w.must(err)
			w.drain()
		}
		w.fits(refusing, parts)
		w.spend(15_000 * won)
		w.giveBackAtGateway(parts, 9_900) // a part of it is owed
		w.ask(parts)
		w.fits(refusing, parts)
		all, _, _ := w.booked()
		if len(all) < 8 || all[len(all)-1].Supply >= 0 {
			w.t.Errorf("got %+v", all)
		}
		w.proven()
	})
}

func TestVATThatGoesBackAloneIsBookedWithoutAnEntry(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	p := w.paid(1_000 * won)
	w.do(func(tx *db.Tx) error {
		r, err := w.s.find(tx, "demo", p.ID, true)
		w.must(err)
		w.must(w.s.takeBack(tx, r, 1_000*won, 1_099*won))
		w.must(w.s.takeBack(tx, r, 0, won))
		r.returnedNow(1_000*won, 1_100*won)
		return w.s.save(tx, r)
	})
	w.fits(p)
	if all, _, _ := w.booked(); alone(all) != 1 || all[len(all)-1].VAT != -won {
		t.Errorf("got %+v", all)
	}
}

func TestAnEntryThatDoesNotFitItsPaymentIsNoneOfIt(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	p := w.paid(1_000 * won)
	w.view(func(tx *db.Tx) error {
		forged := credit.Entry{Seq: 1, Kind: credit.Payment, Amount: 999 * won, Debit: credit.Cash, Credit: credit.Available, Ref: p.ID.Text(id.Payment)}
		if _, err := w.s.Booked(tx, "demo", []credit.Entry{forged}, 0, 0); !fault.Is(err, fault.Internal) {
			t.Errorf("got %v", err)
		}
		return nil
	})
}
