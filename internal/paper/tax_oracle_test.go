package paper

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"creditmsg/internal/billing"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// books is what an accountant would write down of an office, in exact decimals.
type books struct {
	*office
	paid   []*entry
	issued map[string]*TaxInvoices
	order  []string // of the issued months
	wrong  string
}

// entry is a payment in the books, with what went back.
type entry struct {
	billing.Payment
	apart bool // another paper stands for it
	month string
	sum   sum
	back  sum // so far
	backs map[string]sum
	days  map[string]string // on which each of them went back
}

// sum is supply and VAT in won.
type sum struct{ supply, vat decimal.Decimal }

func (a sum) plus(b sum) sum  { return sum{a.supply.Add(b.supply), a.vat.Add(b.vat)} }
func (a sum) minus(b sum) sum { return sum{a.supply.Sub(b.supply), a.vat.Sub(b.vat)} }
func (a sum) is(t Total) bool {
	return a.supply.Equal(exact(t.Supply)) && a.vat.Equal(exact(t.VAT)) && a.supply.Add(a.vat).Equal(exact(t.Total))
}

func exact(a signed) decimal.Decimal { return decimal.New(int64(a), -4) }

// tax is a tenth, rounded half up to whole won.
func tax(supply decimal.Decimal) decimal.Decimal { return supply.Div(decimal.New(10, 0)).Round(0) }

// act is one thing that happens; its numbers mean what the kind of act makes of them.
type act struct {
	Kind    string
	A, B, C int
}

var acts = []string{"pay", "pay", "pay", "back", "back", "back", "card", "receipt", "late", "profile", "days", "days", "month", "issue", "issue"}

var clients = []string{"alpha", "beta", "gamma"}

func (b *books) play(a act) {
	switch a.Kind {
	case "pay":
		b.took(b.pays(clients[a.A%3], money.Amount(1+a.B)*won), false)
	case "card":
		b.took(b.asks(clients[a.A%3], payment.Card, nil), true)
	case "receipt":
		p := b.asks(clients[a.A%3], payment.Transfer, &billing.CashReceipt{Identity: "01012345678"})
		p, err := b.billing.Arrived(b.t.Context(), p.Site, p.ID)
		b.must(err)
		b.took(p, true)
	case "late":
		now := b.clock.Load()
		b.clock.Add(-(time.Duration(1+a.C%90) * 24 * time.Hour).Microseconds())
		b.took(b.pays(clients[a.A%3], money.Amount(1+a.B)*won), false)
		b.clock.Store(now)
	case "back":
		b.takeBack(a)
	case "profile":
		p := []Profile{complete(clients[a.A%3]), {}, {Paper: CashReceiptPerson, CashReceiptNumber: "01012345678"}}[a.B%3]
		b.profile(clients[a.A%3], p)
	case "days":
		b.clock.Add((time.Duration(1+a.A%9) * 24 * time.Hour).Microseconds())
	case "month":
		b.nextMonth()
	case "issue":
		b.issueNext()
	}
}

func (b *books) now() time.Time { return time.UnixMicro(b.clock.Load()).In(korea.Seoul) }

func (b *books) nextMonth() {
	now := b.now()
	b.clock.Store(time.Date(now.Year(), now.Month()+1, 1, 1, 0, 0, 0, korea.Seoul).UnixMicro())
}

func (b *books) took(p billing.Payment, apart bool) {
	supply := decimal.New(int64(p.Amount), -4)
	b.paid = append(b.paid, &entry{Payment: p, apart: apart, month: korea.Month(p.PaidAt.Time()), sum: sum{supply, tax(supply)}, backs: map[string]sum{}, days: map[string]string{}})
}

// takeBack gives a part of a payment back, or all that is left.
func (b *books) takeBack(a act) {
	if len(b.paid) == 0 {
		return
	}
	e := b.paid[a.A%len(b.paid)]
	left := e.sum.supply.Sub(e.back.supply).IntPart()
	if left == 0 || b.now().Before(e.PaidAt.Time()) {
		return
	}
	part := left
	if a.C%3 > 0 {
		part = 1 + int64(a.B)%left
	}
	c := b.givesBack(e.Payment, money.Amount(part)*won)
	whole := sum{e.back.supply.Add(decimal.New(part, 0)), decimal.Zero}
	if whole.vat = tax(whole.supply); part == left {
		whole.vat = e.sum.vat
	}
	e.backs[c.ID.Text(id.Cancel)] = whole.minus(e.back)
	e.days[c.ID.Text(id.Cancel)] = korea.Day(b.now())
	e.back = whole
}

// issueNext issues the month that is the next in order, if it has ended.
func (b *books) issueNext() bool {
	next := ""
	if len(b.order) > 0 {
		next = monthAfter(b.order[len(b.order)-1])
	} else {
		for _, e := range b.paid {
			if e.Method != payment.Card && (next == "" || e.month < next) {
				next = e.month
			}
		}
	}
	if next == "" || next >= korea.Month(b.now().Add(-time.Hour)) {
		return false
	}
	drafted := b.invoices(next)
	t := b.issues(next)
	b.order = append(b.order, next)
	b.issued[next] = t
	if fmt.Sprint(figuresOf(drafted)) != fmt.Sprint(figuresOf(t)) {
		b.fail("%s was drafted otherwise than it was issued", next)
	}
	return true
}

