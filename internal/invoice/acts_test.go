package invoice

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
)

// shop is a world with one site, whose texts were delivered through whichever carrier.
func shop(t *testing.T, engine string, texts int) (*world, []row) {
	t.Helper()
	w := newWorld(t, engine)
	w.site("site-0")
	for len(w.carriers["carrier-a"].book) < texts {
		w.send("site-0", message.SMSOnly, "예약 확정", w.phone(0), w.phone(0))
	}
	w.report()
	return w, rowsOf(w.carriers["carrier-a"].book)
}

func (w *world) imported(rows []row, r Request) Invoice {
	w.t.Helper()
	r.Provider = "carrier-a"
	v, err := w.service.Import(context.Background(), bytes.NewReader(file(rows, true)), r)
	w.must(err)
	return v
}

// kindsOf tells how many differences of each kind there are.
func kindsOf(v Invoice) string {
	var parts []string
	for _, k := range v.Kinds {
		parts = append(parts, fmt.Sprintf("%s %d", k.Kind, k.Count))
	}
	return strings.Join(parts, ", ")
}

func (w *world) wants(v Invoice, want string) {
	w.t.Helper()
	if got := kindsOf(v); got != want {
		w.t.Errorf("got the differences %q, want %q", got, want)
	}
}

func eachEngine(t *testing.T, test func(t *testing.T, engine string)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(t, engine) })
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error { return tx.QueryRow(query, args...).Scan(&n) }))
	return n
}

func TestAFileIsOneInvoiceHoweverOftenItIsImported(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		w, rows := shop(t, engine, 3)
		rows[0].code, rows[0].price = "3032", "0"
		first := w.imported(rows, Request{})
		w.wants(first, "charged_but_failed 1")
		again := w.imported(rows, Request{Prices: map[string]string{"sms": "8"}, Total: "1000"})
		if again.ID != first.ID || again.Stated != 1000*money.Won || again.Off == "" {
			t.Errorf("got %+v, want invoice %s with its total", again, first.Name)
		}
		w.wants(again, fmt.Sprintf("charged_but_failed 1, other_price %d", len(rows)-1))
		if n := w.count(`SELECT COUNT(*) FROM invoice_line`); n != len(rows) {
			t.Errorf("%d lines are stored, want %d", n, len(rows))
		}
		if _, err := w.service.Apply(context.Background(), first.Name, nil, true); err != nil {
			t.Fatal(err)
		}
		frozen := w.imported(rows, Request{Total: "5"})
		if frozen.Posted == nil || frozen.Stated != again.Stated || kindsOf(frozen) != kindsOf(again) {
			t.Errorf("after the posting it is %+v, want it as it was", frozen)
		}
	})
}

func TestALegIsGivenBackOnceWhicheverInvoicesSaySo(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		w, rows := shop(t, engine, 3)
		rows[0].code, rows[0].price = "3032", "0"
		first := w.imported(rows, Request{})
		rows[1].code, rows[1].price = "3032", "0"
		second := w.imported(rows, Request{})
		ctx, had := context.Background(), w.available()
		for i, v := range []Invoice{first, second, first, second} {
			done, err := w.service.Apply(ctx, v.Name, nil, true)
			w.must(err)
			want := []Applied{{Legs: 1, Refunds: 1, Amount: 18 * money.Won}, {Legs: 1, Refunds: 1, Amount: 18 * money.Won, Before: 1}, {}, {}}[i]
			want.Confirmed = true
			if diff := cmp.Diff(want, done); diff != "" {
				t.Errorf("posting %d (-want +got):\n%s", i+1, diff)
			}
		}
		if got := w.available() - had; got != 36*money.Won {
			t.Errorf("the site got %s back, want 36", got)
		}
		w.prove()
	})
}

func TestNoMoreIsGivenBackThanTheUsageStillHas(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		w := newWorld(t, engine)
		w.site("site-0")
		for len(w.carriers["carrier-a"].book) == 0 {
			w.send("site-0", message.SMSOnly, "예약 확정", w.phone(0))
		}
		w.report()
		rows := rowsOf(w.carriers["carrier-a"].book)
		rows[0].code, rows[0].price = "3032", "0"
		v := w.imported(rows, Request{})
		d := w.differences(v)[0]
		w.must(w.d.Update(t.Context(), "test", func(tx *db.Tx) error {
			spent, err := w.ledger.Usages(tx, d.site, d.message, [16]byte{}, 1)
			if err != nil {
				return err
			}
			_, _, err = w.ledger.Refund(tx, credit.RefundRequest{Site: d.site, Usage: spent[0].ID, Amount: 10 * money.Won, Reason: "by hand", Strategy: message.StrategyOf})
			return err
		}))
		for _, confirm := range []bool{false, true} {
			done, err := w.service.Apply(t.Context(), v.Name, nil, confirm)
			w.must(err)
			if done.Amount != 8*money.Won || done.Short != 10*money.Won {
				t.Errorf("got %+v, want 8 won and 10 short", done)
			}
		}
		w.prove()
	})
}

func TestOneLineSpeaksForALeg(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		w, rows := shop(t, engine, 2)
		sms := rows[0]
		sms.code, sms.price = "3032", "0" // a try of theirs that cost nothing, before the one that they bill
		w.wants(w.imported(append([]row{sms}, rows...), Request{}), "")
		w.wants(w.imported(append(append([]row{}, rows...), sms), Request{}), "")
	})
}

