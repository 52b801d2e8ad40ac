package privacy

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/payment/manual"
	"creditmsg/internal/payment/toss"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// elsewhere is another process that takes payments over the same database.
type elsewhere struct {
	*billing.Service
	d    *db.DB
	keys *site.Keys
	came chan struct{} // has a token once a transaction is on its way
}

func (w *world) elsewhere() *elsewhere {
	w.Helper()
	e := &elsewhere{came: make(chan struct{}, 1)}
	e.d = dbtest.Connect(w.T, w.url, db.Options{Now: func() time.Time {
		select {
		case e.came <- struct{}{}:
		default:
		}
		return time.UnixMicro(w.clock.Load())
	}})
	e.keys = site.NewKeys(e.d, nil)
	w.must(e.keys.Prepare(w.Context()))
	q := queue.New(e.d, queue.Options{})
	bankAt := payment.Account{Name: "bank", Kind: "manual", TransferTo: "국민은행 123-45-6789"}
	bank, err := manual.New(bankAt)
	w.must(err)
	tossAt := payment.Account{Name: "toss", Kind: "toss", URL: "http://127.0.0.1:1", CheckoutURL: "http://127.0.0.1:1", ClientKey: "test_ck", SecretKey: "test_sk"}
	cards, err := toss.New(tossAt)
	w.must(err)
	e.Service, err = billing.New(e.d, e.keys, credit.NewLedger(e.keys, q), q, []billing.Gateway{{Account: bankAt, Adapter: bank}, {Account: tossAt, Adapter: cards}}, billing.Options{})
	w.must(err)
	return e
}

// knows has the other process remember the key of a site, and nothing on its way.
func (e *elsewhere) knows(w *world, siteID string) {
	w.Helper()
	w.must(e.d.View(w.Context(), "test", func(tx *db.Tx) error { _, err := e.keys.Site(tx, siteID); return err }))
	e.idle()
}

func (e *elsewhere) idle() {
	select {
	case <-e.came:
	default:
	}
}

// beginnings are what another process may begin in a site, each as one transaction, and what it leaves there.
var beginnings = map[string]struct {
	table string
	begin func(e *elsewhere, siteID string) error
}{
	"a payment": {"billing_payment", func(e *elsewhere, siteID string) error {
		_, err := e.Begin(context.Background(), billing.Request{Site: siteID, Gateway: "bank", Method: payment.Transfer, Amount: 10_000 * money.Won, Payer: payment.Payer{Name: "홍길동"}})
		return err
	}},
	"a card": {"billing_card", func(e *elsewhere, siteID string) error {
		_, err := e.BeginCard(context.Background(), billing.CardRequest{Site: siteID, ReturnURL: "https://shop.example", Back: func(card string) string { return "https://msg.example/" + card }})
		return err
	}},
	"a payment that is recorded": {"billing_payment", func(e *elsewhere, siteID string) error {
		return e.d.Update(context.Background(), "test", func(tx *db.Tx) error {
			_, _, err := e.Record(tx, billing.Recording{Site: siteID, Amount: 10_000 * money.Won})
			return err
		})
	}},
	"a bonus": {"entry", func(e *elsewhere, siteID string) error {
		return e.d.Update(context.Background(), "test", func(tx *db.Tx) error {
			_, err := e.TopUp(tx, credit.TopUp{Site: siteID, Kind: credit.Bonus, Amount: money.Won})
			return err
		})
	}},
	"levels": {"billing_rule", func(e *elsewhere, siteID string) error {
		return e.d.Update(context.Background(), "test", func(tx *db.Tx) error {
			_, err := e.SetLevels(tx, siteID, []money.Amount{5_000 * money.Won})
			return err
		})
	}},
}

// opened opens another site, which is suspended.
func (w *world) opened(siteID string) {
	w.Helper()
	w.update(func(tx *db.Tx) error {
		_, err := w.ledger.OpenSite(tx, credit.Opening{ID: siteID, Name: siteID})
		return errors.Join(err, site.SetState(tx, siteID, site.Suspended))
	})
}

// TestNothingIsBegunInASiteThatIsBeingErased has another process begin something while an erasure
// is between its last look at what is under way and its end.
func TestNothingIsBegunInASiteThatIsBeingErased(t *testing.T) {
	each(t, func(w *world) {
		other := w.elsewhere()
		n := 0
		for what, b := range beginnings {
			siteID := "shop-" + string(rune('a'+n))
			n++
			w.opened(siteID)
			other.knows(w, siteID)
			looks, begun := 0, make(chan error, 1)
			w.unissued = func(*db.Tx, string) (*fault.Phrase, error) {
				if looks++; looks == 2 { // the erasure has locked the site, and goes on once the other is on its way
					go func() { begun <- b.begin(other, siteID) }()
					<-other.came
				}
				return nil, nil
			}
			w.must(w.EraseSite(w.Context(), End{Site: siteID, Reason: "x"}))
			if err := <-begun; !fault.Is(err, fault.Conflict) {
				w.Errorf("%s: got %v, want a conflict", what, err)
			}
			if n := w.count(b.table, siteID) + w.count("job", siteID); n != 0 {
				w.Errorf("%s: %d rows and jobs are left of the erased site", what, n)
			}
		}
	})
}

// TestOfAnErasureAndABeginningOneIsRefused has both wait for the site's row, and lets them go.
func TestOfAnErasureAndABeginningOneIsRefused(t *testing.T) {
	each(t, func(w *world) {
		other := w.elsewhere()
		w.unissued = func(*db.Tx, string) (*fault.Phrase, error) { return nil, nil }
		for _, what := range []string{"a payment", "a card"} {
			b, siteID := beginnings[what], "shop-"+what[2:]
			w.opened(siteID)
			other.knows(w, siteID)
			var begun, erased error
			var both sync.WaitGroup
			w.update(func(tx *db.Tx) error {
				err := site.Lock(tx, siteID)
				both.Go(func() { begun = b.begin(other, siteID) })
				both.Go(func() { erased = w.EraseSite(context.Background(), End{Site: siteID, Reason: "x"}) })
				<-other.came
				return err
			})
			both.Wait()
			var state site.State
			w.view(func(tx *db.Tx) error { s, err := site.Find(tx, siteID); state = s.State; return err })
			rows := w.count(b.table, siteID)
			switch {
			case begun == nil && fault.Is(erased, fault.Conflict) && state == site.Suspended && rows == 1:
			case erased == nil && fault.Is(begun, fault.Conflict) && state == site.Erased && rows == 0:
			default:
				w.Errorf("%s: got %v and %v, the site is %s with %d rows", what, begun, erased, state, rows)
			}
		}
	})
}
