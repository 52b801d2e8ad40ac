package credit

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// crowd makes sites that have the plan.
func (w *world) crowd(n int, plan string) (sites []string) {
	w.t.Helper()
	for i := range n {
		sites = append(sites, fmt.Sprintf("crowd-%04d", i))
	}
	w.do(func(tx *db.Tx) error {
		for _, s := range sites {
			if _, err := site.Create(tx, w.keys, s, s); err != nil {
				return err
			}
			if err := w.l.Open(tx, s); err != nil {
				return err
			}
			if err := AssignPlan(tx, s, plan, 0); err != nil {
				return err
			}
		}
		return nil
	})
	return sites
}

// counted gives how many sites pay what for an SMS.
func (w *world) counted(sites []string, at db.Time) map[money.Amount]int {
	w.t.Helper()
	out := map[money.Amount]int{}
	w.view(func(tx *db.Tx) error {
		q, lists := AskPrices(tx, sites)
		lists.now = at
		err := tx.Ask(q)
		for _, s := range sites {
			out[lists.Of(s)[provider.SMS]]++
		}
		return err
	})
	return out
}

func (w *world) wantCounted(why string, sites []string, at db.Time, want map[money.Amount]int) {
	w.t.Helper()
	if got := w.counted(sites, at); fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("%s: got %v, want %v", why, got, want)
	}
}

func (w *world) behind(plan string) (behind bool) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		p, err := FindPlan(tx, plan)
		behind = p.Behind
		return err
	})
	return behind
}

func TestAPlanOfManySitesIsSpreadInChunksThatACrashOnlyDelays(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w, turn := later(t, engine)
			w.plan("gold", list{provider.SMS: 15 * won})
			const n = 2*chunk + 30
			sites := w.crowd(n, "gold")
			tomorrow := noon.Add(day)
			w.planPrices("gold", list{provider.SMS: 16 * won}, tomorrow)
			w.wantCounted("the first chunk at once", sites, tomorrow, map[money.Amount]int{15 * won: n - chunk, 16 * won: chunk})

			// A process that dies in the middle of a chunk leaves nothing of it, and its claim.
			work := w.l.workOnPlans(w.d)
			jobs, err := w.q.Claim(t.Context(), work.Lane, []string{work.Kind}, 10)
			if err != nil || len(jobs) != 1 {
				t.Fatalf("got %d jobs and %v, want one", len(jobs), err)
			}
			if err := w.undone(func(tx *db.Tx) error { return w.l.carryOn(tx, jobs[0]) }); err != nil {
				t.Fatal(err)
			}
			w.work()
			w.wantCounted("while the claim of a dead one lasts", sites, tomorrow, map[money.Amount]int{15 * won: n - chunk, 16 * won: chunk})
			turn(noon.Add(2 * time.Minute))
			w.work()
			w.wantCounted("the second chunk", sites, tomorrow, map[money.Amount]int{15 * won: 30, 16 * won: 2 * chunk})
			if !w.behind("gold") {
				t.Error("the plan says that all sites have its prices")
			}
			w.work()
			w.wantCounted("the last chunk", sites, tomorrow, map[money.Amount]int{16 * won: n})
			w.wantCounted("until tomorrow", sites, tomorrow-1, map[money.Amount]int{15 * won: n})
			if w.behind("gold") {
				t.Error("the plan says that some sites have not its prices")
			}
			var left int
			w.view(func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM job`).Scan(&left) })
			if left != 0 {
				t.Errorf("%d jobs are left", left)
			}
		})
	}
}

func TestASiteThatIsReachedLatePaysWhatItDidUntilThen(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w, turn := later(t, engine)
			w.plan("gold", list{provider.SMS: 15 * won})
			const n = chunk + 30
			sites := w.crowd(n, "gold")
			turn(noon.Add(time.Hour))
			w.planPrices("gold", list{provider.SMS: 16 * won}, 0)
			// A second change and a move come before the job does.
			w.planPrices("gold", list{provider.SMS: 17 * won}, noon.Add(2*time.Hour))
			w.assign(sites[n-1], "", noon.Add(4*time.Hour))
			turn(noon.Add(3 * time.Hour))
			w.work()
			w.work()
			for at, want := range map[db.Time]map[money.Amount]int{
				noon.Add(time.Hour) - 1:     {15 * won: n},
				noon.Add(time.Hour):         {15 * won: n - chunk - 1, 16 * won: chunk + 1},
				noon.Add(2 * time.Hour):     {15 * won: n - chunk - 1, 17 * won: chunk + 1},
				noon.Add(3*time.Hour) - 1:   {15 * won: n - chunk - 1, 17 * won: chunk + 1},
				noon.Add(3 * time.Hour):     {17 * won: n},
				noon.Add(4 * time.Hour):     {17 * won: n - 1, 18 * won: 1},
				noon.Add(1000 * time.Hour):  {17 * won: n - 1, 18 * won: 1},
				noon.Add(-1000 * time.Hour): {18 * won: n},
			} {
				w.wantCounted(fmt.Sprintf("at %d", at), sites, at, want)
			}
		})
	}
}

func TestAPlanThatIsRemovedOnItsWayLeavesNoJob(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.plan("gold", list{provider.SMS: 15 * won})
		sites := w.crowd(chunk, "gold")
		w.planPrices("gold", list{provider.SMS: 16 * won}, 0)
		w.do(func(tx *db.Tx) error {
			for _, s := range sites {
				if err := AssignPlan(tx, s, "", 0); err != nil {
					return err
				}
			}
			return RemovePlan(tx, "gold")
		})
		w.work()
		var left int
		w.view(func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM job`).Scan(&left) })
		if left != 0 {
			t.Errorf("%d jobs are left", left)
		}
	})
}

