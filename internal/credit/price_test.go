package credit

import (
	"encoding/json"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"

	"github.com/google/go-cmp/cmp"
)

func TestTheNearestPriceWinsAndHistoryIsKept(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		set := func(owner string, p map[provider.Channel]money.Amount) {
			w.do(func(tx *db.Tx) error { return SetPrices(tx, owner, p, 0) })
		}
		at := func(now db.Time, siteID string) (p Prices) {
			w.do(func(tx *db.Tx) (err error) { tx.Now = now; p, err = PricesOf(tx, siteID); return err })
			return p
		}
		want := func(why string, got, want Prices) {
			t.Helper()
			if got != want {
				t.Errorf("%s: got %v, want %v", why, got, want)
			}
		}
		want("nothing set", at(noon, s), Prices{9 * won, 18 * won, 45 * won, 120 * won})
		set("", map[provider.Channel]money.Amount{provider.Alimtalk: 8 * won, provider.MMS: 100 * won})
		set(s, map[provider.Channel]money.Amount{provider.Alimtalk: 7*won + 5000, provider.SMS: 0})
		want("site over installation over default", at(noon, s), Prices{7*won + 5000, 0, 45 * won, 100 * won})
		want("another site", at(noon, "other"), Prices{8 * won, 18 * won, 45 * won, 100 * won})
		w.now = noon.Add(time.Hour)
		set(s, map[provider.Channel]money.Amount{provider.SMS: 20 * won})
		want("from then on", at(w.now, s), Prices{7*won + 5000, 20 * won, 45 * won, 100 * won})
		want("before", at(w.now-1, s), Prices{7*won + 5000, 0, 45 * won, 100 * won})
		set(s, map[provider.Channel]money.Amount{provider.SMS: 21 * won})
		want("the last of one instant", at(w.now, s), Prices{7*won + 5000, 21 * won, 45 * won, 100 * won})
		set(s, nil)
		err := w.try(func(tx *db.Tx) error {
			return SetPrices(tx, s, map[provider.Channel]money.Amount{provider.SMS: -1}, 0)
		})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("a negative price: got %v, want invalid", err)
		}
	})
}

func TestPricesCanBePlannedButNotForThePast(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		sms := func(owner string, price money.Amount, since db.Time) error {
			return w.try(func(tx *db.Tx) error {
				return SetPrices(tx, owner, map[provider.Channel]money.Amount{provider.SMS: price}, since)
			})
		}
		at := func(now db.Time) (price money.Amount, until db.Time) {
			w.do(func(tx *db.Tx) error {
				tx.Now = now
				q, lists := AskPrices(tx, []string{s})
				err := tx.Ask(q)
				price, until = lists.Of(s)[provider.SMS], lists.Until(s)
				return err
			})
			return price, until
		}
		monday, tuesday := noon.Add(day), noon.Add(2*day)
		for _, err := range []error{sms(s, 30*won, tuesday), sms("", 16*won, monday), sms(s, 31*won, tuesday), sms("other", 1*won, noon.Add(1))} {
			if err != nil {
				t.Fatal(err)
			}
		}
		type said struct {
			Price money.Amount
			Until db.Time
		}
		var got []said
		for _, now := range []db.Time{noon, monday - 1, monday, tuesday - 1, tuesday} {
			price, until := at(now)
			got = append(got, said{price, until})
		}
		want := []said{{18 * won, monday}, {18 * won, monday}, {16 * won, tuesday}, {16 * won, tuesday}, {31 * won, 0}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("prices (-want +got):\n%s", diff)
		}
		if err := sms(s, won, noon-1); !fault.Is(err, fault.Invalid) {
			t.Errorf("a price for the past: got %v, want invalid", err)
		}
	})
}

func TestPricesAreAnObjectByChannel(t *testing.T) {
	text, err := json.Marshal(Default)
	if want := `{"alimtalk":"9.00","lms":"45.00","mms":"120.00","sms":"18.00"}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v; want %s", text, err, want)
	}
	got := Default
	if err := json.Unmarshal([]byte(`{"sms":"17.5"}`), &got); err != nil || got != (Prices{9 * won, 17*won + 5000, 45 * won, 120 * won}) {
		t.Errorf("got %v, %v; want only sms changed", got, err)
	}
	for _, bad := range []string{`{"fax":"1"}`, `{"sms":"-1"}`, `{"sms":"1e3"}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s was read as %v, want an error", bad, got)
		}
	}
}

func TestUnitPricesAreFrozenSoThatSettlementNeverLooksAtTodays(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: 100 * won})
		m := w.hold(s, 18*won)
		w.do(func(tx *db.Tx) error {
			return SetPrices(tx, s, map[provider.Channel]money.Amount{provider.SMS: 50 * won}, 0)
		})
		w.settle(Settlement{Site: s, Message: m, Delivered: []Delivered{delivered(provider.SMS, 1, 18*won)}})
		if us := w.usages(s, m); us[0].UnitCost != 18*won {
			t.Errorf("unit cost: got %s, want the frozen 18.00", us[0].UnitCost)
		}
	})
}
