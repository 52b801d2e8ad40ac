package paper

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// whole is a profile that nothing is missing of.
func whole() Profile {
	return Profile{BusinessNumber: "124-81-00998", Name: " 꽃집 ", Representative: "김하나", Address: "서울시 종로구 1", BusinessType: "소매",
		BusinessItem: "꽃", Email: "tax@example.com", Paper: TaxInvoice}
}

func (w *world) profile(owner string) (p Profile) {
	w.t.Helper()
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) (err error) { p, err = w.papers.Profile(tx, owner); return err }))
	return p
}

func TestAProfileIsKeptSealedAndReplacedAsAWhole(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if diff := cmp.Diff(Profile{Paper: NoPaper}, w.profile("demo")); diff != "" {
			t.Errorf("one that was never set:\n%s", diff)
		}
		want := whole()
		want.BusinessNumber, want.Name = "1248100998", "꽃집"
		for _, owner := range []string{"demo", site.Operator} {
			for _, set := range []Profile{{Name: "before"}, whole()} {
				w.do(func(tx *db.Tx) error { _, err := w.papers.SetProfile(tx, owner, set); return err })
			}
			if diff := cmp.Diff(want, w.profile(owner)); diff != "" {
				t.Errorf("%s:\n%s", owner, diff)
			}
		}
		w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) error {
			rows, err := tx.Query(`SELECT sealed FROM paper_profile`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var sealed []byte
				if err := rows.Scan(&sealed); err != nil || bytes.Contains(sealed, []byte("1248100998")) || bytes.Contains(sealed, []byte("tax@")) {
					t.Errorf("stored as %q, %v", sealed, err)
				}
			}
			return rows.Err()
		}))
		// What was sealed for one does not open for another.
		w.site("other")
		w.do(func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE paper_profile SET owner = 'other' WHERE owner = 'demo'`)
			return err
		})
		err := w.d.View(t.Context(), "test", func(tx *db.Tx) error { _, err := w.papers.Profile(tx, "other"); return err })
		if err == nil || strings.Contains(err.Error(), "꽃집") {
			t.Errorf("another's profile: %v", err)
		}
	})
}

func TestAProfileThatNoPaperCouldBeMadeOutToIsRefusedInItsPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Profile)
		want   []string
	}{
		"fine":                        {func(*Profile) {}, nil},
		"nothing":                     {func(p *Profile) { *p = Profile{} }, nil},
		"a mistyped number":           {func(p *Profile) { p.BusinessNumber = "124-81-00999" }, []string{"/business_number"}},
		"an invoice to nobody":        {func(p *Profile) { *p = Profile{Paper: TaxInvoice} }, []string{"/business_number", "/name", "/representative", "/email"}},
		"no address of mail":          {func(p *Profile) { p.Email = "tax at example" }, []string{"/email"}},
		"a name beside the mail":      {func(p *Profile) { p.Email = "Tax <tax@example.com>" }, []string{"/email"}},
		"too long":                    {func(p *Profile) { p.Name = strings.Repeat("가", 71) }, []string{"/name"}},
		"two lines":                   {func(p *Profile) { p.Address = "a\nb" }, []string{"/address"}},
		"no text":                     {func(p *Profile) { p.BusinessItem = "\xff" }, []string{"/business_item"}},
		"another paper":               {func(p *Profile) { p.Paper = "receipt" }, []string{"/paper"}},
		"a receipt for business":      {func(p *Profile) { p.Paper, p.CashReceiptNumber = CashReceiptBusiness, "124-81-00998" }, nil},
		"a receipt of a wrong number": {func(p *Profile) { p.Paper, p.CashReceiptNumber = CashReceiptBusiness, "010-1234-5678" }, []string{"/cash_receipt_number"}},
		"a receipt for a person":      {func(p *Profile) { p.Paper, p.CashReceiptNumber = CashReceiptPerson, "010-1234-5678" }, nil},
		"a person's number that must not be kept": {func(p *Profile) { p.Paper, p.CashReceiptNumber = CashReceiptPerson, "900101-1234567" }, []string{"/cash_receipt_number"}},
		"a number without a receipt":              {func(p *Profile) { p.CashReceiptNumber = "010-1234-5678" }, []string{"/cash_receipt_number"}},
	} {
		p := whole()
		c.change(&p)
		var got []string
		if err := p.check(); err != nil {
			for _, f := range fault.Of(err).Fields {
				got = append(got, f.Pointer)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzProfile(f *testing.F) {
	f.Add("124-81-00998", "꽃집", "a@b.kr", "cash_receipt_person", "010-1234-5678")
	f.Add("", "\x00", "@", "", "1")
	f.Fuzz(func(t *testing.T, number, name, email, paper, receipt string) {
		p := Profile{BusinessNumber: number, Name: name, Email: email, Paper: paper, CashReceiptNumber: receipt}
		if p.check() != nil {
			return
		}
		if again := p; again.check() != nil || again != p {
			t.Errorf("%+v is not what it was made of: %+v", again, p)
		}
	})
}
