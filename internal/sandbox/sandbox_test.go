package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
	"creditmsg/internal/webhook"
)

func (w *world) refused(what string, k fault.Kind, code string, fn func(tx *db.Tx) error) {
	w.t.Helper()
	err := w.d.Update(w.t.Context(), "test", fn)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != k || f.Code != code {
		w.t.Errorf("%s: got %v, want a fault with code %s", what, err, code)
	}
}

func TestATestSiteBeginsWithWhatItsLiveSiteCanSendBy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.shop("rich")
		w.update(func(tx *db.Tx) error {
			senders, err := site.Senders(tx, "rich.test")
			if err != nil || len(senders) != 1 || senders[0].Number != "0261234567" || !senders[0].Default || senders[0].State != site.Approved {
				t.Errorf("senders %+v, %v", senders, err)
			}
			all, err := message.Templates(tx, "rich.test", "", 10)
			if err != nil || len(all) != 1 || all[0].State != message.TemplateApproved || all[0].Providers["solapi.test"].TemplateID == "" || len(all[0].Providers) != 1 {
				t.Errorf("templates %+v, %v", all, err)
			}
			return err
		})
		if a := w.account("rich.test"); a.Available != StartingCredit {
			t.Errorf("it has %s", a.Available)
		}
		// What the live site gets later comes with a refresh; what the test site added stays.
		w.update(func(tx *db.Tx) error {
			if _, err := site.AddSender(tx, "rich", "15880000", site.Approved); err != nil {
				return err
			}
			if _, err := site.AddSender(tx, "rich.test", "15990000", site.Approved); err != nil {
				return err
			}
			return credit.SetPrices(tx, "rich", map[provider.Channel]money.Amount{provider.SMS: 12 * money.Won}, 0)
		})
		w.update(func(tx *db.Tx) error { _, err := w.sandbox.Refresh(tx, "rich"); return err })
		w.update(func(tx *db.Tx) error {
			senders, err := site.Senders(tx, "rich.test")
			prices, wrong := credit.PricesOf(tx, "rich.test")
			if len(senders) != 3 || prices[provider.SMS] != 12*money.Won {
				t.Errorf("after a refresh: %d senders, an SMS at %s", len(senders), prices[provider.SMS])
			}
			return errors.Join(err, wrong)
		})
		if a := w.account("rich.test"); a.Available != StartingCredit {
			t.Errorf("a refresh gave credit: %s", a.Available)
		}
		w.prove()
	})
}

func TestATestSiteOfASiteThatCannotSendYetCanSend(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.update(func(tx *db.Tx) error {
			if _, err := site.Create(tx, w.keys, "fresh", "fresh"); err != nil {
				return err
			}
			if err := w.ledger.Open(tx, "fresh"); err != nil {
				return err
			}
			_, err := w.sandbox.Make(tx, "fresh")
			return err
		})
		r := asked()
		r.TemplateCode = spareTemplate
		m := w.send("fresh.test", r, "010-0001-0001")
		w.drain()
		for range 3 { // the failure is heard of, the text goes, its delivery is heard of
			w.advance("fresh.test", 6*time.Minute)
		}
		if got := w.find(m); got.By[provider.SMS] != 1 {
			t.Errorf("got %+v", got.Counts)
		}
	})
}