func TestTwoWritersAtOnceLeaveEverySiteAtItsPlansPrices(t *testing.T) {
	onEvery(t, func(t *testing.T, w *world, s string) {
		w.plan("gold", list{provider.SMS: 15 * won})
		w.plan("iron", list{provider.SMS: 20 * won})
		sites := append(w.crowd(3, "gold"), s)
		const rounds = 12
		acts := []func(i int, tx *db.Tx) error{
			func(i int, tx *db.Tx) error {
				return w.l.SetPlanPrices(tx, "gold", list{provider.SMS: money.Amount(30+i) * won}, 0)
			},
			func(i int, tx *db.Tx) error {
				return w.l.SetPlanPrices(tx, "gold", list{provider.SMS: money.Amount(60+i) * won, provider.LMS: won}, 0)
			},
			func(i int, tx *db.Tx) error {
				return w.l.SetPlanPrices(tx, "iron", list{provider.SMS: money.Amount(90+i) * won}, 0, provider.LMS)
			},
			func(i int, tx *db.Tx) error {
				return AssignPlan(tx, sites[i%len(sites)], []string{"iron", "gold", ""}[i%3], 0)
			},
			func(i int, tx *db.Tx) error { return AssignPlan(tx, s, []string{"gold", "iron"}[i%2], 0) },
		}
		var group sync.WaitGroup
		for _, act := range acts {
			group.Go(func() {
				for i := range rounds {
					if err := w.d.Update(t.Context(), "test", func(tx *db.Tx) error { return act(i, tx) }); err != nil {
						t.Errorf("round %d: %v", i, err)
					}
				}
			})
		}
		group.Wait()
		w.view(func(tx *db.Tx) error {
			at := tx.Now.Add(time.Hour)
			q, lists := askLists(tx, []string{planOwner("gold"), planOwner("iron")})
			if err := tx.Ask(q); err != nil {
				return err
			}
			for _, s := range sites {
				plans, err := SitePlans(tx, s)
				if err != nil {
					return err
				}
				got, err := PricesAt(tx, s, at)
				want := lists.byOwner[planOwner(plans.At(at))].at(at)
				for ch := range want {
					if want[ch] == none {
						want[ch] = Default[ch]
					}
				}
				if err != nil || got != want {
					t.Errorf("%s has %q: got %v and %v, want %v", s, plans.At(at), got, err, want)
				}
			}
			return nil
		})
	})
}
