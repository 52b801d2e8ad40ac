package credit

import (
	"fmt"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"

	"github.com/google/go-cmp/cmp"
)

// onEvery runs a test with a fresh world and an open site on every engine.
func onEvery(t *testing.T, test func(t *testing.T, w *world, s string)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.now = noon
		test(t, w, w.site("demo"))
		w.proven()
	})
}

// stand prints where the lots of a site stand, oldest first.
func (w *world) stand(s string) (out []string) {
	for _, l := range w.lots(s) {
		out = append(out, fmt.Sprintf("%s %s: left %s held %s spent %s expired %s cancelled %s",
			l.kind, l.opened, l.remaining, l.held, l.spent, l.expired, l.cancelled))
	}
	return out
}

func (w *world) stands(s string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.stand(s)); diff != "" {
		w.t.Errorf("lots (-want +got):\n%s", diff)
	}
}

func TestBonusIsConsumedBeforePaidThenNearestExpiryThenOldest(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won})
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won})
		w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won, ExpiresAt: noon.Add(time.Hour)})
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won, ExpiresAt: noon.Add(2 * time.Hour)})
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won, ExpiresAt: noon.Add(time.Hour)})
		w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won})
		order := []int{4, 3, 1, 2, 0, 5}
		for i, want := range order {
			w.hold(s, 10*won)
			ls := w.lots(s)
			if ls[want].held != 10*won {
				t.Errorf("hold %d: lot %d holds %s, want 10.00; lots: %v", i, want, ls[want].held, w.stand(s))
			}
		}
	})
}

func TestEachTopUpOpensALot(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won})
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 5 * won, ExpiresAt: noon.Add(time.Hour)})
		w.add(TopUp{Site: s, Kind: Adjustment, Amount: 3 * won})
		w.stands(s,
			"paid 10.00: left 10.00 held 0.00 spent 0.00 expired 0.00 cancelled 0.00",
			"bonus 5.00: left 5.00 held 0.00 spent 0.00 expired 0.00 cancelled 0.00",
			"paid 3.00: left 3.00 held 0.00 spent 0.00 expired 0.00 cancelled 0.00")
		if got := w.lots(s)[1].expires; got != noon.Add(time.Hour) {
			t.Errorf("expiry of the bonus: got %d, want %d", got, noon.Add(time.Hour))
		}
		want := []move4{
			{Payment, "10.00", Cash, Available}, {Bonus, "5.00", BonusGiven, Available}, {Adjustment, "3.00", Adjusted, Available},
		}
		if diff := cmp.Diff(want, movesOf(w.entries(s))); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
	})
}

func TestANegativeAdjustmentTakesFromLotsInTheOrderOfConsumption(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won})
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 5 * won})
		e := w.add(TopUp{Site: s, Kind: Adjustment, Amount: -8 * won, Note: "오류 정정"})
		if e.Amount != 8*won || e.Debit != Available || e.Credit != Adjusted || e.AvailableAfter != 7*won {
			t.Errorf("entry: got %+v, want 8.00 from available to adjustment, 7.00 after", e)
		}
		w.stands(s,
			"paid 10.00: left 7.00 held 0.00 spent 0.00 expired 0.00 cancelled 3.00",
			"bonus 5.00: left 0.00 held 0.00 spent 0.00 expired 0.00 cancelled 5.00")
	})
}

func TestANegativeAdjustmentNeverGoesBelowZero(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won})
		w.hold(s, 4*won)
		err := w.addErr(TopUp{Site: s, Kind: Adjustment, Amount: -6*won - 1})
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("take more than is available: got %v, want a conflict", err)
		}
		w.add(TopUp{Site: s, Kind: Adjustment, Amount: -6 * won})
		if a := w.account(s); a.Available != 0 || a.Held != 4*won {
			t.Errorf("got %s available, %s held; want 0.00 and 4.00", a.Available, a.Held)
		}
	})
}

