package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// ago is the office as it was some time ago: what is done there has that time.
func (o *office) ago(d time.Duration) *office {
	o.Helper()
	past := dbtest.Connect(o, string(o.config.Database.URL), db.Options{Now: func() time.Time { return time.Now().Add(-d) }})
	p, err := operatorOf(o.config, past, nil)
	o.must(err)
	return &office{o.T, p, o.sim, o.pays}
}

// finds wants the doctor to say this of a check.
func (o *office) finds(check, status string, words ...string) {
	o.Helper()
	h, err := o.Doctor(o.Context())
	o.must(err)
	for _, c := range h.Checks {
		if c.Name != check {
			continue
		}
		for _, w := range words {
			if !strings.Contains(c.Detail, w) {
				o.Errorf("%s lacks %q: %s", check, w, c.Detail)
			}
		}
		if c.Status != status || status == CheckWrong && h.OK {
			o.Errorf("%s is %s, want %s: %s", check, c.Status, status, c.Detail)
		}
		return
	}
	o.Errorf("the doctor does not look at %s", check)
}

func TestTheDoctorIsContentWithASiteThatWasErased(t *testing.T) {
	eachOffice(t, func(o *office) {
		_, err := o.SuspendSite(o.Context(), "shop")
		o.must(err)
		if _, err := o.EraseSite(o.Context(), "shop", "계약이 끝났다", false); err != nil {
			_, err = o.EraseSite(o.Context(), "shop", "계약이 끝났다", true)
			o.must(err)
		}
		o.finds("keys", CheckNote, "stored as they are") // the installation's own; the site's is gone, and that is right
		o.finds("ledger", CheckOK)
		o.finds("heads", CheckOK)
		proof, err := o.VerifyLedger(o.Context(), "")
		o.must(err)
		if !proof.OK {
			o.Errorf("the ledger does not verify: %+v", proof)
		}
		all, err := o.Sites(o.Context())
		o.must(err)
		if len(all.Data) == 0 || all.Data[0].State != "erased" {
			o.Errorf("got %+v, want the site as one that was erased", all.Data)
		}
		if _, err := o.ForgetNumber(o.Context(), "shop", "010-1234-5678"); !fault.Is(err, fault.NotFound) {
			o.Errorf("got %v, want nothing left to forget", err)
		}
	})
}

func TestTheDoctorFindsPaymentsAndCancellationsThatDoNotEnd(t *testing.T) {
	eachOffice(t, func(o *office) {
		for _, check := range []string{"payments", "cancellations", "withdrawals", "refunds", "gateways", "comparison", "recharge", "plans"} {
			o.finds(check, CheckOK)
		}
		past := o.ago(25 * time.Hour)
		pay := past.paid(50_000)
		byHand, err := past.CancelPayment(o.Context(), CancelPayment{Site: "shop", Payment: pay, Amount: "10000", Reason: "해지", ByHand: true})
		o.must(err)
		o.finds("cancellations", CheckNote, "11000.00 won", "payment given-back shop "+pay+" "+byHand.ID)
		_, err = past.CancelPayment(o.Context(), CancelPayment{Site: "shop", Payment: pay, Amount: "20000", Reason: "해지"})
		o.must(err)
		o.finds("cancellations", CheckWrong, "1 cancellations", "payment ask shop "+pay)
		o.finds("payments", CheckOK)
		o.work()
		o.finds("cancellations", CheckNote, byHand.ID)
		_, err = o.PaymentGivenBack(o.Context(), "shop", pay, byHand.ID)
		o.must(err)
		o.finds("cancellations", CheckOK)
	})
}

func TestTheDoctorFindsPaymentsWithoutAnAnswerAndGatewaysThatAreGone(t *testing.T) {
	eachOffice(t, func(o *office) {
		// The simulator cuts the connection of a payer of this name.
		p, err := o.ago(61*time.Minute).billing.Begin(o.Context(), billing.Request{Site: "shop", Method: payment.VirtualAccount, Amount: 30_000 * money.Won, Bank: "20", Payer: payment.Payer{Name: "홍길동#09"}})
		o.must(err)
		if p.State != billing.Unknown && p.State != billing.Requesting {
			o.Fatalf("got %+v", p)
		}
		o.finds("payments", CheckWrong, "1 payments", "of shop at toss", "payment ask shop pay_")
		o.finds("gateways", CheckOK, "toss, bank")
		o.config.Payments.Gateways = o.config.Payments.Gateways[1:]
		later := o.ago(0)
		later.finds("gateways", CheckWrong, "toss (1)", "payments.gateways")
	})
}

func TestTheDoctorFindsDifferencesAndRechargesThatWereSwitchedOff(t *testing.T) {
	eachOffice(t, func(o *office) {
		newOffice(o.T, dbtest.Migrated(o, "sqlite"), o.sim, string(o.config.Payments.Gateways[0].URL)).paid(30_000)
		_, err := o.ComparePayments(o.Context(), "toss", korea.Day(time.Now()))
		o.must(err)
		o.finds("comparison", CheckWrong, "1 payments", "payment differences")

		o.declinedCard()
		begin := o.ago(30 * time.Hour)
		_, err = begin.Recharge(o.Context(), "shop", &RechargeChange{Threshold: new("10000"), Amount: new("50000")})
		o.must(err)
		for _, hours := range []time.Duration{30, 28, 21} {
			o.finds("recharge", CheckOK)
			o.ago(hours * time.Hour).work()
		}
		o.finds("recharge", CheckNote, ": shop;", "site recharge shop --on")
	})
}

// declinedCard leaves a card that is refused every time.
func (o *office) declinedCard() {
	o.Helper()
	o.pays = "9000000112341234"
	o.card()
}

func TestTheDoctorFindsPlansWhoseSitesWereNotReached(t *testing.T) {
	eachOffice(t, func(o *office) {
		old := o.ago(20 * time.Minute)
		cost := map[provider.Channel]money.Amount{provider.SMS: 15 * money.Won}
		o.must(old.d.Update(o.Context(), "test", func(tx *db.Tx) error {
			if err := credit.CreatePlan(tx, "gold", "골드", cost); err != nil {
				return err
			}
			for i := range 101 {
				name := fmt.Sprintf("site-%03d", i)
				if _, err := site.Create(tx, old.keys, name, name); err != nil {
					return err
				}
				if err := old.ledger.Open(tx, name); err != nil {
					return err
				}
				if err := credit.AssignPlan(tx, name, "gold", 0); err != nil {
					return err
				}
			}
			return nil
		}))
		o.finds("plans", CheckOK)
		set := func(at *office, won money.Amount) {
			o.must(at.d.Update(o.Context(), "test", func(tx *db.Tx) error {
				return at.ledger.SetPlanPrices(tx, "gold", map[provider.Channel]money.Amount{provider.SMS: won * money.Won}, 0)
			}))
		}
		set(old, 16)
		o.finds("plans", CheckWrong, "of gold have not reached all sites")
		o.work()
		o.finds("plans", CheckOK)
		set(o, 17)
		o.finds("plans", CheckOK) // it was changed just now
	})
}
