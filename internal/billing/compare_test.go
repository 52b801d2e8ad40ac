package billing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/payment/simulator"
	"creditmsg/internal/site"
)

// The simulated gateway lives in real time, so these tests do too.

func (w *world) today() string {
	return time.Now().In(time.FixedZone("KST", 9*3600)).Format(time.DateOnly)
}

// compare gives the kinds and sums of what differs today.
func (w *world) compare() (out []string) {
	w.t.Helper()
	found, err := w.s.Compare(context.Background(), "toss", w.today())
	w.must(err)
	for _, d := range found {
		out = append(out, fmt.Sprintf("%s %s/%s", d.Kind, d.Ours, d.Theirs))
	}
	slices.Sort(out)
	w.view(func(tx *dbTx) error {
		kept, days, err := w.s.Differences(tx, w.today())
		if len(kept) != len(found) || len(days) != 1 || days[0].Differences != int64(len(found)) {
			w.t.Errorf("kept: got %+v and %+v, want %d", kept, days, len(found))
		}
		return err
	})
	return out
}

func TestADayAtTheGatewayIsHeldAgainstTheRowsBothWays(t *testing.T) {
	each(t, func(w *world) {
		w.now.Store(time.Now().UnixMicro())
		fine, given := w.paid(10_000*won), w.paid(20_000*won)
		_, err := w.cancel(given, 5_000*won)
		w.must(err)
		w.drain()
		if got := w.compare(); got != nil {
			w.t.Errorf("all is well: got %v", got)
		}
		// Money that nobody here knows of.
		w.sale("shop-0001", 7_700)
		// A charge whose answer was lost, and which was not asked for yet.
		c := w.stored(card(0))
		w.deaf.Store(true)
		lost := w.charge(c, 30_000*won)
		w.deaf.Store(false)
		// Given back at the gateway's console.
		w.giveBackAtGateway(fine, 1_100)
		// A row that says paid of what the gateway never had.
		phantom := w.begin(w.request(payment.Card, 40_000*won))
		w.do(func(tx *dbTx) error {
			p, err := w.s.find(tx, "demo", phantom.ID, true)
			if err != nil {
				return err
			}
			_, err = w.s.apply(tx, p, payment.Result{State: payment.Paid, Amount: p.Total}, nil)
			return err
		})
		want := []string{"not_at_gateway 44000.00/0.00", "not_credited 0.00/33000.00", "not_ours 0.00/7700.00", "other_amount 0.00/1100.00"}
		if got := w.compare(); !slices.Equal(got, want) {
			w.t.Errorf("got %v\nwant %v", got, want)
		}
		w.drain() // what can be mended is asked for
		if got := w.payment(lost.ID).State; got != Paid {
			w.t.Errorf("lost: got %s", got)
		}
		want = []string{"not_at_gateway 44000.00/0.00", "not_ours 0.00/7700.00"}
		if got := w.compare(); !slices.Equal(got, want) {
			w.t.Errorf("mended: got %v, want %v", got, want)
		}
		w.operatorIsTold(`"differences": 4, "gateway": "toss", "kinds": {"not_at_gateway": 1, "not_credited": 1, "not_ours": 1, "other_amount": 1}`) // nothing is new the second time
		w.proven()
	})
}

// TestWhatIsGivenBackWhileADayIsComparedIsNoDifference gives a payment back by hand, a little at a
// time, of which the gateway gave a part back before.
func TestWhatIsGivenBackWhileADayIsComparedIsNoDifference(t *testing.T) {
	each(t, func(w *world) {
		w.now.Store(time.Now().UnixMicro())
		given := w.paid(100_000 * won)
		_, err := w.cancel(given, 5_000*won)
		w.must(err)
		w.drain()
		var over atomic.Bool
		var hand sync.WaitGroup
		hand.Go(func() {
			defer over.Store(true)
			for range 50 {
				_, err := w.s.Cancel(context.Background(), CancelRequest{Site: "demo", Payment: given.ID, Amount: 100 * won, Reason: "계좌로 환불", ByHand: true})
				if err != nil {
					w.t.Errorf("give back by hand: %v", err)
				}
			}
		})
		for !over.Load() {
			if got := w.compare(); got != nil {
				w.t.Errorf("all is well: got %v", got)
			}
		}
		hand.Wait()
		w.proven()
	})
}

func TestTheLastTwoDaysAreComparedOnceADay(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	days := func() (out []string) {
		w.must(w.s.Daily(context.Background()))
		w.drain()
		w.view(func(tx *dbTx) error {
			_, all, err := w.s.Differences(tx, "2026-11-01")
			for _, d := range all {
				out = append(out, d.Day+" "+d.At.Time().Format(time.DateTime))
			}
			return err
		})
		return out
	}
	first := []string{"2026-11-20 2026-11-22 03:00:00", "2026-11-21 2026-11-22 03:00:00"}
	if got := days(); !slices.Equal(got, first) {
		t.Errorf("got %v", got)
	}
	w.forward(16 * time.Hour) // four in the morning: too early
	if got := days(); !slices.Equal(got, first) {
		t.Errorf("early: got %v", got)
	}
	w.forward(2 * time.Hour)
	want := []string{"2026-11-20 2026-11-22 03:00:00", "2026-11-21 2026-11-22 21:00:00", "2026-11-22 2026-11-22 21:00:00"}
	for range 2 {
		if got := days(); !slices.Equal(got, want) {
			t.Errorf("the next day: got %v", got)
		}
		w.forward(time.Minute)
	}
	_, err := w.s.Compare(context.Background(), "other", "2026-11-22")
	refused(t, "no gateway", err, "not_found", "")
	_, err = w.s.Compare(context.Background(), "toss", "yesterday")
	refused(t, "no day", err, "validation", "/day")
	_, err = w.s.Compare(context.Background(), "bank", "2026-11-22")
	refused(t, "no list", err, "not_supported", "")
}

