package credit

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"

	"github.com/google/go-cmp/cmp"
)

func TestEveryMessageHasItsReservationAndItsEntryAlsoInAGroup(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.site("other")
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		w.add(TopUp{Site: "other", Kind: Payment, Amount: 100 * won})
		a, b, c := id.New(), id.New(), id.New()
		w.reserve(
			Hold{Site: s, Message: a, Amount: 18 * won, Classes: []byte("class of a")},
			Hold{Site: "other", Message: b, Amount: 9 * won},
			Hold{Site: s, Message: c, Amount: 45 * won})
		for _, x := range []struct {
			site   string
			m      id.ID
			amount money.Amount
		}{{s, a, 18 * won}, {"other", b, 9 * won}, {s, c, 45 * won}} {
			r := w.reservation(x.site, x.m)
			if r.Reserved != x.amount || r.Open != x.amount || r.Settled != 0 || r.Released != 0 {
				t.Errorf("reservation: got %+v, want all of %s open", r, x.amount)
			}
			of := slices.DeleteFunc(w.entries(x.site), func(e Entry) bool { return e.Ref != x.m.Text(id.Message) })
			if len(of) != 1 || of[0].Kind != Reserve || of[0].Amount != x.amount {
				t.Errorf("entries about the message: got %+v, want one reserve of %s", of, x.amount)
			}
		}
		if got := string(w.reservation(s, a).Classes); got != "class of a" {
			t.Errorf("classes: got %q, want what was frozen", got)
		}
	})
}

func TestARefusalWritesNothingAndDisturbsNoOther(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		small, large, rest, late := id.New(), id.New(), id.New(), id.New()
		got := w.reserve(
			Hold{Site: s, Message: small, Amount: 60 * won},
			Hold{Site: s, Message: large, Amount: 50 * won},
			Hold{Site: s, Message: rest, Amount: 40 * won},
			Hold{Site: s, Message: late, Amount: 1})
		want := []*Refusal{nil, {Needed: 50 * won, Available: 40 * won}, nil, {Needed: 1, Available: 0}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if n := len(w.entries(s)); n != 3 {
			t.Errorf("%d entries, want the payment and two holds", n)
		}
		w.view(func(tx *db.Tx) error {
			rs, err := w.l.Reservations(tx, s, small, large, rest, late)
			if len(rs) != 2 {
				t.Errorf("%d reservations, want 2", len(rs))
			}
			return err
		})
		// All refused: the account is not touched.
		before := w.account(s)
		w.reserve(Hold{Site: s, Message: id.New(), Amount: won})
		if diff := cmp.Diff(before, w.account(s)); diff != "" {
			t.Errorf("the account changed (-before +after):\n%s", diff)
		}
	})
}

func TestAHoldOfNothingHasAReservationAndNoEntry(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		m := w.hold(s, 0)
		if r := w.reservation(s, m); r.Reserved != 0 || string(r.Classes) != "sms 18" {
			t.Errorf("reservation: got %+v", r)
		}
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.Alimtalk, 3, 0)}})
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.Alimtalk, 2, 0)}})
		if us := w.usages(s, m); len(us) != 1 || us[0].Quantity != 5 || us[0].TotalCost != 0 {
			t.Errorf("usages: got %+v, want 5 by alimtalk for nothing", us)
		}
		if n := len(w.entries(s)); n != 0 {
			t.Errorf("%d entries, want none", n)
		}
	})
}

func TestDeliveredByAChannelSpendsItsPriceAndTheRestIsReleased(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		m := w.hold(s, 36*won)
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.Alimtalk, 1, 9*won)}, Released: 9 * won})
		if r := w.reservation(s, m); r.Settled != 9*won || r.Released != 9*won || r.Open != 18*won {
			t.Errorf("after the first recipient: got %+v, want 9.00 settled, 9.00 released, 18.00 open", r)
		}
		w.settle(Settlement{Site: s, Message: m, Released: 18 * won})
		if r := w.reservation(s, m); r.Settled != 9*won || r.Released != 27*won || r.Open != 0 {
			t.Errorf("after the second failed: got %+v, want 9.00 settled, 27.00 released", r)
		}
	})
}

