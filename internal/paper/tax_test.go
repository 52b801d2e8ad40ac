package paper

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// inOffices runs a test on every engine.
func inOffices(t *testing.T, test func(o *office)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(newOffice(t, engine)) })
	}
}

// figures are a row without what is random.
type figures struct {
	No, File             int
	Site, Kind, Date     string
	Original             string
	Payments, Cancelled  int
	Supply, VAT, Charged signed
}

func figuresOf(t *TaxInvoices) (out []figures) {
	for _, r := range t.Rows {
		out = append(out, figures{r.No, r.File, r.Site, r.Kind, r.Date, r.Original, len(r.Payments), len(r.Cancellations), r.Supply, r.VAT, r.Total.Total})
	}
	return out
}

func TestAMonthHasOneInvoiceForEachSiteAndWhatComesLaterCorrectsIt(t *testing.T) {
	inOffices(t, func(o *office) {
		o.client("flowers")
		o.client("books")
		o.at("2026-10-03 10:00")
		first := o.pays("flowers", 100_000*won)
		o.pays("flowers", 12_345*won)
		o.givesBack(first, 5*won) // half a won of VAT, rounded up
		gone := o.pays("books", 7_000*won)
		o.givesBack(gone, 0)
		o.at("2026-10-31 23:59")
		o.pays("books", 10*won)
		if state := o.invoices("2026-10").State; state != TaxRunning {
			o.t.Errorf("on its last day October is %s", state)
		}
		o.refuses("2026-10", fault.CodeStateConflict, "2026-10 has not ended")
		o.at("2026-11-01 00:10")
		o.pays("books", 20*won) // of November
		drafted := o.invoices("2026-10")
		want := []figures{
			{1, 1, "books", TaxOfMonth, "2026-10-31", "", 2, 1, signed(10 * won), signed(1 * won), signed(11 * won)},
			{2, 1, "flowers", TaxOfMonth, "2026-10-31", "", 2, 1, signed(112_340 * won), signed(11_234 * won), signed(123_574 * won)},
		}
		if diff := cmp.Diff(want, figuresOf(drafted)); diff != "" {
			o.t.Fatalf("October (-want +got):\n%s", diff)
		}
		issued := o.issues("2026-10")
		if diff := cmp.Diff(drafted.Rows, issued.Rows); diff != "" || issued.State != TaxIssued || issued.IssuedAt == nil || issued.Total != drafted.Total {
			o.t.Errorf("issued as it was not drafted: %+v\n%s", issued, diff)
		}

		// What comes later, while the profile becomes another: the correction goes to whom it was written to.
		o.at("2026-11-05 10:00")
		o.givesBack(first, 900*won)
		o.givesBack(first, 100*won)
		o.at("2026-11-09 10:00")
		o.givesBack(first, 0)
		o.at("2026-10-20 10:00")
		o.pays("flowers", 500*won) // booked late
		o.at("2026-12-01 01:00")
		f := complete("flowers")
		f.Name = "새 이름"
		o.profile("flowers", f)
		o.refuses("2026-12", fault.CodeStateConflict, "2026-12 has not ended")
		if t := o.invoices("2026-12"); t.IssueFirst != "2026-11" || len(t.Rows) != 3 { // what November corrects and brings in late would be in it now
			o.t.Errorf("first: %q, and %+v", t.IssueFirst, figuresOf(t))
		}
		november := o.issues("2026-11")
		want = []figures{
			{1, 1, "books", TaxOfMonth, "2026-11-30", "", 1, 0, signed(20 * won), signed(2 * won), signed(22 * won)},
			{2, 1, "flowers", TaxLate, "2026-10-31", "", 1, 0, signed(500 * won), signed(50 * won), signed(550 * won)},
			{3, 2, "flowers", TaxCorrection, "2026-11-05", "2026-10-31", 0, 2, signed(-1_000 * won), signed(-100 * won), signed(-1_100 * won)},
			{4, 2, "flowers", TaxCorrection, "2026-11-09", "2026-10-31", 0, 1, signed(-98_995 * won), signed(-9_899 * won), signed(-108_894 * won)},
		}
		if diff := cmp.Diff(want, figuresOf(november)); diff != "" {
			o.t.Errorf("November (-want +got):\n%s", diff)
		}
		if was, is := november.Rows[2].Buyer.Name, november.Rows[1].Buyer.Name; was != "flowers 상사" || is != "새 이름" || november.Files != 2 {
			o.t.Errorf("the buyers are %q and %q in %d files", was, is, november.Files)
		}
		for month, want := range map[string]*TaxInvoices{"2026-10": issued, "2026-11": november} {
			for _, again := range []*TaxInvoices{o.issues(month), o.invoices(month)} {
				a, _ := again.JSON()
				b, _ := want.JSON()
				if !bytes.Equal(a, b) {
					o.t.Errorf("%s was issued as\n%s, and is now\n%s", month, b, a)
				}
			}
		}
	})
}