// sale has the gateway take money for an order of another house.
func (w *world) sale(order string, amount int64) {
	w.t.Helper()
	c := w.stored(card(0))
	body := fmt.Sprintf(`{"customerKey":%q,"amount":%d,"orderId":%q,"orderName":"x"}`, c.Token.Customer, amount, order)
	ask, err := http.NewRequest(http.MethodPost, w.vendor.URL+"/v1/billing/"+c.Token.Secret, strings.NewReader(body))
	w.must(err)
	ask.SetBasicAuth(simulator.DefaultSecretKey, "")
	ask.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(ask)
	w.must(err)
	defer reply.Body.Close()
	if text, _ := io.ReadAll(reply.Body); reply.StatusCode != http.StatusOK {
		w.t.Fatalf("sale: %d %s", reply.StatusCode, text)
	}
	w.must(w.remove(c))
	w.drain()
}

// operatorIsTold checks the events about differences, as their data read.
func (w *world) operatorIsTold(want ...string) {
	w.t.Helper()
	w.view(func(tx *dbTx) error {
		all, err := event.List(tx, "operator", id.ID{}, 100)
		if len(all) != len(want) {
			w.t.Errorf("the operator: got %d events, want %d", len(all), len(want))
			return err
		}
		for i, e := range all {
			text := strings.NewReplacer(",", ", ", ":", ": ").Replace(string(e.Data))
			if e.Type != "payments.differ" || !strings.Contains(text, want[i]) {
				w.t.Errorf("the operator: got %s %s, want %s", e.Type, text, want[i])
			}
		}
		return err
	})
}

func TestAWordThatDoesNotFitIsToldOnceHoweverOftenItIsRepeated(t *testing.T) {
	each(t, func(w *world) {
		p := w.paid(10_000 * won)
		for _, said := range []money.Amount{1_000, 1_000, 2_000, 2_000} {
			w.do(func(tx *dbTx) error {
				row, err := w.s.find(tx, "demo", p.ID, true)
				if err == nil {
					_, err = w.s.apply(tx, row, payment.Result{State: payment.Paid, Amount: said * won}, nil)
				}
				return err
			})
		}
		if got := w.events("payment.strange"); len(got) != 2 {
			w.t.Errorf("got %d events, want one for each other word", len(got))
		}
		w.holds(10_000 * won)
	})
}

// TestTheDayIsComparedWithThePaymentsOfAnErasedSiteInIt has money given back at the gateway that
// a site paid which was erased since: the operator is told, and nobody is asked in vain.
func TestTheDayIsComparedWithThePaymentsOfAnErasedSiteInIt(t *testing.T) {
	each(t, func(w *world) {
		w.now.Store(time.Now().UnixMicro())
		p := w.paid(20_000 * won)
		_, err := w.cancel(p, 5_000*won)
		w.must(err)
		w.drain()
		w.giveBackAtGateway(p, 1_100)
		w.sale("shop-0001", 7_700)
		w.do(func(tx *dbTx) error { return errors.Join(w.queue.DropSite(tx, "demo"), site.Erase(tx, w.keys, "demo")) })
		want := []string{"not_ours 0.00/7700.00", "other_amount 5500.00/6600.00"}
		if got := w.compare(); !slices.Equal(got, want) {
			w.t.Errorf("got %v\nwant %v", got, want)
		}
		w.must(w.notice(fmt.Sprintf(`{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00","data":{"orderId":%q}}`, p.ID.Text(id.Payment))))
		var jobs int
		w.view(func(tx *dbTx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM job WHERE site_id = ?`, "demo").Scan(&jobs)
		})
		if jobs != 0 {
			w.t.Errorf("the erased site has %d jobs", jobs)
		}
	})
}

func TestListsOverAllSitesShowWhatCanBeShownOfAnErasedSite(t *testing.T) {
	each(t, func(w *world) {
		w.site("other")
		w.paid(20_000 * won)
		asked, err := w.wants(5_000*won, nil)
		w.must(err)
		w.do(func(tx *dbTx) error {
			_, err := w.s.TakeBackWithdrawal(tx, "demo", asked.ID, asker)
			return err
		})
		w.do(func(tx *dbTx) error { return site.Erase(tx, w.keys, "demo") })
		w.view(func(tx *dbTx) error {
			all, err := w.s.Withdrawals(tx, "", "", id.ID{}, 10)
			if len(all) != 1 || all[0].Amount != 5_000*won || all[0].State != WithdrawalCancelled || all[0].Why != "" {
				w.t.Errorf("withdrawals: got %+v", all)
			}
			one, _, err2 := w.s.Withdrawal(tx, "demo", asked.ID)
			paid, err3 := w.s.Payments(tx, "demo", "", id.ID{}, 10)
			if one.ID != asked.ID || len(paid) != 1 || paid[0].Total != 22_000*won || paid[0].Means != "" {
				w.t.Errorf("got %+v and %+v", one, paid)
			}
			return errors.Join(err, err2, err3)
		})
	})
}