func TestOneSettlementWritesAtMostOneEntryOfEachKindPerMessage(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1000 * won})
		var all []Settlement
		ms := []id.ID{w.hold(s, 90*won), w.hold(s, 90*won)}
		for i := range 10 {
			all = append(all, Settlement{Site: s, Message: ms[i%2], Delivered: []Delivered{delivered(provider.SMS, 1, 9*won)}, Released: 9 * won})
		}
		w.settle(all...)
		if got, want := len(w.entries(s)), 1+2+2*2; got != want {
			t.Errorf("%d entries, want %d", got, want)
		}
		w.settle() // nothing to settle is nothing
		w.settle(Settlement{Site: s, Message: ms[0]})
		if got, want := len(w.entries(s)), 1+2+2*2; got != want {
			t.Errorf("after settling nothing: %d entries, want %d", got, want)
		}
	})
}

func TestMoreThanIsHeldIsNeverSettled(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1000 * won})
		m, other := w.hold(s, 18*won), w.hold(s, 18*won)
		before := w.account(s)
		sms := func(n int64, price money.Amount) []Delivered { return []Delivered{delivered(provider.SMS, n, price)} }
		for why, all := range map[string][]Settlement{
			"charge":              {{Site: s, Message: m, Delivered: sms(1, 18*won+1)}},
			"release":             {{Site: s, Message: m, Released: 18*won + 1}},
			"both":                {{Site: s, Message: m, Delivered: sms(1, 9*won), Released: 9*won + 1}},
			"in two pieces":       {{Site: s, Message: m, Delivered: sms(1, 18*won)}, {Site: s, Message: m, Delivered: sms(1, 18*won)}},
			"beside a good one":   {{Site: s, Message: other, Released: won}, {Site: s, Message: m, Released: 19 * won}},
			"a negative release":  {{Site: s, Message: m, Released: -1}},
			"a negative count":    {{Site: s, Message: m, Delivered: sms(-1, won)}},
			"a negative price":    {{Site: s, Message: m, Delivered: sms(1, -won)}},
			"no such channel":     {{Site: s, Message: m, Delivered: []Delivered{delivered(provider.Channels, 1, won)}}},
			"two prices at once":  {{Site: s, Message: m, Delivered: append(sms(1, won), sms(1, 2*won)...)}},
			"an unknown message":  {{Site: s, Message: id.New(), Released: 1}},
			"of another site":     {{Site: w.another(), Message: m, Released: 1}},
			"a site that is none": {{Site: "nobody", Message: m, Released: 1}},
		} {
			if err := w.settleErr(all...); !fault.Is(err, fault.Internal) && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: got %v, want a fault", why, err)
			}
		}
		if diff := cmp.Diff(before, w.account(s)); diff != "" {
			t.Errorf("the account changed (-before +after):\n%s", diff)
		}
		// Settled twice: the second finds nothing held.
		w.settle(Settlement{Site: s, Message: m, Delivered: sms(1, 18*won)})
		if err := w.settleErr(Settlement{Site: s, Message: m, Delivered: sms(1, 18*won)}); !fault.Is(err, fault.Internal) {
			t.Errorf("settle twice: got %v, want internal", err)
		}
	})
}

var others atomic.Int64

// another makes one more site.
func (w *world) another() string {
	return w.site("x" + strings.Repeat("y", int(others.Add(1))%30+1) + id.New().String()[:8])
}

func TestAUsagesPriceIsFrozenWithItsMessage(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1000 * won})
		m := w.hold(s, 100*won)
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 1, 18*won)}})
		err := w.settleErr(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 1, 19*won)}})
		if !fault.Is(err, fault.Internal) {
			t.Errorf("a second price: got %v, want internal", err)
		}
	})
}

func TestUsagesAddUpPerMessageAndChannel(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1000 * won})
		m, other := w.hold(s, 100*won), w.hold(s, 100*won)
		for range 3 {
			w.settle(
				Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 1, 18*won), delivered(provider.Alimtalk, 1, 9*won)}},
				Settlement{Site: s, Message: other, Delivered: []Delivered{delivered(provider.SMS, 1, 18*won)}})
		}
		us := w.usages(s, m)
		if len(us) != 2 || us[0].Quantity != 3 || us[1].Quantity != 3 || us[0].TotalCost+us[1].TotalCost != 81*won {
			t.Errorf("usages: got %+v, want 3 by each channel, 81.00 together", us)
		}
		// Page by page they are all, each once, oldest first.
		var paged []Usage
		for after := (id.ID{}); ; after = paged[len(paged)-1].ID {
			var page []Usage
			w.view(func(tx *db.Tx) (err error) { page, err = w.l.Usages(tx, s, id.ID{}, after, 2); return err })
			paged = append(paged, page...)
			if len(page) < 2 {
				break
			}
		}
		if diff := cmp.Diff(w.usages(s, id.ID{}), paged); diff != "" || len(paged) != 3 {
			t.Errorf("%d usages in pages, want 3 (-all +paged):\n%s", len(paged), diff)
		}
		var latest []Usage
		for before := (id.ID{}); ; before = latest[len(latest)-1].ID {
			var page []Usage
			w.view(func(tx *db.Tx) (err error) { page, err = w.l.LatestUsages(tx, s, id.ID{}, before, 2); return err })
			if latest = append(latest, page...); len(page) < 2 {
				break
			}
		}
		if slices.Reverse(latest); !cmp.Equal(latest, paged) {
			t.Errorf("from the newest back they are others: %s", cmp.Diff(paged, latest))
		}
	})
}