func TestWhatStandsInNoInvoiceIsListedWithWhatIsMissing(t *testing.T) {
	inOffices(t, func(o *office) {
		for _, name := range []string{"card", "none", "half", "person", "wants", "zero", "bare"} {
			o.client(name)
		}
		o.profile("none", Profile{Name: "이름만"})
		o.profile("person", Profile{Paper: CashReceiptPerson, CashReceiptNumber: "01012345678"})
		o.do(func(tx *db.Tx) error { // as an earlier release may have stored it
			key, err := o.keys.Site(tx, "half")
			if err != nil {
				return err
			}
			_, err = tx.Exec(`UPDATE paper_profile SET sealed = ? WHERE owner = ?`, key.Seal(profileContext("half"), []byte(`{"name":"반","paper":"tax_invoice"}`)), "half")
			return err
		})
		o.at("2026-10-05 10:00")
		o.asks("card", payment.Card, nil)
		for _, name := range []string{"none", "half", "person"} {
			p := o.pays(name, 1_000*won)
			o.givesBack(p, 100*won)
			o.pays(name, 1_000*won)
		}
		wanting := o.asks("wants", payment.Transfer, &billing.CashReceipt{Identity: "01012345678"})
		_, err := o.billing.Arrived(t.Context(), "wants", wanting.ID)
		o.must(err)
		p := o.pays("zero", 1_000*won)
		c := o.givesBack(p, 0)
		o.at("2026-11-01 01:00")
		got := o.issues("2026-10")
		two := taxedBy(1900, 190)
		wantErrors := []TaxWaiting{{"half", "incomplete", []string{"business_number", "representative", "email"}, 2, two},
			{"none", "no_paper", []string{"paper", "business_number", "representative", "email"}, 2, two}}
		wantWaiting := []TaxWaiting{{"person", "cash_receipt", nil, 2, two}, {"wants", "cash_receipt_wanted", nil, 1, taxedBy(50_000, 5_000)}}
		wantNetted := []TaxNetted{{"zero", "2026-10", []string{p.ID.Text(id.Payment)}, []string{c.ID.Text(id.Cancel)}}}
		for _, diff := range []string{cmp.Diff(wantErrors, got.Errors), cmp.Diff(wantWaiting, got.Waiting), cmp.Diff(wantNetted, got.Netted)} {
			if diff != "" {
				o.t.Errorf("(-want +got):\n%s", diff)
			}
		}
		if len(got.Rows) != 0 || got.Files != 0 || got.Total != (Total{}) {
			o.t.Errorf("rows: %+v", got.Rows)
		}
		// What was missing comes, and with it the invoice, dated by its own month.
		o.profile("none", complete("none"))
		o.profile("person", complete("person"))
		o.at("2026-12-01 01:00")
		got = o.issues("2026-11")
		want := []figures{
			{1, 1, "none", TaxLate, "2026-10-31", "", 2, 1, signed(1_900 * won), signed(190 * won), signed(2_090 * won)},
			{2, 1, "person", TaxLate, "2026-10-31", "", 2, 1, signed(1_900 * won), signed(190 * won), signed(2_090 * won)},
		}
		if diff := cmp.Diff(want, figuresOf(got)); diff != "" || len(got.Errors) != 1 || len(got.Netted) != 0 {
			o.t.Errorf("November: %+v (-want +got):\n%s", got, diff)
		}
	})
}