func TestANumberThatACallHasTwiceIsMatchedTwice(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		w := newWorld(t, engine)
		w.site("site-0")
		number := w.phone(0)
		for len(w.carriers["carrier-a"].book) == 0 {
			draft, err := w.messages.Draft(t.Context(), "site-0", message.Request{Strategy: message.SMSOnly, Text: &message.TextRequest{Body: "예약 확정"}, AllowDuplicates: true})
			w.must(err)
			for range 2 {
				w.must(draft.Add(t.Context(), number, nil))
			}
			_, err = draft.Accept(t.Context(), nil)
			w.must(err)
			w.drain()
		}
		w.report()
		rows := rowsOf(w.carriers["carrier-a"].book)
		if len(rows) != 2 || rows[0].call != rows[1].call {
			t.Fatalf("got %+v, want two legs of one call", rows)
		}
		v, err := w.service.Import(t.Context(), bytes.NewReader(file(append(rows, rows[0]), false)), Request{Provider: "carrier-a"})
		w.must(err)
		w.wants(v, "billed_twice 1")
	})
}

// TestLinesOfForgottenPeopleAreMatchedByCallAndNumber has a carrier that names no reference of
// ours bill people whose numbers were forgotten since.
func TestLinesOfForgottenPeopleAreMatchedByCallAndNumber(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		w, rows := shop(t, engine, 4)
		month := korea.Month(w.read())
		w.pass(31 * 24 * time.Hour)
		w.drain()
		f := message.Forgetting{Site: "site-0", Render: func(message.Receipt) []byte { return nil }}
		out, _, err := w.messages.ForgetMessages(t.Context(), f, db.At(w.read()), id.ID{})
		w.must(err)
		if out.People == 0 {
			t.Error("nobody was forgotten")
		}
		v, err := w.service.Import(t.Context(), bytes.NewReader(file(rows, false)), Request{Provider: "carrier-a", Month: month})
		w.must(err)
		w.wants(v, "")
	})
}

func TestTheTurnOfAMonthIsNobodysError(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		w, rows := shop(t, engine, 4)
		month, now := korea.Month(w.read()), w.read().In(korea.Seoul)
		first := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, korea.Seoul)
		moved := append([]row{}, rows[0])
		moved[0].sent = first.UTC()
		w.wants(w.imported(moved, Request{Month: korea.Month(first)}), "")
		w.wants(w.imported(rows[1:], Request{Month: month}), "")
		w.wants(w.imported(rows, Request{Month: month}), "billed_twice 1")
		d := w.differences(w.imported(rows, Request{Month: month}))[0]
		if d.TwinInvoice == "" || d.Twin != 2 || d.Claim == 0 {
			t.Errorf("got %+v, want the line of the other invoice", d)
		}
	})
}

func TestTheLaterOfTwoImportsCounts(t *testing.T) {
	w, rows := shop(t, "sqlite", 2)
	ctx, text := context.Background(), file(rows, true)
	j := &run{Service: w.service, Request: Request{Provider: "carrier-a"}, tally: map[Kind]*KindSum{}}
	w.must(j.check())
	digest, err := digestFile(bytes.NewReader(text), "")
	w.must(err)
	w.must(j.survey(ctx, bytes.NewReader(text)))
	_, err = j.begin(ctx, digest)
	w.must(err)
	w.must(j.store(ctx, bytes.NewReader(text))) // and here its process dies, or is slow
	if _, err := w.service.Apply(ctx, j.id.Text(id.Invoice), nil, true); !fault.Is(err, fault.Conflict) {
		t.Errorf("applying an invoice that is not compared: %v, want a conflict", err)
	}
	v := w.imported(rows, Request{})
	if v.ID != j.id || v.State != Ready || v.Lines != int64(len(rows)) {
		t.Errorf("got %+v, want invoice %s taken over", v, j.id)
	}
	if err := j.end(ctx); !fault.Is(err, fault.Conflict) {
		t.Errorf("the earlier import goes on with %v, want a conflict", err)
	}
	w.wants(v, "")
}

func TestNothingOfAFileWithAFaultIsStored(t *testing.T) {
	w := newWorld(t, "sqlite")
	text := "reference,price\nx,8\n" + strings.Repeat("x,cheap\n", 250)
	_, err := w.service.Import(t.Context(), strings.NewReader(text), Request{Provider: "carrier-a", Month: "2026-11"})
	if f := fault.Of(err); err == nil || len(f.Fields) != mostComplaints || f.Fields[0].Pointer != "/lines/3/price" || !strings.Contains(f.Public, "250") {
		t.Errorf("got %v, want 250 faults of which %d are listed", err, mostComplaints)
	}
	if n := w.count(`SELECT COUNT(*) FROM invoice`) + w.count(`SELECT COUNT(*) FROM invoice_line`); n != 0 {
		t.Errorf("%d rows are stored", n)
	}
}

func TestNoNumberAndNoFreeTextIsStoredInTheClear(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		w := newWorld(t, engine)
		text := "reference,number,result,price,memo\n김하나님 예약,010-1234-5678,성공,8.4,김하나\n"
		v, err := w.service.Import(t.Context(), strings.NewReader(text), Request{Provider: "carrier-a", Kind: "other", Month: "2026-11"})
		w.must(err)
		w.wants(v, "unknown_to_us 1")
		if n := w.count(`SELECT COUNT(*) FROM invoice_line WHERE ref IS NULL AND call_id IS NULL AND upstream_id IS NULL AND code = '' AND channel = '' AND mobile IS NOT NULL`); n != 1 {
			t.Error("something of the line is stored that need not be")
		}
		var out bytes.Buffer
		w.must(w.service.WriteCSV(t.Context(), &out, v.Name, Paper{Claims: true}))
		if !strings.Contains(out.String(), ",01012345678,") || !strings.Contains(out.String(), ",8.40") || strings.Contains(out.String(), "고객 과금") {
			t.Errorf("the list of claims is %s", out.String())
		}
	})
}
