package paper

import (
	"strings"
	"testing"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
)

// TestASiteIsToldWhichPaperItIsStillToGet looks at sites of every kind before and after their
// month is issued.
func TestASiteIsToldWhichPaperItIsStillToGet(t *testing.T) {
	inOffices(t, func(o *office) {
		for _, name := range []string{"flowers", "card", "none", "zero", "wants"} {
			o.client(name)
		}
		o.profile("none", Profile{Name: "이름만"})
		o.at("2026-10-05 10:00")
		paid := o.pays("flowers", 1_000*won)
		o.asks("card", payment.Card, nil)
		o.pays("none", 1_000*won)
		o.givesBack(o.pays("zero", 1_000*won), 0)
		wanting := o.asks("wants", payment.Transfer, &billing.CashReceipt{Identity: "01012345678"})
		_, err := o.billing.Arrived(t.Context(), "wants", wanting.ID)
		o.must(err)
		missing := func(siteID string, words ...string) {
			o.t.Helper()
			var said *fault.Phrase
			o.do(func(tx *db.Tx) (err error) { said, err = o.papers.Unissued(tx, siteID); return err })
			got := said.String()
			for _, part := range words {
				if !strings.Contains(got, part) {
					o.t.Errorf("%s: got %q, want %q in it", siteID, got, part)
				}
			}
			if len(words) == 0 && got != "" {
				o.t.Errorf("%s: got %q, want nothing", siteID, got)
			}
		}
		missing("flowers", paid.ID.Text(id.Payment), "issue the tax invoices of 2026-10 first")
		missing("wants", "the cash receipt of payment "+wanting.ID.Text(id.Payment)+" is not issued yet")
		for _, name := range []string{"card", "none", "zero"} {
			missing(name)
		}
		o.at("2026-11-01 01:00")
		o.issues("2026-10")
		missing("flowers")
		o.givesBack(paid, 400*won)
		missing("flowers", "is to be corrected", "issue the tax invoices of 2026-11 first")
		o.at("2026-12-01 01:00")
		o.issues("2026-11")
		missing("flowers")
	})
}
