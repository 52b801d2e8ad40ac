package paper

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
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
	"creditmsg/internal/payment/manual"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// office is an operator whose clock stands where the test says.
type office struct {
	*world
	url   string
	clock *atomic.Int64
}

// till is a gateway that takes cards at once, and otherwise the operator's account.
type till struct{ payment.Gateway }

func (till) Capabilities() payment.Capabilities {
	return payment.Capabilities{Methods: []payment.Method{payment.Card, payment.Transfer}, Least: won}
}

func (g till) Begin(ctx context.Context, o payment.Order) payment.Result {
	if o.Method == payment.Card {
		return payment.Result{State: payment.Paid, Amount: o.Amount, Ref: o.ID, Slip: true}
	}
	return g.Gateway.Begin(ctx, o)
}

func newOffice(t testing.TB, engine string) *office {
	o := &office{clock: &atomic.Int64{}, url: dbtest.Migrated(t, engine)}
	o.at("2026-10-01 09:00")
	w, papers := o.desk(t)
	o.world = w
	w.papers = papers
	o.profile(site.Operator, Profile{BusinessNumber: "124-81-00998", Name: "메시지 주식회사", Representative: "김대표", Address: "서울시", BusinessType: "정보통신업",
		BusinessItem: "문자 발송", Email: "tax@operator.example"})
	return o
}

// desk is one process of the office.
func (o *office) desk(t testing.TB) (*world, *Papers) {
	d := dbtest.Connect(t, o.url, db.Options{Now: func() time.Time { return time.UnixMicro(o.clock.Load()).UTC() }})
	w := &world{t: t, d: d, keys: site.NewKeys(d, nil)}
	w.must(w.keys.Prepare(context.Background()))
	w.queue = queue.New(d, queue.Options{})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	bank, err := manual.New(payment.Account{Name: "bank", TransferTo: "국민은행 1"})
	w.must(err)
	w.billing, err = billing.New(d, w.keys, w.ledger, w.queue, []billing.Gateway{{Account: payment.Account{Name: "till"}, Adapter: till{bank}}}, billing.Options{})
	w.must(err)
	return w, New(w.keys, w.ledger, w.billing)
}

// at sets the clock: a moment in Korea.
func (o *office) at(moment string) {
	when, err := korea.ParseTime(moment)
	if err != nil {
		panic(errors.New(moment))
	}
	o.clock.Store(when.UnixMicro())
}

func (o *office) profile(owner string, p Profile) {
	o.t.Helper()
	o.do(func(tx *db.Tx) error { _, err := o.papers.SetProfile(tx, owner, p); return err })
}

// client makes a site whose profile asks for tax invoices.
func (o *office) client(name string) {
	o.t.Helper()
	o.site(name)
	o.profile(name, complete(name))
}

func complete(name string) Profile {
	return Profile{BusinessNumber: "1248100998", Name: name + " 상사", Representative: "=홍길동", Address: "@부산", BusinessType: "+소매", BusinessItem: "-꽃",
		Email: name + "@example.com", Paper: TaxInvoice}
}

// pays books what came to the operator's account.
func (o *office) pays(siteID string, amount money.Amount) (p billing.Payment) {
	o.t.Helper()
	o.do(func(tx *db.Tx) (err error) {
		p, _, err = o.billing.Record(tx, billing.Recording{Site: siteID, Amount: amount, Note: "입금"})
		return err
	})
	return p
}

func (o *office) asks(siteID string, m payment.Method, receipt *billing.CashReceipt) billing.Payment {
	o.t.Helper()
	p, err := o.billing.Begin(o.t.Context(), billing.Request{Site: siteID, Method: m, Amount: 50_000 * won, ReturnURL: "https://x.example/",
		Back: func(string) string { return "https://y.example/" }, Receipt: receipt})
	o.must(err)
	return p
}

func (o *office) givesBack(p billing.Payment, amount money.Amount) billing.Cancellation {
	o.t.Helper()
	c, err := o.billing.Cancel(context.Background(), billing.CancelRequest{Site: p.Site, Payment: p.ID, Amount: amount, Reason: "고객 요청", ByHand: true})
	o.must(err)
	return c
}

// invoices are those of a month, as they stand.
func (o *office) invoices(month string) *TaxInvoices {
	o.t.Helper()
	t, err := o.looked(month)
	o.must(err)
	return t
}

func (o *office) looked(month string) (out *TaxInvoices, err error) {
	err = o.d.Snapshot(context.Background(), "test", func(tx *db.Tx) (err error) { out, err = o.papers.TaxInvoices(tx, month); return err })
	return out, err
}

func (o *office) issues(month string) *TaxInvoices {
	o.t.Helper()
	t, err := o.papers.IssueTaxInvoices(context.Background(), o.d, month)
	o.must(err)
	return t
}

// refuses wants an issue to be refused, with a code and some words.
func (o *office) refuses(month string, code string, words string) {
	o.t.Helper()
	_, err := o.papers.IssueTaxInvoices(context.Background(), o.d, month)
	if f := fault.Of(err); err == nil || f.Code != code || !strings.Contains(f.Public, words) {
		o.t.Errorf("%s: got %v, want %s and %q", month, err, code, words)
	}
}