func TestSettleSpendsFromTheFirstTakeOnAndReleaseGivesBackFromTheLast(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won})
		m := w.hold(s, 30*won) // 10 bonus, 20 paid
		w.settle(Settlement{Site: s, Message: m, Released: 5 * won})
		w.stands(s,
			"paid 100.00: left 85.00 held 15.00 spent 0.00 expired 0.00 cancelled 0.00",
			"bonus 10.00: left 0.00 held 10.00 spent 0.00 expired 0.00 cancelled 0.00")
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 1, 12*won)}})
		w.stands(s,
			"paid 100.00: left 85.00 held 13.00 spent 2.00 expired 0.00 cancelled 0.00",
			"bonus 10.00: left 0.00 held 0.00 spent 10.00 expired 0.00 cancelled 0.00")
		w.settle(Settlement{Site: s, Message: m, Released: 13 * won})
		w.stands(s,
			"paid 100.00: left 98.00 held 0.00 spent 2.00 expired 0.00 cancelled 0.00",
			"bonus 10.00: left 0.00 held 0.00 spent 10.00 expired 0.00 cancelled 0.00")
	})
}

func TestAnExpiredLotIsNotTakenFrom(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won, ExpiresAt: noon.Add(time.Second)})
		w.add(TopUp{Site: s, Kind: Payment, Amount: 5 * won})
		w.now = noon.Add(time.Second)
		got := w.reserve(Hold{Site: s, Message: id.New(), Amount: 6 * won}, Hold{Site: s, Message: id.New(), Amount: 5 * won})
		if diff := cmp.Diff([]*Refusal{{Needed: 6 * won, Available: 5 * won}, nil}, got); diff != "" {
			t.Errorf("refusals (-want +got):\n%s", diff)
		}
		if err := w.addErr(TopUp{Site: s, Kind: Adjustment, Amount: -1}); !fault.Is(err, fault.Conflict) {
			t.Errorf("take from an expired lot: got %v, want a conflict", err)
		}
		w.stands(s,
			"bonus 10.00: left 10.00 held 0.00 spent 0.00 expired 0.00 cancelled 0.00",
			"paid 5.00: left 0.00 held 5.00 spent 0.00 expired 0.00 cancelled 0.00")
	})
}

func TestAHeldPartDoesNotExpireAndGoesToBreakageWhenReleased(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won, ExpiresAt: noon.Add(time.Second)})
		m := w.hold(s, 30*won)
		w.now = noon.Add(time.Minute)
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.Alimtalk, 1, 4*won)}, Released: 26 * won})
		w.stands(s,
			"paid 100.00: left 100.00 held 0.00 spent 0.00 expired 0.00 cancelled 0.00",
			"bonus 10.00: left 0.00 held 0.00 spent 4.00 expired 6.00 cancelled 0.00")
		want := []move4{
			{Payment, "100.00", Cash, Available}, {Bonus, "10.00", BonusGiven, Available}, {Reserve, "30.00", Available, Held},
			{Settle, "4.00", Held, Spent}, {Release, "26.00", Held, Available}, {Expire, "6.00", Available, Breakage},
		}
		if diff := cmp.Diff(want, movesOf(w.entries(s))); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		if a := w.account(s); a.Available != 100*won {
			t.Errorf("available: got %s, want 100.00", a.Available)
		}
	})
}

func TestATopUpIsCheckedBeforeAnythingIsWritten(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: won})
		for _, c := range []struct {
			why  string
			t    TopUp
			kind fault.Kind
		}{
			{"nothing", TopUp{Site: s, Kind: Payment}, fault.Invalid},
			{"a negative payment", TopUp{Site: s, Kind: Payment, Amount: -1}, fault.Invalid},
			{"a negative bonus", TopUp{Site: s, Kind: Bonus, Amount: -1}, fault.Invalid},
			{"another kind", TopUp{Site: s, Kind: Settle, Amount: 1}, fault.Invalid},
			{"no kind", TopUp{Site: s, Amount: 1}, fault.Invalid},
			{"an expired lot", TopUp{Site: s, Kind: Bonus, Amount: 1, ExpiresAt: noon}, fault.Invalid},
			{"an adjustment with expiry", TopUp{Site: s, Kind: Adjustment, Amount: 1, ExpiresAt: noon + 1}, fault.Invalid},
			{"a newline in the ref", TopUp{Site: s, Kind: Payment, Amount: 1, Ref: "a\nb"}, fault.Invalid},
			{"a key beyond ASCII", TopUp{Site: s, Kind: Payment, Amount: 1, Key: "키"}, fault.Invalid},
			{"a note that is no text", TopUp{Site: s, Kind: Payment, Amount: 1, Note: "\xff"}, fault.Invalid},
			{"a NUL in the note", TopUp{Site: s, Kind: Payment, Amount: 1, Note: "a\x00b"}, fault.Invalid},
			{"another site", TopUp{Site: "nobody", Kind: Payment, Amount: 1}, fault.NotFound},
		} {
			if err := w.addErr(c.t); !fault.Is(err, c.kind) {
				t.Errorf("%s: got %v, want kind %d", c.why, err, c.kind)
			}
		}
		if n := len(w.entries(s)); n != 1 {
			t.Errorf("%d entries stand, want 1", n)
		}
	})
}

