package credit

import (
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/stat"

	"github.com/google/go-cmp/cmp"
)

// bySMS says by which strategy the message of a refund was sent; there is none in these tests.
func bySMS(r RefundRequest) RefundRequest {
	r.Strategy = func(*db.Tx, string, id.ID) (string, error) { return "sms_only", nil }
	return r
}

// refund makes one that must be possible.
func (w *world) refund(r RefundRequest) (made Refunded, left money.Amount) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) { made, left, err = w.l.Refund(tx, bySMS(r)); return err })
	return made, left
}

func (w *world) refundErr(r RefundRequest) error {
	w.t.Helper()
	return w.try(func(tx *db.Tx) error { _, _, err := w.l.Refund(tx, bySMS(r)); return err })
}

// spend sends a message for this much and gives its usage.
func (w *world) spend(s string, amount money.Amount) Usage {
	w.t.Helper()
	m := w.hold(s, amount)
	w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 1, amount)}})
	return w.usages(s, m)[0]
}

func TestARefundGivesBackWhatWasSpentLastFirst(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		soon := noon.Add(time.Hour)
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won, ExpiresAt: soon})
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won, ExpiresAt: noon.Add(90 * day)})
		w.add(TopUp{Site: s, Kind: Payment, Amount: 30 * won, ExpiresAt: noon.Add(2 * day)})
		u := w.spend(s, 40*won)
		if _, left := w.refund(RefundRequest{Site: s, Usage: u.ID, Amount: 25 * won, Reason: "late"}); left != 15*won {
			t.Errorf("%s are left, want 15.00", left)
		}
		if _, left := w.refund(RefundRequest{Site: s, Usage: u.ID, Amount: 15 * won, Reason: "late"}); left != 0 {
			t.Errorf("%s are left, want none", left)
		}
		type back struct {
			Kind    string
			Amount  money.Amount
			Expires db.Time
		}
		var got []back
		for _, l := range w.lots(s)[3:] {
			got = append(got, back{l.kind, l.opened, l.expires})
		}
		want := []back{
			{bonusLot, 5 * won, noon.Add(90 * day)}, {paidLot, 20 * won, 0}, // the first: paid credit does not expire any more
			{bonusLot, 10 * won, noon.Add(30 * day)}, {bonusLot, 5 * won, noon.Add(90 * day)}, // a bonus lives 30 days at least
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("lots (-want +got):\n%s", diff)
		}
		if a := w.account(s); a.Available != 50*won || a.Spent != 0 {
			t.Errorf("available %s, spent %s", a.Available, a.Spent)
		}
	})
}

func TestMoreThanIsLeftOfAUsageIsRefusedAndSaysWhatIsLeft(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		u := w.spend(s, 18*won)
		w.refund(RefundRequest{Site: s, Usage: u.ID, Amount: 10 * won, Reason: "late"})
		before := w.account(s)
		err := w.refundErr(RefundRequest{Site: s, Usage: u.ID, Amount: 8*won + 1, Reason: "late"})
		f := fault.Of(err)
		if f == nil || f.Code != fault.CodeRefundExceeds || f.Kind != fault.Conflict || f.Extra["refundable"] != 8*won {
			t.Errorf("got %v %+v, want refund_exceeds with 8.00", err, f)
		}
		if diff := cmp.Diff(before, w.account(s)); diff != "" {
			t.Errorf("the account changed:\n%s", diff)
		}
	})
}

func TestAKeyIsGoodForOneRefund(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		u, other := w.spend(s, 18*won), w.spend(s, 18*won)
		r := RefundRequest{Site: s, Usage: u.ID, Amount: 9 * won, Reason: "late", Key: "ticket 7"}
		first, _ := w.refund(r)
		again, left := w.refund(r)
		if diff := cmp.Diff(first, again); diff != "" || left != 9*won {
			t.Errorf("%s left; the repeat differs (-first +again):\n%s", left, diff)
		}
		for why, wrong := range map[string]RefundRequest{
			"another amount": {Site: s, Usage: u.ID, Amount: 8 * won, Reason: "late", Key: "ticket 7"},
			"another usage":  {Site: s, Usage: other.ID, Amount: 9 * won, Reason: "late", Key: "ticket 7"},
		} {
			if f := fault.Of(w.refundErr(wrong)); f == nil || f.Code != fault.CodeIdempotencyMismatch {
				t.Errorf("%s: got %v, want %s", why, f, fault.CodeIdempotencyMismatch)
			}
		}
		var list []Refunded
		w.view(func(tx *db.Tx) (err error) { list, err = w.l.Refunds(tx, s, u.Message, other.Message); return err })
		if diff := cmp.Diff([]Refunded{first}, list); diff != "" {
			t.Errorf("refunds (-want +got):\n%s", diff)
		}
	})
}

func TestARefundThatCannotBeIsRefused(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		u := w.spend(s, 18*won)
		for why, c := range map[string]struct {
			r    RefundRequest
			kind fault.Kind
		}{
			"nothing":         {RefundRequest{Site: s, Usage: u.ID, Reason: "late"}, fault.Invalid},
			"less":            {RefundRequest{Site: s, Usage: u.ID, Amount: -won, Reason: "late"}, fault.Invalid},
			"no reason":       {RefundRequest{Site: s, Usage: u.ID, Amount: won}, fault.Invalid},
			"no such usage":   {RefundRequest{Site: s, Usage: id.New(), Amount: won, Reason: "late"}, fault.NotFound},
			"another's usage": {RefundRequest{Site: w.site("other"), Usage: u.ID, Amount: won, Reason: "late"}, fault.NotFound},
		} {
			if err := w.refundErr(c.r); !fault.Is(err, c.kind) {
				t.Errorf("%s: got %v, want kind %d", why, err, c.kind)
			}
		}
	})
}

