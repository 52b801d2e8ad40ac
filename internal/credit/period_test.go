package credit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"

	"github.com/google/go-cmp/cmp"
)

func (w *world) month(siteID, month string) (p Period) {
	w.t.Helper()
	err := w.d.Snapshot(w.t.Context(), "test", func(tx *db.Tx) (err error) { p, err = w.l.Month(tx, siteID, month); return err })
	if err != nil {
		w.t.Fatalf("add up %s: %v", month, err)
	}
	return p
}

// till is what was rung up by month and channel while it happened.
type till map[string]*[provider.Channels]ChannelSum

func (k till) of(at db.Time, ch provider.Channel) *ChannelSum {
	month := korea.Month(at.Time())
	if k[month] == nil {
		k[month] = &[provider.Channels]ChannelSum{}
	}
	k[month][ch].Channel = ch
	return &k[month][ch]
}

// TestAMonthsChannelsAreWhatWasRungUp: messages with several channels, some of them free,
// settle and are refunded over the ends of months.
func TestAMonthsChannelsAreWhatWasRungUp(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		dice := rand.New(rand.NewPCG(seed, 0))
		prices := [provider.Channels]money.Amount{9*won + 1, 18 * won, 45 * won, 0}
		rung := till{}
		var open []id.ID
		w.now = db.At(time.Date(2026, 10, 20, 0, 0, 0, 0, korea.Seoul))
		w.add(TopUp{Site: s, Kind: Payment, Amount: 1_000_000 * won})
		for range 160 {
			w.now = w.now.Add(time.Duration(dice.Int64N(int64(30 * time.Hour))))
			if len(open) < 8 {
				open = append(open, w.hold(s, 3000*won))
			}
			m := open[dice.IntN(len(open))]
			switch us := w.usages(s, m); {
			case len(us) > 0 && dice.IntN(4) == 0:
				u := us[dice.IntN(len(us))]
				if left := u.TotalCost - u.RefundAmount; left > 0 {
					back := 1 + money.Amount(dice.Int64N(int64(left)))
					w.do(func(tx *db.Tx) error {
						_, _, err := w.l.Refund(tx, bySMS(RefundRequest{Site: s, Usage: u.ID, Amount: back, Reason: "x"}))
						return err
					})
					rung.of(w.now, u.Channel).Refunded += back
				}
			case w.reservation(s, m).Open < 500*won:
				open = slices.DeleteFunc(open, func(o id.ID) bool { return o == m })
			default:
				var parts []Delivered
				for ch, price := range prices {
					if n := dice.Int64N(3); n > 0 {
						parts = append(parts, delivered(provider.Channel(ch), n, price))
						if price > 0 {
							sum := rung.of(w.now, provider.Channel(ch))
							sum.Quantity += n
							sum.Spent += price * money.Amount(n)
						}
					}
				}
				w.settle(Settlement{Site: s, Message: m, Delivered: parts, Released: won})
			}
			if dice.IntN(5) == 0 {
				w.signThrough(korea.Day(w.now.Time().AddDate(0, 0, -1)))
			}
		}
		w.checkMonths(s, rung)
	})
}

// checkMonths compares every month with the entries one by one, and with the till.
func (w *world) checkMonths(s string, rung till) {
	w.t.Helper()
	moved := map[string]map[string]money.Amount{}
	for _, e := range w.entries(s) {
		month := korea.Month(e.At.Time())
		if moved[month] == nil {
			moved[month] = map[string]money.Amount{}
		}
		moved[month][fmt.Sprint(e.Kind, e.Debit, e.Credit)] += e.Amount
	}
	var last Balance
	last.Hash = fmt.Sprintf("%064d", 0)
	for month := time.Date(2026, 9, 1, 0, 0, 0, 0, korea.Seoul); month.Year() < 2028; month = month.AddDate(0, 1, 0) {
		name := korea.Month(month)
		p := w.month(s, name)
		got := map[string]money.Amount{}
		for _, sum := range p.Sums {
			got[fmt.Sprint(sum.Kind, sum.Debit, sum.Credit)] += sum.Amount
		}
		want := [provider.Channels]ChannelSum{}
		if rung[name] != nil {
			want = *rung[name]
		}
		for ch := range want {
			want[ch].Channel = provider.Channel(ch)
		}
		if diff := cmp.Diff(want[:], p.Channels) + cmp.Diff(moved[name], got); moved[name] != nil && diff != "" {
			w.t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if p.Opening != last {
			w.t.Errorf("%s opens with %+v, the month before closed with %+v", name, p.Opening, last)
		}
		last = p.Closing
	}
	if a := w.account(s); last.Available != a.Available || last.Held != a.Held || last.Spent != a.Spent || last.Seq != a.Seq {
		w.t.Errorf("the last month closes with %+v, the account has %+v", last, a)
	}
}

func TestAMonthWithoutEntriesOpensAndClosesAlike(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.add(TopUp{Site: s, Kind: Payment, Amount: won})
		for _, month := range []string{"2026-10", "2026-12"} {
			if p := w.month(s, month); p.Opening != p.Closing || len(p.Sums) != 0 {
				t.Errorf("%s: %+v, want nothing moved", month, p)
			}
		}
		w.view(func(tx *db.Tx) error {
			if _, err := w.l.Month(tx, s, "2026-13"); err == nil {
				t.Error("there is a 13th month")
			}
			return nil
		})
	})
}
