package manual

import (
	"errors"
	"testing"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

const to = "국민은행 123-45-6789 (주)크레딧"

func newAccount(t *testing.T) payment.Gateway {
	t.Helper()
	g, err := New(payment.Account{Name: "bank", TransferTo: " " + to + "\n"})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestATransferWaitsForTheOperator(t *testing.T) {
	g := newAccount(t)
	o := payment.Order{ID: "order-1", Method: payment.Transfer, Amount: 11000 * money.Won}
	for what, r := range map[string]payment.Result{"begun": g.Begin(t.Context(), o), "found": g.Find(t.Context(), o)} {
		if r.State != payment.Waiting || r.Account == nil || r.Account.Text != to || r.Amount != o.Amount {
			t.Errorf("%s: got %+v", what, r)
		}
	}
	o.Amount++
	if r := g.Begin(t.Context(), o); r.State != payment.Failed || r.Reason != payment.BadRequest {
		t.Errorf("a fraction of a won: got %+v", r)
	}
}

func TestNothingElseIsSupported(t *testing.T) {
	g, ctx, now := newAccount(t), t.Context(), time.Now()
	o := payment.Order{ID: "order-1", Method: payment.Card, Amount: money.Won}
	for what, reason := range map[string]payment.Reason{
		"begin":          g.Begin(ctx, o).Reason,
		"confirm":        g.Confirm(ctx, o, nil).Reason,
		"charge":         g.Charge(ctx, o, payment.Token{}).Reason,
		"cancel":         g.Cancel(ctx, payment.Cancellation{}).Reason,
		"begin a token":  g.BeginToken(ctx, payment.Registration{}).Reason,
		"finish a token": g.FinishToken(ctx, payment.Registration{}, nil).Reason,
		"receipt":        g.Receipt(ctx, payment.CashReceipt{}).Reason,
		"take back":      g.TakeBack(ctx, payment.CashReceipt{}).Reason,
	} {
		if reason != payment.NotSupported {
			t.Errorf("%s: got %s, want %s", what, reason, payment.NotSupported)
		}
	}
	if err := g.RemoveToken(ctx, payment.Token{}); !errors.Is(err, payment.ErrNotSupported) {
		t.Errorf("remove a token: got %v", err)
	}
	if _, err := g.Transactions(ctx, now, now, ""); !errors.Is(err, payment.ErrNotSupported) {
		t.Errorf("transactions: got %v", err)
	}
	if n, err := g.Notice(nil, []byte("{}"), now); err == nil {
		t.Errorf("a notice: got %+v", n)
	}
	if c := g.Capabilities(); !c.Takes(payment.Transfer) || c.Takes(payment.Card) || c.Tokens || c.Partial || c.CashReceipts || c.Lists {
		t.Errorf("capabilities: got %+v", c)
	}
}

func TestAnAccountThatNobodyCanTransferToIsRefused(t *testing.T) {
	if _, err := New(payment.Account{Name: "bank", TransferTo: " "}); err == nil {
		t.Error("got no error")
	}
}
