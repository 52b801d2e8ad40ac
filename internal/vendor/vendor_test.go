package vendor

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/aligo"
	"creditmsg/internal/provider/nhncloud"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

const won = money.Won

// world is the service over a real database, before simulated vendors. Its time stands still
// until the test moves it, and jobs run when the test says so.
type world struct {
	*testing.T
	d     *db.DB
	queue *queue.Queue
	sim   *simulator.Simulator
	down  atomic.Bool // the vendors do not answer
	url   string
	now   atomic.Int64
	s     *Service
}

// each runs a test on every engine, with accounts solapi (threshold 50,000 won), aligo (100
// SMS) and nhn.
func each(t *testing.T, test func(w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w := &world{T: t, sim: simulator.New(simulator.Options{Seed: 1})}
			w.now.Store(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC).UnixMicro())
			w.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return time.UnixMicro(w.now.Load()).UTC() }})
			w.queue = queue.New(w.d, queue.Options{})
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if w.down.Load() {
					http.Error(rw, "<html>bad gateway</html>", http.StatusBadGateway)
					return
				}
				w.sim.Handler().ServeHTTP(rw, r)
			}))
			t.Cleanup(server.Close)
			w.url = server.URL
			w.s = New(w.d, w.queue, w.accounts(), Options{})
			test(w)
		})
	}
}

func (w *world) accounts() []Account {
	w.Helper()
	made := func(a provider.Account, make func(provider.Account) (provider.Provider, error), low money.Amount) Account {
		a.URL, a.APIKey, a.APISecret = w.url, simulator.DefaultKey, simulator.DefaultSecret
		adapter, err := make(a)
		w.must(err)
		return Account{Name: a.Name, Kind: a.Kind, Adapter: adapter, LowBalance: low}
	}
	return []Account{
		made(provider.Account{Name: "solapi", Kind: "solapi"}, solapi.New, 50_000*won),
		made(provider.Account{Name: "aligo-1", Kind: "aligo"}, aligo.New, 100*won),
		made(provider.Account{Name: "nhn", Kind: "nhncloud"}, nhncloud.New, 0),
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) forward(d time.Duration) { w.now.Add(d.Microseconds()) }

// balance makes every account have so much.
func (w *world) balance(a money.Amount) { w.sim.Play(simulator.Scenario{Balance: &a}) }

// work runs the jobs that are due, and tells whose they were.
func (w *world) work() (ran []string) {
	w.Helper()
	for _, one := range w.s.Works() {
		for {
			jobs, err := w.queue.Claim(w.Context(), one.Lane, []string{one.Kind}, 10)
			w.must(err)
			if len(jobs) == 0 {
				break
			}
			w.must(one.Handle(w.Context(), jobs))
			for _, j := range jobs {
				ran = append(ran, j.Kind+" "+j.Key)
			}
		}
	}
	slices.Sort(ran)
	return ran
}

func (w *world) views() (all []View) {
	w.Helper()
	w.must(w.d.View(w.Context(), "test", func(tx *db.Tx) (err error) { all, err = w.s.Views(tx); return err }))
	return all
}

// told are the events to the operator, and wants a job of each.
func (w *world) told() (all []string) {
	w.Helper()
	w.must(w.d.View(w.Context(), "test", func(tx *db.Tx) error {
		list, err := event.List(tx, site.Operator, id.ID{}, 100)
		for _, e := range list {
			all = append(all, e.Type+" "+e.Ref+" "+string(e.Data))
		}
		return err
	}))
	stats := map[string]int64{}
	w.must(w.d.View(w.Context(), "test", func(tx *db.Tx) error {
		list, err := w.queue.Stats(tx)
		for _, s := range list {
			stats[s.Kind] = s.Due
		}
		return err
	}))
	if stats[credit.KindTell] != int64(len(all)) {
		w.Errorf("%d jobs tell of %d events", stats[credit.KindTell], len(all))
	}
	return all
}

func TestEveryAccountIsAskedAtIntervals(t *testing.T) {
	each(t, func(w *world) {
		w.balance(120_000 * won)
		w.must(w.s.Plan(w.Context()))
		balances := []string{"vendor_balance aligo-1", "vendor_balance solapi"}
		if diff := cmp.Diff(append(slices.Clone(balances), "vendor_senders nhn", "vendor_senders solapi"), w.work()); diff != "" {
			w.Errorf("first (-want +got):\n%s", diff)
		}
		if ran := w.work(); ran != nil {
			w.Errorf("at once again: %v", ran)
		}
		w.forward(balanceEvery)
		if diff := cmp.Diff(balances, w.work()); diff != "" {
			w.Errorf("after the interval (-want +got):\n%s", diff)
		}
		now := db.Time(w.now.Load())
		first := now.Add(-balanceEvery)
		want := []View{
			{Name: "solapi", Kind: "solapi", LowBalance: 50_000 * won, TellsBalance: true, Balance: provider.Balance{Left: 120_000 * won, Unit: provider.UnitWon}, BalanceAt: now,
				ListsSenders: true, SendersAt: first},
			{Name: "aligo-1", Kind: "aligo", LowBalance: 100 * won, TellsBalance: true, Balance: provider.Balance{Left: 6_666 * won, Unit: provider.UnitSMS}, BalanceAt: now},
			{Name: "nhn", Kind: "nhncloud", ListsSenders: true, SendersAt: first},
		}
		if diff := cmp.Diff(want, w.views()); diff != "" {
			w.Errorf("views (-want +got):\n%s", diff)
		}
		w.s = New(w.d, w.queue, w.accounts()[1:], Options{}) // solapi is not configured any more
		w.forward(sendersEvery)
		w.work()
		w.forward(sendersEvery)
		if diff := cmp.Diff([]string{"vendor_balance aligo-1", "vendor_senders nhn"}, w.work()); diff != "" {
			w.Errorf("without solapi (-want +got):\n%s", diff)
		}
		if last := w.views()[2]; last.Name != "solapi" || last.Kind != "" || last.Balance.Left != 120_000*won {
			w.Errorf("what is known of an account that is not configured: got %+v", last)
		}
	})
}

func TestTheOperatorIsToldOnceThatABalanceFell(t *testing.T) {
	each(t, func(w *world) {
		ask := func(a money.Amount) {
			w.Helper()
			w.balance(a)
			if v, err := w.s.Ask(w.Context(), "solapi"); err != nil || v.Balance.Left != a || v.Low() != (a < 50_000*won) {
				w.Fatalf("ask: got %+v, %v", v, err)
			}
		}
		ask(50_000 * won)
		if got := w.told(); got != nil {
			w.Errorf("at the threshold: told %v", got)
		}
		ask(50_000*won - 1)
		ask(10 * won)
		low := `provider.balance_low solapi {"available":"49999.9999","kind":"solapi","provider":"solapi","threshold":"50000.00","unit":"won"}`
		if diff := cmp.Diff([]string{low}, w.told()); diff != "" {
			w.Errorf("below it (-want +got):\n%s", diff)
		}
		ask(60_000 * won)
		ask(0)
		if got := w.told(); len(got) != 2 || !strings.Contains(got[1], `"available":"0.00"`) {
			w.Errorf("below it once more: told %v", got)
		}
	})
}

func TestACrossingThatTwoProcessesSeeIsToldOnce(t *testing.T) {
	each(t, func(w *world) {
		w.balance(won)
		errs := make([]error, 4)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = New(w.d, w.queue, w.accounts(), Options{}).Ask(context.Background(), "solapi") })
		}
		all.Wait()
		w.must(errors.Join(errs...))
		if got := w.told(); len(got) != 1 {
			w.Errorf("told %v", got)
		}
	})
}