func TestWhereTestModeIsOffOrNotMeantItIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.shop("rich")
		for what, by := range map[string]time.Duration{"nothing": 0, "back": -time.Hour, "too much": MostAtOnce + 1} {
			w.refused(what, fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error { _, err := w.sandbox.Advance(tx, "rich.test", by); return err })
		}
		w.refused("a live clock", fault.Conflict, fault.CodeStateConflict, func(tx *db.Tx) error { _, err := w.sandbox.Advance(tx, "rich", time.Hour); return err })
		w.refused("to read a live clock", fault.Conflict, fault.CodeStateConflict, func(tx *db.Tx) error { _, err := w.sandbox.Clock(tx, "rich"); return err })
		w.refused("live credit", fault.Conflict, fault.CodeStateConflict, func(tx *db.Tx) error { _, err := w.sandbox.Grant(tx, "rich", money.Won, ""); return err })
		w.refused("no credit", fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error { _, err := w.sandbox.Grant(tx, "rich.test", 0, ""); return err })
		w.sandbox.o.Off = true
		w.refused("switched off", fault.Invalid, fault.CodeNotSupported, func(tx *db.Tx) error { _, err := w.sandbox.Advance(tx, "rich.test", time.Hour); return err })
		w.refused("switched off", fault.Invalid, fault.CodeNotSupported, func(tx *db.Tx) error { _, err := w.sandbox.Make(tx, "rich"); return err })
	})
}

func TestWhoNeverReportsExpiresAfter73Hours(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.shop("rich")
		m := w.send("rich.test", asked(), "010-0004-0001", "010-0004-0002")
		w.drain()
		if got := w.find(m); got.Counts.Sent != 2 || w.account("rich.test").Held != 36*money.Won {
			t.Fatalf("got %+v, held %s", got.Counts, w.account("rich.test").Held)
		}
		w.advance("rich.test", 73*time.Hour-time.Minute)
		if got := w.find(m); got.Counts.Sent != 2 {
			t.Errorf("a minute before: %+v", got.Counts)
		}
		w.advance("rich.test", time.Minute)
		if got := w.find(m); got.Counts.Expired != 2 || got.State != message.StateDone || w.account("rich.test").Held != 0 {
			t.Errorf("after 73 hours: %+v, held %s", got.Counts, w.account("rich.test").Held)
		}
		w.prove()
	})
}

func TestAFailureFallsBackWithinItsWindowAndNotAfterIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.shop("rich")
		for _, tt := range []struct {
			passes time.Duration
			want   message.Counts
		}{{10 * time.Minute, message.Counts{Delivered: 1}}, {31 * time.Minute, message.Counts{Failed: 1}}} {
			m := w.send("rich.test", asked(), "010-0001-0001")
			w.drain()
			w.advance("rich.test", tt.passes) // the look-up hears of the failure then
			w.advance("rich.test", 10*time.Minute)
			w.advance("rich.test", 10*time.Minute)
			if got := w.find(m); got.Counts != tt.want {
				t.Errorf("when it is heard of after %s: got %+v, want %+v", tt.passes, got.Counts, tt.want)
			}
		}
		w.prove()
	})
}

func TestAScheduleThatTheClockJumpsOverComesNow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.shop("rich")
		r := asked()
		r.ScheduledAt = time.UnixMicro(w.now.Load()).Add(10 * time.Hour)
		m := w.send("rich.test", r, "010-0000-0001")
		w.drain()
		w.advance("rich.test", 9*time.Hour)
		if got := w.find(m); got.State != message.StateScheduled {
			t.Errorf("an hour before it is %s", got.State)
		}
		w.advance("rich.test", 80*time.Hour) // far beyond what it is valid for
		w.advance("rich.test", 6*time.Minute)
		if got := w.find(m); got.Counts.Delivered != 1 {
			t.Errorf("got %s, %+v", got.State, got.Counts)
		}
	})
}

func TestASeriesFiresOnceForEachDayThatPasses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.shop("rich")
		var of series.Series
		w.update(func(tx *db.Tx) (err error) {
			of, err = w.series.Create(tx, "rich.test", series.Plan{Cron: "0 9 * * *", Missed: series.Skip},
				series.Content{Name: "daily", Request: asked(), Recipients: []series.Recipient{{To: "01000000001", Variables: map[string]string{"이름": "김하나"}}}})
			return err
		})
		for n := 1; n <= 3; n++ {
			w.advance("rich.test", 24*time.Hour)
			var fired []series.Firing
			w.update(func(tx *db.Tx) (err error) { fired, err = w.series.Firings(tx, "rich.test", of.ID, 0, 10); return err })
			sent := map[any]bool{}
			for _, f := range fired {
				if f.Outcome == series.Sent {
					sent[f.Message] = true
				}
			}
			if len(fired) != n || len(sent) != n {
				t.Errorf("after %d days: %+v", n, fired)
			}
		}
	})
}

