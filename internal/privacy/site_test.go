package privacy

import (
	"context"
	"errors"
	"strings"
	"testing"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
	"creditmsg/internal/webhook"
)

// count counts rows of a site in a table.
func (w *world) count(table, siteID string) (n int) {
	w.Helper()
	w.view(func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM `+table+` WHERE site_id = ?`, siteID).Scan(&n)
	})
	return n
}

// suspended suspends the shop.
func (w *world) suspended() {
	w.Helper()
	w.update(func(tx *db.Tx) error { return site.SetState(tx, shop, site.Suspended) })
}

// refused tries to erase the shop, which has to be refused in these words.
func (w *world) refused(e End, words string) {
	w.Helper()
	err := w.EraseSite(w.Context(), e)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Of(err).Public, words) {
		w.Errorf("got %v, want a conflict that says %q", err, words)
	}
}

// asItWas compares a site that was not erased, and its credit, with what they were.
func (w *world) asItWas(siteID string, state site.State, available money.Amount) {
	w.Helper()
	w.view(func(tx *db.Tx) error {
		s, err := site.Find(tx, siteID)
		purse, err2 := w.ledger.Account(tx, siteID)
		if s.State != state || purse.Available != available {
			w.Errorf("%s is %s and has %s, want it %s with %s", siteID, s.State, purse.Available, state, available)
		}
		return errors.Join(err, err2)
	})
}

// TestNothingOfAnErasedSiteGoesOn erases a site that has something of all that acts by itself.
func TestNothingOfAnErasedSiteGoesOn(t *testing.T) {
	each(t, func(w *world) {
		hooks, err := webhook.New(w.d, w.keys, w.queue, webhook.Options{})
		w.must(err)
		pay, err := billing.New(w.d, w.keys, w.ledger, w.queue, nil, billing.Options{})
		w.must(err)
		told := ""
		w.contacts = func(_ *db.Tx, siteID string) error { told = siteID; return nil }
		url := "https://shop.example/hooks"
		w.update(func(tx *db.Tx) error {
			_, _, err := hooks.Create(tx, shop, webhook.Change{URL: &url, Topics: []string{"*"}})
			_, err2 := w.series.Create(tx, shop, series.Plan{Cron: "0 9 * * *", Missed: series.Skip}, series.Content{Name: "아침 인사", Request: message.Request{Strategy: message.SMSOnly,
				Text: &message.TextRequest{Body: "안녕"}}, Recipients: []series.Recipient{{To: string(him)}}})
			_, err3 := message.AddTemplate(tx, message.Template{Site: shop, Code: "HELLO", Name: "인사", Channel: "@shop", Body: "안녕하세요", State: message.TemplateApproved})
			_, err4 := pay.SetLevels(tx, shop, []money.Amount{5000 * money.Won})
			return errors.Join(err, err2, err3, err4)
		})
		w.suspended()
		w.must(w.EraseSite(w.Context(), End{Site: shop, Reason: "x", Forfeit: true}))
		for _, table := range []string{"series", "series_firing", "template", "billing_rule", "job", "site_token"} {
			if n := w.count(table, shop); n != 0 {
				w.Errorf("%s has %d rows of it", table, n)
			}
		}
		if told != shop {
			w.Errorf("the contacts of %q went", told)
		}
		w.must(hooks.Sweep(w.Context()))
		if n := w.count("webhook_endpoint", shop) + w.count("job", shop); n != 0 {
			w.Errorf("%d endpoints and jobs are left of it", n)
		}
		w.proven()
	})
}

// TestEndpointsOfASiteThatWasErasedBeforeAreNotServed has endpoints as they were left behind once.
func TestEndpointsOfASiteThatWasErasedBeforeAreNotServed(t *testing.T) {
	each(t, func(w *world) {
		hooks, err := webhook.New(w.d, w.keys, w.queue, webhook.Options{})
		w.must(err)
		url := "https://shop.example/hooks"
		w.update(func(tx *db.Tx) error {
			e, _, err := hooks.Create(tx, shop, webhook.Change{URL: &url, Topics: []string{"*"}})
			_, err2 := hooks.Test(tx, shop, e.ID)
			return errors.Join(err, err2, site.Erase(tx, w.keys, shop))
		})
		w.run(hooks.Works())
		w.must(hooks.Sweep(w.Context()))
		if n := w.count("webhook_endpoint", shop) + w.count("webhook_delivery", shop) + w.count("job", shop); n != 0 {
			w.Errorf("%d endpoints, deliveries and jobs are left of it", n)
		}
	})
}

func TestATestSiteEndsWithItsSite(t *testing.T) {
	each(t, func(w *world) {
		test := site.TestID(shop)
		w.update(func(tx *db.Tx) error {
			_, err := site.CreateTest(tx, w.keys, shop)
			err2 := w.ledger.Open(tx, test)
			_, err3 := w.ledger.Add(tx, credit.TopUp{Site: test, Kind: credit.Bonus, Amount: 500 * money.Won})
			_, err4 := site.AddSender(tx, test, "0212345678", site.Approved)
			return errors.Join(err, err2, err3, err4)
		})
		running := w.send(test, him)
		w.refused(End{Site: shop, Reason: "x", Forfeit: true}, "site shop is active: suspend it first")
		w.suspended()
		w.refused(End{Site: shop, Reason: "x", Forfeit: true}, "site shop.test cannot be erased yet: some messages are not over")
		w.end(running)
		w.asItWas(shop, site.Suspended, 1000*money.Won)
		w.refused(End{Site: shop, Reason: "x"}, "site shop has 1000.00 of credit")
		w.asItWas(test, site.Active, 500*money.Won)
		w.unissued = func(*db.Tx, string) (*fault.Phrase, error) { return fault.Say("a payment is in no tax invoice"), nil }
		w.refused(End{Site: shop, Reason: "x", Forfeit: true}, "a payment is in no tax invoice")
		w.unissued = func(*db.Tx, string) (*fault.Phrase, error) { return nil, nil }
		w.asItWas(shop, site.Suspended, 1000*money.Won)
		w.asItWas(test, site.Active, 500*money.Won)
		w.must(w.EraseSite(w.Context(), End{Site: shop, Reason: "x", Forfeit: true}))
		w.view(func(tx *db.Tx) error {
			for _, of := range []string{shop, test} {
				if s, err := site.Find(tx, of); err != nil || s.State != site.Erased || s.Name != "" {
					w.Errorf("%s is %+v, %v", of, s, err)
				}
				if _, err := w.keys.Site(tx, of); !fault.Is(err, fault.NotFound) {
					w.Errorf("the key of %s: %v, want NotFound", of, err)
				}
			}
			return nil
		})
		if n := w.count("site_sender", test); n != 0 {
			w.Errorf("%d sender numbers are left", n)
		}
		err := w.d.Update(w.Context(), "test", func(tx *db.Tx) error { _, err := site.CreateTest(tx, w.keys, shop); return err })
		if !fault.Is(err, fault.Conflict) {
			w.Errorf("a test site of an erased one: %v", err)
		}
	})
}

func TestASiteThatOwesOrIsOwedSomethingIsNotErased(t *testing.T) {
	each(t, func(w *world) {
		w.update(func(tx *db.Tx) error {
			paid, err := w.ledger.Add(tx, credit.TopUp{Site: shop, Kind: credit.Payment, Amount: 300 * money.Won})
			_, err2 := w.ledger.Add(tx, credit.TopUp{Site: shop, Kind: credit.Adjustment, Amount: -1200 * money.Won})
			_, err3 := w.ledger.TakeBack(tx, credit.PaymentBack{Site: shop, Ref: "pcn_1", Lot: paid.Seq, Amount: 300 * money.Won, Gone: true})
			return errors.Join(err, err2, err3)
		})
		w.suspended()
		end := End{Site: shop, Reason: "x", Forfeit: true}
		w.unissued = func(*db.Tx, string) (*fault.Phrase, error) {
			return fault.Say("payment pay_1 is in no tax invoice"), nil
		}
		w.refused(end, "site shop cannot be erased yet: payment pay_1 is in no tax invoice")
		w.unissued = func(*db.Tx, string) (*fault.Phrase, error) { return nil, nil }
		w.refused(end, "site shop owes 200.00 for credit that it spent")
		w.update(func(tx *db.Tx) error {
			_, err := w.ledger.Add(tx, credit.TopUp{Site: shop, Kind: credit.Adjustment, Amount: 200 * money.Won})
			return err
		})
		w.must(w.EraseSite(w.Context(), end))
		w.proven()
	})
}

// TestASiteThatIsWokenWhileItIsErasedIsEitherAwakeOrErased wakes it between the look at what is in
// the way and the end.
func TestASiteThatIsWokenWhileItIsErasedIsEitherAwakeOrErased(t *testing.T) {
	each(t, func(w *world) {
		w.suspended()
		woken, looks := make(chan error, 1), 0
		w.unissued = func(*db.Tx, string) (*fault.Phrase, error) {
			if looks++; looks == 2 {
				go func() {
					woken <- w.d.Update(context.Background(), "wake", func(tx *db.Tx) error { return site.SetState(tx, shop, site.Active) })
				}()
			}
			return nil, nil
		}
		w.must(w.EraseSite(w.Context(), End{Site: shop, Reason: "x", Forfeit: true}))
		if err := <-woken; !fault.Is(err, fault.Conflict) {
			w.Errorf("it was woken: %v", err)
		}
	})
}