func TestAVendorThatDoesNotAnswerTeachesNothing(t *testing.T) {
	each(t, func(w *world) {
		w.balance(won)
		w.must(w.s.Plan(w.Context()))
		w.work()
		before, heard := w.views(), w.told()
		w.down.Store(true)
		w.forward(sendersEvery)
		w.work()
		got := w.views()
		for i := range got {
			if got[i].TellsBalance != (got[i].BalanceWrong != "") || got[i].ListsSenders != (got[i].SendersWrong != "") {
				w.Errorf("%s does not say that it was not told: %+v", got[i].Name, got[i])
			}
			got[i].BalanceWrong, got[i].SendersWrong = "", ""
		}
		if diff := cmp.Diff(before, got); diff != "" {
			w.Errorf("what was known (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(heard, w.told()); diff != "" {
			w.Errorf("told (-before +after):\n%s", diff)
		}
		w.down.Store(false)
		w.forward(againAfter)
		if ran := w.work(); !slices.Contains(ran, "vendor_senders nhn") {
			w.Errorf("it is not asked again soon: %v", ran)
		}
		if got := w.views()[0]; got.BalanceWrong != "" || got.SendersWrong != "" {
			w.Errorf("answered again: got %+v", got)
		}
	})
}

func TestASenderNumberStandsAsEachVendorListsIt(t *testing.T) {
	each(t, func(w *world) {
		numbers := []korea.Number{"0261234567", "15881234", "0215880000"}
		standing := func() (all map[korea.Number][]Standing) {
			w.Helper()
			w.must(w.d.View(w.Context(), "test", func(tx *db.Tx) (err error) { all, err = w.s.StandingOf(tx, numbers); return err }))
			return all
		}
		if got := standing(); len(got) != 0 {
			w.Errorf("before any list: got %v", got)
		}
		list := func(senders ...string) {
			w.Helper()
			w.sim.Play(simulator.Scenario{Senders: senders})
			_, err := w.s.Ask(w.Context(), "nhn")
			w.must(err)
		}
		now := db.Time(w.now.Load())
		list("0261234567", "15881234")
		want := map[korea.Number][]Standing{"0261234567": {{"nhn", provider.SenderUsable, now}}, "15881234": {{"nhn", provider.SenderUsable, now}}, "0215880000": {{"nhn", Missing, now}}}
		if diff := cmp.Diff(want, standing()); diff != "" {
			w.Errorf("(-want +got):\n%s", diff)
		}
		list("0215880000")
		want = map[korea.Number][]Standing{"0261234567": {{"nhn", Missing, now}}, "15881234": {{"nhn", Missing, now}}, "0215880000": {{"nhn", provider.SenderUsable, now}}}
		if diff := cmp.Diff(want, standing()); diff != "" {
			w.Errorf("another list (-want +got):\n%s", diff)
		}
		w.s = New(w.d, w.queue, nil, Options{}) // who works beside the processes
		if diff := cmp.Diff(want, standing()); diff != "" {
			w.Errorf("where none is configured (-want +got):\n%s", diff)
		}
	})
}

func TestAnAccountThatThereIsNotIsMissing(t *testing.T) {
	each(t, func(w *world) {
		if _, err := w.s.Ask(w.Context(), "nobody"); !fault.Is(err, fault.NotFound) {
			w.Errorf("got %v", err)
		}
	})
}