// TestWhatATestSiteSendsAndWhatOthersSendNeverMeet lets live and test sites send in any order.
func TestWhatATestSiteSendsAndWhatOthersSendNeverMeet(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.shop("rich")
		w.shop("poor")
		sites := []string{"rich", "poor", "rich.test", "poor.test"}
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			if n > 400 {
				return // enough for one engine
			}
			for range rapid.IntRange(1, 6).Draw(rt, "messages") {
				siteID := rapid.SampledFrom(sites).Draw(rt, "site")
				var to []string
				for range rapid.IntRange(1, 4).Draw(rt, "people") {
					n++
					to = append(to, fmt.Sprintf("010%04d%04d", 2000+1000*slices.Index(sites, siteID), n))
				}
				r := asked()
				if rapid.Bool().Draw(rt, "text") {
					r = message.Request{Strategy: message.SMSOnly, Text: r.Text}
				}
				w.send(siteID, r, to...)
			}
			w.drain()
		})
		for i, sim := range []*simulator.Simulator{w.live, w.test} {
			for _, leg := range sim.Received() {
				if test := leg.To[3] >= '4'; test != (i == 1) {
					t.Errorf("simulator %d got %s", i, leg.To)
				}
			}
		}
		w.update(func(tx *db.Tx) error {
			rows, err := tx.Query(`SELECT provider, members FROM attempt`)
			if err != nil {
				return err
			}
			defer rows.Close()
			calls := map[string]int{}
			for rows.Next() {
				var account, members string
				if err := rows.Scan(&account, &members); err != nil {
					return err
				}
				calls[account]++
				if rich, poor := strings.Contains(members, `"rich.test"`), strings.Contains(members, `"poor.test"`); (account == "solapi.test") != (rich || poor) || rich && poor {
					t.Errorf("a call of %s carries %s", account, members)
				}
			}
			if calls["vendor"] == 0 || calls["solapi.test"] == 0 {
				t.Errorf("calls: %v", calls)
			}
			return rows.Err()
		})
		w.prove()
	})
}

// TestAnAdvanceMovesWhatWaitsOfOneSiteAndNothingElse lets random times pass over random rows.
func TestAnAdvanceMovesWhatWaitsOfOneSiteAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.shop("rich")
		w.shop("poor")
		w.furnish("rich", "rich.test", "poor.test")
		w.drain()
		rounds := 0
		rapid.Check(t, func(rt *rapid.T) {
			if rounds++; rounds > 12 {
				return // each takes minutes of a machine that commits to a disk
			}
			by := time.Duration(rapid.Int64Range(1, int64(20*24*time.Hour)).Draw(rt, "by"))
			w.send("rich.test", asked(), rapid.SampledFrom([]string{"010-0000-", "010-0001-", "010-0002-", "010-0004-"}).Draw(rt, "to")+fmt.Sprint(1000+rounds))
			others, ours := w.digest(owned, "rich.test", false), w.digest(kept, "rich.test", true)
			jobs := w.jobs("rich.test")
			w.update(func(tx *db.Tx) error { _, err := w.sandbox.Advance(tx, "rich.test", by); return err })
			if diff := cmp.Diff(others, w.digest(owned, "rich.test", false)); diff != "" {
				rt.Errorf("rows of others moved:\n%s", diff)
			}
			if diff := cmp.Diff(ours, w.digest(kept, "rich.test", true)); diff != "" {
				rt.Errorf("rows moved that no clock moves:\n%s", diff)
			}
			for name, due := range w.jobs("rich.test") {
				if want := jobs[name].Add(-by.Truncate(time.Microsecond)); due != want && by >= time.Microsecond && !strings.HasPrefix(name, credit.KindLot) {
					rt.Errorf("job %s is due at %d, want %d", name, due, want)
				}
			}
			w.prove()
			w.drain()
			w.prove()
		})
	})
}