func TestMonthsAreIssuedInOrderByAnOperatorWhoHasAProfile(t *testing.T) {
	o := newOffice(t, "sqlite")
	o.at("2027-01-10 10:00")
	o.refuses("2026-12", fault.CodeStateConflict, "until the end of 2026-12 nothing was paid")
	o.client("demo")
	o.at("2026-11-10 10:00")
	o.pays("demo", 1000*won)
	o.at("2027-01-10 10:00")
	o.refuses("2026-10", fault.CodeStateConflict, "nothing was paid")
	o.refuses("2026-12", fault.CodeStateConflict, "issue 2026-11 first")
	o.refuses("2027-01", fault.CodeStateConflict, "2027-01 has not ended")
	o.refuses("2028-01", fault.CodeStateConflict, "2028-01 has not ended")
	for _, none := range []string{"2026-13", "november", "2026-1", "2026-11-01", ""} {
		o.refuses(none, fault.CodeValidation, "")
		if _, err := o.looked(none); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v", none, err)
		}
	}
	if _, err := o.looked("2027-02"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a month to come: got %v", err)
	}
	o.profile(site.Operator, Profile{Name: "이름만"})
	if got := o.invoices("2026-11"); !cmp.Equal(got.Lacking, []string{"business_number", "representative", "email"}) {
		t.Errorf("lacking: %v", got.Lacking)
	}
	o.refuses("2026-11", fault.CodeStateConflict, "lacks business_number, representative, email")
	o.profile(site.Operator, complete("operator"))
	o.issues("2026-11")
	if _, err := o.looked("2026-10"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a month before the first: got %v", err)
	}
	if got := o.issues("2026-12"); len(got.Rows)+len(got.Errors) != 0 {
		t.Errorf("a month without payments: %+v", got)
	}
}

func TestTwoProcessesThatIssueAMonthAtOnceIssueItOnce(t *testing.T) {
	inOffices(t, func(o *office) {
		o.client("demo")
		o.pays("demo", 1000*won)
		o.at("2026-11-01 01:00")
		var all sync.WaitGroup
		replies := make([][]byte, 6)
		for i := range replies {
			w, papers := o.desk(o.t)
			all.Go(func() {
				issued, err := papers.IssueTaxInvoices(t.Context(), w.d, "2026-10")
				if err != nil {
					o.t.Errorf("process %d: %v", i, err)
					return
				}
				replies[i], _ = issued.JSON()
			})
		}
		all.Wait()
		for _, r := range replies {
			if !bytes.Equal(r, replies[0]) || len(r) == 0 {
				o.t.Errorf("one process issued\n%s, another\n%s", replies[0], r)
			}
		}
		var items, rows int
		o.must(o.d.View(t.Context(), "test", func(tx *db.Tx) error {
			if err := tx.QueryRow(`SELECT COUNT(*) FROM paper_tax_item`).Scan(&items); err != nil {
				return err
			}
			return tx.QueryRow(`SELECT COUNT(*) FROM paper_tax_row`).Scan(&rows)
		}))
		if items != 1 || rows != 1 {
			o.t.Errorf("%d items in %d rows are stored, want one in one", items, rows)
		}
	})
}