func TestAMessageIsReservedOnce(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1000 * won})
		m := w.hold(s, won)
		for _, holds := range [][]Hold{
			{{Site: s, Message: m, Amount: won}},
			{{Site: s, Message: m}},
			{{Site: s, Message: id.ID{5}, Amount: won}, {Site: s, Message: id.ID{5}, Amount: won}},
			{{Site: s, Message: id.New(), Amount: -1}},
			{{Site: s, Amount: 1}},
		} {
			err := w.try(func(tx *db.Tx) error { _, err := w.l.Reserve(tx, holds); return err })
			if !fault.Is(err, fault.Internal) {
				t.Errorf("reserve %v: got %v, want internal", holds, err)
			}
		}
		err := w.try(func(tx *db.Tx) error {
			_, err := w.l.Reserve(tx, []Hold{{Site: "nobody", Message: id.New(), Amount: 1}})
			return err
		})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("reserve for no site: got %v, want not found", err)
		}
	})
}

// TestHalfOfManyAtOnceIsAcceptedWhenTheCreditIsForHalf lets 64 goroutines, each
// with its own transaction, reserve against credit for 32.
func TestHalfOfManyAtOnceIsAcceptedWhenTheCreditIsForHalf(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		s := w.site("demo")
		const callers, price = 64, 18 * won
		w.add(TopUp{Site: s, Kind: Payment, Amount: 20 * price})
		w.add(TopUp{Site: s, Kind: Bonus, Amount: callers/2*price - 20*price})
		var accepted, refused atomic.Int64
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range callers {
			wg.Go(func() {
				<-start
				var got []*Refusal
				err := d.Update(t.Context(), "test", func(tx *db.Tx) (err error) {
					got, err = w.l.Reserve(tx, []Hold{{Site: s, Message: id.New(), Amount: price}})
					return err
				})
				switch {
				case err != nil:
					t.Errorf("reserve: %v", err)
				case got[0] == nil:
					accepted.Add(1)
				default:
					refused.Add(1)
				}
			})
		}
		close(start)
		wg.Wait()
		if accepted.Load() != callers/2 || refused.Load() != callers/2 {
			t.Errorf("%d accepted and %d refused, want %d each", accepted.Load(), refused.Load(), callers/2)
		}
		if a := w.account(s); a.Available != 0 || a.Held != callers/2*price {
			t.Errorf("%s available, %s held; want 0.00 and %s", a.Available, a.Held, callers/2*price)
		}
		w.proven()
	})
}

// TestSettlingAndReservingAtOnceLosesNothing mixes all acts on two sites.
func TestSettlingAndReservingAtOnceLosesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		sites := []string{w.site("a1"), w.site("b2")}
		for _, s := range sites {
			w.add(TopUp{Site: s, Kind: Payment, Amount: 1000 * won})
		}
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				s, m := sites[i%2], id.New()
				err := errors.Join(
					w.try(func(tx *db.Tx) error {
						// Both sites in one transaction, in both orders.
						_, err := w.l.Reserve(tx, []Hold{{Site: s, Message: m, Amount: 18 * won}, {Site: sites[1-i%2], Message: id.New(), Amount: won}})
						return err
					}),
					w.try(func(tx *db.Tx) error {
						_, err := w.l.Add(tx, TopUp{Site: s, Kind: Adjustment, Amount: -won})
						return err
					}),
					w.try(func(tx *db.Tx) error {
						return w.l.Settle(tx, []Settlement{{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 1, 9*won)}, Released: 9 * won}})
					}))
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, s := range sites {
			if a := w.account(s); a.Spent != 72*won || a.Held != 8*won || a.Available != 912*won {
				t.Errorf("%s: %s spent, %s held, %s available; want 72.00, 8.00, 912.00", s, a.Spent, a.Held, a.Available)
			}
		}
		w.proven()
	})
}