// furnish gives sites something of everything that waits.
func (w *world) furnish(sites ...string) {
	for _, id := range sites {
		r := asked()
		r.ScheduledAt = time.UnixMicro(w.now.Load()).Add(100 * time.Hour)
		w.send(id, r, "010-0000-0001")
		w.send(id, asked(), "010-0004-0001", "010-0001-0002")
		w.update(func(tx *db.Tx) error {
			window := time.Hour
			if _, err := site.SetRules(tx, id, site.RulesChange{DuplicateWindow: &window}); err != nil {
				return err
			}
			if _, err := w.series.Create(tx, id, series.Plan{Cron: "0 9 * * *", Missed: series.Once},
				series.Content{Name: "daily", Request: asked(), Recipients: []series.Recipient{{To: "01000000001", Variables: map[string]string{"이름": "김하나"}}}}); err != nil {
				return err
			}
			if err := w.listens(tx, id); err != nil {
				return err
			}
			_, err := w.ledger.Add(tx, credit.TopUp{Site: id, Kind: credit.Bonus, Amount: 1000 * money.Won, ExpiresAt: tx.Now.Add(40 * 24 * time.Hour), Note: "test"})
			return err
		})
		w.send(id, asked(), "010-0000-0003")
	}
}

// listens gives a site an endpoint that an event waits for.
func (w *world) listens(tx *db.Tx, siteID string) error {
	where := "https://shop.example/hooks"
	e, _, err := w.hooks.Create(tx, siteID, webhook.Change{URL: &where, Topics: []string{"webhook.*"}})
	if err == nil {
		_, err = w.hooks.Test(tx, siteID, e.ID)
	}
	return err
}

func TestWhatWaitsForAnEndpointMovesWithTheClock(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.shop("rich")
		w.update(func(tx *db.Tx) error { return w.listens(tx, "rich.test") })
		due := func() (at db.Time) {
			w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) error {
				all, err := w.hooks.Endpoints(tx, "rich.test")
				if err != nil {
					return err
				}
				list, _, _, err := w.hooks.Deliveries(tx, "rich.test", all[0].ID, webhook.Filter{Limit: 1})
				if err == nil {
					at = list[0].Due
				}
				return err
			}))
			return at
		}
		before := due()
		w.update(func(tx *db.Tx) error { _, err := w.sandbox.Advance(tx, "rich.test", time.Hour); return err })
		if got := due(); got != before.Add(-time.Hour) {
			t.Errorf("it is due at %d, want an hour before %d", got, before)
		}
	})
}

// jobs are when the jobs of a site are due, by their names.
func (w *world) jobs(siteID string) map[string]db.Time {
	w.t.Helper()
	out := map[string]db.Time{}
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT kind, job_key, due FROM job WHERE site_id = ?`, siteID)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var kind, key string
			var due db.Time
			if err := rows.Scan(&kind, &key, &due); err != nil {
				return err
			}
			out[kind+" "+key] = due
		}
		return rows.Err()
	}))
	return out
}

func TestAnAdvanceThatBreaksHasMovedNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.shop("rich")
		w.furnish("rich.test")
		w.drain()
		before := w.digest(owned, "%", true)
		w.broken = errors.New("the process died")
		err := w.d.Update(t.Context(), "test", func(tx *db.Tx) error { _, err := w.sandbox.Advance(tx, "rich.test", 73*time.Hour); return err })
		if !errors.Is(err, w.broken) {
			t.Fatalf("got %v", err)
		}
		if diff := cmp.Diff(before, w.digest(owned, "%", true)); diff != "" {
			t.Errorf("something moved:\n%s", diff)
		}
		w.broken = nil
		w.advance("rich.test", 73*time.Hour)
		w.prove()
	})
}