func (b *books) fail(format string, args ...any) {
	if b.wrong == "" {
		b.wrong = fmt.Sprintf(format, args...)
	}
}

// audit holds everything that was issued against the books. ended says that nothing waits.
func (b *books) audit(ended bool) {
	whole := map[string]sum{} // by payment and cancellation
	want, got := map[string]int{}, map[string]int{}
	all, rows := sum{}, sum{}
	for _, e := range b.paid {
		name := e.ID.Text(id.Payment)
		whole[name] = e.sum
		for c, back := range e.backs {
			whole[c] = sum{}.minus(back)
		}
		if gone := e.Method == payment.Transfer && e.back.supply.Equal(e.sum.supply); e.apart && !gone {
			continue // no cash receipt is issued for nothing, so what is all given back needs no paper
		}
		want[name], all = 1, all.plus(e.sum)
		for c, back := range e.backs {
			want[c], all = 1, all.minus(back)
		}
	}
	for _, month := range b.order {
		t := b.issued[month]
		if again := b.invoices(month); mustJSON(again) != mustJSON(t) {
			b.fail("%s is another one now", month)
		}
		total := sum{}
		for _, r := range t.Rows {
			s := sum{}
			for _, name := range slices.Concat(r.Payments, r.Cancellations) {
				got[name]++
				s = s.plus(whole[name])
			}
			if !s.is(r.Total) {
				b.fail("%s, row %d: %v stands in it, which makes %v", month, r.No, r, s)
			}
			total = total.plus(s)
			b.dated(month, r)
		}
		if rows = rows.plus(total); !total.is(t.Total) {
			b.fail("%s: %v in all, want %v", month, t.Total, total)
		}
		for _, n := range t.Netted {
			s := sum{}
			for _, name := range slices.Concat(n.Payments, n.Cancellations) {
				got[name]++
				s = s.plus(whole[name])
			}
			if !s.is(Total{}) {
				b.fail("%s: %v is said to make nothing, and makes %v", month, n, s)
			}
		}
	}
	for name, n := range got {
		if n != 1 || want[name] != 1 {
			b.fail("%s stands in %d rows, want %d", name, n, want[name])
		}
	}
	if !ended {
		return
	}
	for name := range want {
		if got[name] != 1 {
			b.fail("%s stands in no row", name)
		}
	}
	if !rows.supply.Equal(all.supply) || !rows.vat.Equal(all.vat) {
		b.fail("the rows make %v, the books %v", rows, all)
	}
}

// dated holds a row to the months, or a correction to the day, of what stands in it.
func (b *books) dated(month string, r TaxRow) {
	for _, e := range b.paid {
		for _, c := range r.Cancellations {
			if day := e.days[c]; r.Kind == TaxCorrection && day != "" && day != r.Date {
				b.fail("%s, row %d: %v went back on %s", month, r.No, r, day)
			}
		}
		if !slices.Contains(r.Payments, e.ID.Text(id.Payment)) {
			continue
		}
		if late := e.month < month; r.Date != lastDayOf(e.month) || late != (r.Kind == TaxLate) || e.Site != r.Site {
			b.fail("%s, row %d: %v has a payment of %s in %s", month, r.No, r, e.Site, e.month)
		}
	}
	if r.Kind == TaxCorrection && (len(r.Payments) > 0 || r.Date > lastDayOf(month) || r.Original == "" || r.Total.Total >= 0) {
		b.fail("%s, row %d: %v is no correction", month, r.No, r)
	}
}

func mustJSON(t *TaxInvoices) string {
	text, err := t.JSON()
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// TestEachPaymentAndEachCancellationStandsInOneRow plays random offices against the books.
func TestEachPaymentAndEachCancellationStandsInOneRow(t *testing.T) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		number := rapid.IntRange(0, 100_000)
		todo := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) act {
			return act{rapid.SampledFrom(acts).Draw(rt, "kind"), number.Draw(rt, "a"), number.Draw(rt, "b"), number.Draw(rt, "c")}
		}), 1, 30).Draw(rt, "acts")
		wrong := ""
		n++
		t.Run(fmt.Sprint(n), func(t *testing.T) { // whose database ends with it
			b := &books{office: newOffice(t, "sqlite"), issued: map[string]*TaxInvoices{}}
			for _, name := range clients {
				b.client(name)
			}
			for _, a := range todo {
				if b.play(a); a.Kind == "issue" {
					b.audit(false)
				}
			}
			for _, name := range clients {
				b.profile(name, complete(name))
			}
			b.nextMonth()
			for b.issueNext() {
			}
			b.nextMonth() // for what was booked late into issued months, there is one more
			b.issueNext()
			b.audit(true)
			wrong = b.wrong
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}