func TestWhatWouldOverflowIsRefused(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		if err := w.addErr(TopUp{Site: s, Kind: Payment, Amount: most + 1}); !fault.Is(err, fault.Invalid) {
			t.Errorf("more than the most: got %v, want invalid", err)
		}
		w.add(TopUp{Site: s, Kind: Payment, Amount: most})
		for _, kind := range []Kind{Payment, Bonus, Adjustment} {
			if err := w.addErr(TopUp{Site: s, Kind: kind, Amount: 1}); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s over the most: got %v, want invalid", kind, err)
			}
		}
		if r := w.reserve(Hold{Site: s, Message: id.New(), Amount: 1<<63 - 1}); r[0] == nil || r[0].Available != most {
			t.Errorf("hold of the largest number: got %v, want a refusal with %s available", r[0], most)
		}
		m := w.hold(s, most) // and all of it can be held, charged and given back
		for _, d := range [][]Delivered{
			{delivered(provider.SMS, 1<<62, 4)},
			{delivered(provider.SMS, 1<<62, 1), delivered(provider.LMS, 1<<62, 1)},
			{delivered(provider.SMS, 1<<62, 0), delivered(provider.SMS, 1<<62, 0)},
		} {
			if err := w.settleErr(Settlement{Site: s, Message: m, Delivered: d}); err == nil {
				t.Errorf("settle %v: it was taken, want an error", d)
			}
		}
		err := w.settleErr(
			Settlement{Site: s, Message: m, Released: 1<<63 - 1},
			Settlement{Site: s, Message: m, Released: 1})
		if !fault.Is(err, fault.Internal) {
			t.Errorf("release over the largest number: got %v, want internal", err)
		}
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 1, most-money.Won)}, Released: won})
		if a := w.account(s); a.Available != won || a.Spent != most-won {
			t.Errorf("got %s available, %s spent; want 1.00 and %s", a.Available, a.Spent, most-won)
		}
	})
}

func TestAnAdjustmentTakesFromTheLotsThatItNames(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won})
		old := w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won}).Seq
		over := w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won, ExpiresAt: noon.Add(time.Hour)}).Seq
		last := w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won}).Seq
		w.add(TopUp{Site: s, Kind: Adjustment, Amount: -7 * won, From: []Part{{last, 5 * won}, {old, 2 * won}}})
		w.now = noon.Add(2 * time.Hour)
		for name, c := range map[string]struct {
			from []Part
			kind fault.Kind
		}{
			"another sum":        {[]Part{{last, 2 * won}}, fault.Invalid},
			"more than is left":  {[]Part{{last, 6 * won}, {old, -3 * won}}, fault.Conflict},
			"twice what is left": {[]Part{{last, 4 * won}, {last, 2 * won}, {old, -3 * won}}, fault.Conflict},
			"what has expired":   {[]Part{{over, 3 * won}}, fault.Conflict},
			"no lot":             {[]Part{{99, 3 * won}}, fault.Conflict},
		} {
			if err := w.addErr(TopUp{Site: s, Kind: Adjustment, Amount: -3 * won, From: c.from}); !fault.Is(err, c.kind) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if err := w.addErr(TopUp{Site: s, Kind: Adjustment, Amount: 3 * won, From: []Part{{last, -3 * won}}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a positive one: got %v", err)
		}
		w.stands(s,
			"bonus 10.00: left 10.00 held 0.00 spent 0.00 expired 0.00 cancelled 0.00",
			"paid 10.00: left 8.00 held 0.00 spent 0.00 expired 0.00 cancelled 2.00",
			"paid 10.00: left 10.00 held 0.00 spent 0.00 expired 0.00 cancelled 0.00",
			"paid 10.00: left 5.00 held 0.00 spent 0.00 expired 0.00 cancelled 5.00")
	})
}