func TestCreditIsTakenBackUpToWhatIsNeitherSpentNorHeld(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		paid := w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won, Ref: "pay_1"})
		bonus := w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won, Ref: "pay_1"})
		w.spend(s, 30*won) // the bonus, and 20 of the payment
		w.hold(s, 20*won)
		back := PaymentBack{Site: s, Lot: paid.Seq, Bonus: bonus.Seq, Amount: 60*won + 1, Ref: "pay_1"}
		err := w.try(func(tx *db.Tx) error { _, err := w.l.TakeBack(tx, back); return err })
		if f := fault.Of(err); f == nil || f.Code != fault.CodeCancelExceeds || f.Extra["cancellable"] != 60*won {
			t.Errorf("got %v, want cancel_exceeds with 60.00", err)
		}
		back.Amount = 60 * won
		var done TakenBack
		w.do(func(tx *db.Tx) (err error) { done, err = w.l.TakeBack(tx, back); return err })
		if diff := cmp.Diff(TakenBack{Paid: 60 * won, Entry: 6}, done); diff != "" {
			t.Errorf("taken (-want +got):\n%s", diff)
		}
		if a := w.account(s); a.Available != 0 || a.Held != 20*won || a.Owed != 0 {
			t.Errorf("account: %+v", a)
		}
	})
}

func TestABonusIsTakenBackInProportion(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		paid := w.add(TopUp{Site: s, Kind: Payment, Amount: 90 * won})
		bonus := w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won})
		take := func(amount money.Amount) (done TakenBack) {
			w.do(func(tx *db.Tx) (err error) {
				done, err = w.l.TakeBack(tx, PaymentBack{Site: s, Lot: paid.Seq, Bonus: bonus.Seq, Amount: amount})
				return err
			})
			return done
		}
		if got := take(30 * won).Bonus; got != 3*won+3333 {
			t.Errorf("a third took %s of the bonus, want 3.3333", got)
		}
		if got := take(60 * won).Bonus; got != 6*won+6667 {
			t.Errorf("the rest took %s of the bonus, want all of it", got)
		}
	})
}

func TestWhatIsGoneAndSpentIsOwedUntilLaterCreditRepaysIt(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		paid := w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		w.spend(s, 70*won)
		m := w.hold(s, 20*won)
		var done TakenBack
		w.do(func(tx *db.Tx) (err error) {
			done, err = w.l.TakeBack(tx, PaymentBack{Site: s, Lot: paid.Seq, Amount: 100 * won, Ref: "pay_1", Gone: true})
			return err
		})
		if diff := cmp.Diff(TakenBack{Paid: 10 * won, Owed: 90 * won, Entry: 5}, done); diff != "" {
			t.Errorf("taken (-want +got):\n%s", diff)
		}
		if r := w.reserve(Hold{Site: s, Message: id.New()})[0]; r == nil || r.Owed != 90*won {
			t.Errorf("a site that owes 90.00 may send: refusal %+v", r)
		}
		w.settle(Settlement{Site: s, Message: m, Released: 20 * won}) // what comes back repays
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 5 * won})           // a bonus does not
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		if a := w.account(s); a.Owed != 0 || a.Available != 35*won {
			t.Errorf("owed %s, available %s; want nothing and 35.00", a.Owed, a.Available)
		}
		if r := w.reserve(Hold{Site: s, Message: id.New(), Amount: 35 * won})[0]; r != nil {
			t.Errorf("refused although nothing is owed: %+v", r)
		}
	})
}

func TestARefundIsCountedOnItsOwnDay(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		u := w.spend(s, 18*won)
		w.now = w.now.Add(2 * day)
		today := korea.Day(w.now.Time())
		r := RefundRequest{Site: s, Usage: u.ID, Amount: 9 * won, Reason: "late", Key: "ticket 8"}
		w.refund(r)
		w.refund(r) // the first again
		if err := w.refundErr(RefundRequest{Site: s, Usage: u.ID, Amount: 10 * won, Reason: "late"}); err == nil {
			t.Error("a refund of more than is left was made")
		}
		w.now = w.now.Add(day)
		w.refund(RefundRequest{Site: s, Usage: u.ID, Amount: 1 * won, Reason: "late"})
		var got []stat.Row
		w.do(func(tx *db.Tx) (err error) {
			q := stat.Query{From: today, Until: korea.Day(w.now.Time()), By: stat.ByDay | stat.ByChannel | stat.ByStrategy | stat.ByProvider}
			got, err = stat.Read(tx, s, q)
			return err
		})
		want := []stat.Row{
			{Day: today, Channel: provider.SMS, Strategy: "sms_only", Figures: stat.Figures{Refunded: 9 * won}},
			{Day: korea.Day(w.now.Time()), Channel: provider.SMS, Strategy: "sms_only", Figures: stat.Figures{Refunded: 1 * won}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("statistics (-want +got):\n%s", diff)
		}
	})
}