func TestATaxInvoiceThatDoesNotAddUpIsNotGivenOut(t *testing.T) {
	fine := func() *taxDraft {
		key := taxKey{id.New(), 1}
		d := &taxDraft{groups: []*taxGroup{{items: []taxItem{{taxKey: key, no: 1, supply: 10 * won, vat: won}}}}}
		d.Rows, d.Total = []TaxRow{{No: 1, Kind: TaxOfMonth, Total: taxedBy(10, 1)}}, taxedBy(10, 1)
		return d
	}
	if err := fine().addsUp(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(d *taxDraft){
		"two rows":           func(d *taxDraft) { d.groups = append(d.groups, d.groups[0]) },
		"in no row":          func(d *taxDraft) { d.groups[0].items[0].no = 0 },
		"not what stands in": func(d *taxDraft) { d.Rows[0].VAT += signed(won) },
		"whole won": func(d *taxDraft) {
			d.groups[0].items[0].supply++
			d.Rows[0].Supply++
			d.Rows[0].Total.Total++
		},
		"cannot":         func(d *taxDraft) { d.Rows[0].Kind = TaxCorrection },
		"not make their": func(d *taxDraft) { d.Total = Total{} },
	} {
		d := fine()
		spoil(d)
		if err := d.addsUp(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestACorrectionDoesNotWaitForAProfileAsOtherInvoicesDo(t *testing.T) {
	o := newOffice(t, "sqlite")
	o.client("demo")
	p := o.pays("demo", 1000*won)
	o.at("2026-11-01 01:00")
	o.issues("2026-10")
	o.profile("demo", Profile{})
	o.givesBack(p, 300*won)
	o.pays("demo", 50*won)
	o.at("2026-12-01 01:00")
	got := o.issues("2026-11")
	want := []figures{{1, 1, "demo", TaxCorrection, "2026-11-01", "2026-10-31", 0, 1, signed(-300 * won), signed(-30 * won), signed(-330 * won)}}
	if diff := cmp.Diff(want, figuresOf(got)); diff != "" || len(got.Errors) != 1 || got.Errors[0].Total != taxedBy(50, 5) || got.Rows[0].Buyer.Name != "demo 상사" {
		t.Errorf("got %+v (-want +got):\n%s", got, diff)
	}
}

func TestAMonthThatWasIssuedMeanwhileIsNotIssuedAgain(t *testing.T) {
	inOffices(t, func(o *office) {
		o.client("demo")
		o.pays("demo", 1000*won)
		o.at("2026-11-01 01:00")
		var draft *taxDraft
		o.must(o.d.Snapshot(t.Context(), "test", func(tx *db.Tx) (err error) { _, draft, err = o.papers.taxOf(tx, "2026-10"); return err }))
		first := o.issues("2026-10")
		o.do(func(tx *db.Tx) error { return o.papers.keepTax(tx, draft, id.New()) })
		if diff := cmp.Diff(first, o.invoices("2026-10")); diff != "" {
			o.t.Errorf("the second changed it:\n%s", diff)
		}
	})
}

// sheet reads a file of the form back, as raw values.
func (o *office) sheet(month string, n int) (rows [][]string, f *excelize.File) {
	o.t.Helper()
	text, err := o.invoices(month).File(n)
	o.must(err)
	f, err = excelize.OpenReader(bytes.NewReader(text))
	o.must(err)
	rows, err = f.GetRows(f.GetSheetList()[0], excelize.Options{RawCellValue: true})
	o.must(err)
	return rows, f
}

func TestTheFormIsWrittenAsItAlwaysWas(t *testing.T) {
	o := newOffice(t, "sqlite")
	o.client("books")
	o.client("flowers")
	o.at("2026-10-03 10:00")
	p := o.pays("flowers", 1_234_567*won)
	o.pays("books", 1000*won)
	o.at("2026-11-01 01:00")
	o.issues("2026-10")
	o.givesBack(p, 234_567*won)
	var out strings.Builder
	for _, month := range []string{"2026-10", "2026-11"} {
		rows, f := o.sheet(month, 1)
		if len(rows[5]) != 59 || len(taxForm) != 59 {
			t.Errorf("%d columns, want 59", len(rows[5]))
		}
		for y, row := range rows {
			for x, cell := range row {
				at, _ := excelize.CoordinatesToCellName(x+1, y+1)
				kind, err := f.GetCellType(taxSheet, at)
				o.must(err)
				if cell == "" && y >= taxHeadRow && kind != excelize.CellTypeUnset {
					t.Errorf("%s is an empty text, and not empty", at)
				}
				if cell == "" || month == "2026-11" && y < taxHeadRow {
					continue
				}
				formula, err := f.GetCellFormula(taxSheet, at)
				o.must(err)
				word := map[excelize.CellType]string{excelize.CellTypeSharedString: "text", excelize.CellTypeUnset: "number"}[kind]
				out.WriteString(month + " " + at + " " + word + " " + strconv.Quote(cell) + "\n")
				if formula != "" || word == "" {
					t.Errorf("%s: formula %q, type %v", at, formula, kind)
				}
			}
		}
	}
	if *update {
		o.must(os.WriteFile("testdata/tax_form.txt", []byte(out.String()), 0o600))
	}
	want, err := os.ReadFile("testdata/tax_form.txt")
	o.must(err)
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n, ok := range map[int]bool{0: false, 1: true, 2: false, -1: false} {
		if _, err := o.invoices("2026-10").File(n); fault.Is(err, fault.Invalid) == ok {
			t.Errorf("file %d: %v", n, err)
		}
	}
	if _, err := (&TaxInvoices{}).File(1); err != nil {
		t.Errorf("an empty month: %v", err)
	}
}

func TestNoFileHasMoreRowsThanTheFormTakes(t *testing.T) {
	d := &taxDraft{}
	for range 201 {
		d.Rows = append(d.Rows, TaxRow{Kind: TaxOfMonth})
	}
	for range 101 {
		d.Rows = append(d.Rows, TaxRow{Kind: TaxCorrection})
	}
	d.fileRows()
	in := map[int]int{}
	for _, r := range d.Rows {
		in[r.File]++
	}
	if diff := cmp.Diff(map[int]int{1: 100, 2: 100, 3: 1, 4: 100, 5: 1}, in); diff != "" || d.Files != 5 {
		t.Errorf("%d files (-want +got):\n%s", d.Files, diff)
	}
}
