package series

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/book"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

// 2126-11-25 is a Monday.
var mondays = Plan{Cron: "0 9 * * 1", Missed: Skip}

func TestASeriesSendsAtEachOfItsTimes(t *testing.T) {
	each(t, func(w *world) {
		one := w.create(mondays, text())
		if diff := cmp.Diff([]string{"2126-11-25 09:00:00", "2126-12-02 09:00:00", "2126-12-09 09:00:00", "2126-12-16 09:00:00", "2126-12-23 09:00:00"}, shown(one.Next(one.CreatedAt))); diff != "" {
			w.t.Errorf("next: -want +got\n%s", diff)
		}
		w.drain()
		if w.sent() != 0 {
			w.t.Fatal("it was sent before its time")
		}
		for _, moment := range []string{"2126-11-25 08:59:59", "2126-11-25 09:00:00", "2126-11-25 09:00:30", "2126-11-28 00:00:00", "2126-12-02 09:03:00"} {
			w.to(moment)
			w.drain()
			w.drain()
		}
		if diff := cmp.Diff([]string{"2126-11-25 09:00:00 sent", "2126-12-02 09:00:00 sent"}, w.firings(one.ID)); diff != "" || w.sent() != 2 {
			w.t.Errorf("%d messages, firings: -want +got\n%s", w.sent(), diff)
		}
		w.view(func(tx *db.Tx) error {
			list, err := message.List(tx, shop, "", id.ID{}, 1)
			if err != nil {
				return err
			}
			c, err := w.messages.Content(tx, list[0])
			if c.Title != "월요일 안내" || list[0].State != message.StateAccepted || list[0].Accepted != 1 {
				w.t.Errorf("the message is %+v, %+v", list[0], c)
			}
			return err
		})
		if diff := cmp.Diff([]string{"series.sent", "series.sent"}, w.events("series.")); diff != "" || w.told() != 0 {
			w.t.Errorf("%d were told, events: -want +got\n%s", w.told(), diff)
		}
	})
}

func TestGroupsAreThoseOfTheMoment(t *testing.T) {
	each(t, func(w *world) {
		var g book.Group
		join := func(to string) {
			w.update(func(tx *db.Tx) error {
				_, err := w.book.Add(tx, shop, book.Entry{To: to, Name: "김하나"}, []id.ID{g.ID})
				return err
			})
		}
		w.update(func(tx *db.Tx) (err error) { g, err = w.book.AddGroup(tx, shop, "VIP"); return err })
		c := text()
		c.Groups = []id.ID{g.ID}
		join("01011110000")
		join("01012345678") // named by hand too
		w.create(mondays, c)
		accepted := func() (n int64) {
			w.view(func(tx *db.Tx) error {
				list, err := message.List(tx, shop, "", id.ID{}, 1)
				n = list[0].Accepted
				return err
			})
			return n
		}
		w.to("2126-11-25 09:00:00")
		w.drain()
		if accepted() != 2 {
			w.t.Errorf("%d accepted, want 2", accepted())
		}
		join("01011110001")
		w.to("2126-12-02 09:00:00")
		w.drain()
		if accepted() != 3 {
			w.t.Errorf("%d accepted, want 3", accepted())
		}
	})
}

func TestWhatWasMissedIsSkippedOrMadeUpOnce(t *testing.T) {
	each(t, func(w *world) {
		skips := w.create(Plan{Cron: "0 9 * * *", Missed: Skip}, text())
		makes := w.create(Plan{Cron: "0 9 * * *", Missed: Once}, text())
		w.to("2126-11-28 20:00:00") // nothing ran for days
		w.drain()
		if diff := cmp.Diff([]string{"2126-11-28 09:00:00 skipped +4"}, w.firings(skips.ID)); diff != "" {
			w.t.Errorf("skips: -want +got\n%s", diff)
		}
		if diff := cmp.Diff([]string{"2126-11-28 09:00:00 sent +3"}, w.firings(makes.ID)); diff != "" || w.sent() != 1 {
			w.t.Errorf("%d messages; makes up: -want +got\n%s", w.sent(), diff)
		}
		w.to("2126-11-29 09:00:00")
		w.drain()
		if w.sent() != 3 {
			w.t.Errorf("%d messages, want one more of each", w.sent())
		}
		if diff := cmp.Diff([]string{"series.skipped", "series.sent", "series.sent", "series.sent"}, w.events("series.")); diff != "" {
			w.t.Errorf("events: -want +got\n%s", diff)
		}
	})
}

func TestAFailureIsToldAndDoesNotStopTheSeries(t *testing.T) {
	each(t, func(w *world) {
		one := w.create(mondays, text())
		w.update(func(tx *db.Tx) error { return site.RemoveSender(tx, shop, "0261234567") })
		w.to("2126-11-25 09:00:00")
		w.drain()
		w.update(func(tx *db.Tx) error { _, err := site.AddSender(tx, shop, "0261234567", site.Approved); return err })
		w.to("2126-12-02 09:00:00")
		w.drain()
		w.update(func(tx *db.Tx) error { return site.SetState(tx, shop, site.Suspended) })
		w.to("2126-12-09 09:00:00")
		w.drain()
		if diff := cmp.Diff([]string{"2126-11-25 09:00:00 failed sender_missing", "2126-12-02 09:00:00 sent", "2126-12-09 09:00:00 failed site_suspended"}, w.firings(one.ID)); diff != "" {
			w.t.Errorf("firings: -want +got\n%s", diff)
		}
		if diff := cmp.Diff([]string{"series.failed", "series.sent", "series.failed"}, w.events("series.")); diff != "" || w.told() != 2 {
			w.t.Errorf("%d are told, events: -want +got\n%s", w.told(), diff)
		}
	})
}

func TestTooLittleCreditIsAFailureThatHoldsNothing(t *testing.T) {
	each(t, func(w *world) {
		c := text()
		for i := range 60 { // 1,080 won
			c.Recipients = append(c.Recipients, Recipient{To: string([]byte{'0', '1', '0', '9', '9', '9', '9', '0', '0', byte('0' + i/10), byte('0' + i%10)}), Variables: map[string]string{"이름": "김하나"}})
		}
		one := w.create(mondays, c)
		w.to("2126-11-25 09:00:00")
		w.drain()
		if diff := cmp.Diff([]string{"2126-11-25 09:00:00 failed insufficient_credit"}, w.firings(one.ID)); diff != "" || w.sent() != 0 || w.told() != 1 {
			w.t.Errorf("%d messages, %d told, firings: -want +got\n%s", w.sent(), w.told(), diff)
		}
		w.view(func(tx *db.Tx) error {
			a, err := w.ledger.Account(tx, shop)
			if a.Held != 0 {
				w.t.Errorf("%s held", a.Held)
			}
			return err
		})
	})
}

func TestASeriesEnds(t *testing.T) {
	each(t, func(w *world) {
		p := mondays
		p.EndsAt = at("2126-12-02 09:00:00")
		one := w.create(p, text())
		w.to("2126-11-25 09:00:00")
		w.drain()
		w.to("2126-12-02 09:00:00")
		w.drain()
		got := w.find(one.ID)
		if got.State != Ended || got.NextAt != 0 || len(got.Next(got.ChangedAt)) != 0 || w.sent() != 2 {
			w.t.Errorf("after %d messages it is %s, next %d", w.sent(), got.State, got.NextAt)
		}
		w.to("2127-01-01 00:00:00")
		w.drain()
		if diff := cmp.Diff([]string{"series.sent", "series.ended", "series.sent"}, w.events("series.")); diff != "" || w.sent() != 2 {
			w.t.Errorf("events: -want +got\n%s", diff)
		}
		err := w.d.Update(ctx, "test", func(tx *db.Tx) error { _, err := w.series.Resume(tx, shop, one.ID); return err })
		w.refused(err, fault.Conflict, "")
		w.update(func(tx *db.Tx) error {
			again, err := w.series.Set(tx, shop, one.ID, mondays, text())
			if again.State != Active || again.NextAt != at("2127-01-06 09:00:00") {
				w.t.Errorf("given another plan it is %s, next %s", again.State, shown([]db.Time{again.NextAt}))
			}
			return err
		})
	})
}

func TestAPausedSeriesMissesNothingAndSendsNothing(t *testing.T) {
	each(t, func(w *world) {
		p := mondays
		p.Missed = Once
		one := w.create(p, text())
		turn := func(act func(tx *db.Tx, siteID string, of id.ID) (Series, error), want State) {
			w.t.Helper()
			w.update(func(tx *db.Tx) error {
				got, err := act(tx, shop, one.ID)
				if got.State != want {
					w.t.Errorf("it is %s, want %s", got.State, want)
				}
				return err
			})
		}
		turn(w.series.Pause, Paused)
		turn(w.series.Pause, Paused)
		w.to("2126-11-25 09:00:00")
		w.drain()
		w.to("2126-12-01 00:00:00")
		turn(w.series.Resume, Active)
		turn(w.series.Resume, Active)
		w.drain()
		if w.sent() != 0 {
			w.t.Errorf("%d messages, want none", w.sent())
		}
		w.to("2126-12-02 09:00:00")
		w.drain()
		if diff := cmp.Diff([]string{"2126-12-02 09:00:00 sent"}, w.firings(one.ID)); diff != "" {
			w.t.Errorf("firings: -want +got\n%s", diff)
		}
		if diff := cmp.Diff([]string{"series.paused", "series.active", "series.sent"}, w.events("series.")); diff != "" {
			w.t.Errorf("events: -want +got\n%s", diff)
		}
	})
}

func TestARemovedSeriesLeavesItsMessages(t *testing.T) {
	each(t, func(w *world) {
		one := w.create(mondays, text())
		w.to("2126-11-25 09:00:00")
		w.drain()
		w.update(func(tx *db.Tx) error { return w.series.Remove(tx, shop, one.ID) })
		w.to("2126-12-02 09:00:00")
		w.drain()
		if w.sent() != 1 || len(w.firings(one.ID)) != 0 {
			w.t.Errorf("%d messages, firings %v", w.sent(), w.firings(one.ID))
		}
		err := w.d.Update(ctx, "test", func(tx *db.Tx) error { return w.series.Remove(tx, shop, one.ID) })
		w.refused(err, fault.NotFound, "")
	})
}

func TestAnotherPlanCountsFromNowOn(t *testing.T) {
	each(t, func(w *world) {
		one := w.create(Plan{Cron: "0 9 * * *", Missed: Once}, text())
		w.to("2126-11-25 08:00:00")
		w.update(func(tx *db.Tx) error {
			_, err := w.series.Set(tx, shop, one.ID, Plan{Cron: "0 10 * * *", Missed: Once}, text())
			return err
		})
		for _, moment := range []string{"2126-11-25 09:30:00", "2126-11-25 10:00:00"} {
			w.to(moment)
			w.drain()
		}
		if diff := cmp.Diff([]string{"2126-11-25 10:00:00 sent"}, w.firings(one.ID)); diff != "" {
			w.t.Errorf("firings: -want +got\n%s", diff)
		}
	})
}

func TestTheOldestFiringsAreForgotten(t *testing.T) {
	w := newWorld(t, dbtest.Engines()[0])
	one := w.create(Plan{Cron: "0 * * * *", Missed: Skip}, text())
	w.update(func(tx *db.Tx) error { return site.SetState(tx, shop, site.Suspended) })
	now := at("2126-11-24 13:00:00")
	for range mostFirings + 5 {
		w.now.Store(int64(now))
		w.drain()
		now += 3_600_000_000
	}
	list := w.firings(one.ID)
	if len(list) != mostFirings || list[0] != "2126-11-24 18:00:00 failed site_suspended" {
		t.Errorf("%d are kept, the oldest is %s", len(list), list[0])
	}
}

func TestWhatCouldNeverBeSentIsRefusedAtItsPlace(t *testing.T) {
	w := newWorld(t, dbtest.Engines()[0])
	with := func(change func(*Content)) Content { c := text(); change(&c); return c }
	for _, c := range []struct {
		content Content
		pointer string
	}{
		{with(func(c *Content) { c.Name = " " }), "/name"},
		{with(func(c *Content) { c.Recipients = nil }), "/message/recipients"},
		{with(func(c *Content) { c.Recipients = make([]Recipient, MostRecipients+1) }), "/message/recipients"},
		{with(func(c *Content) { c.Groups = make([]id.ID, message.MostGroups+1) }), "/message/groups"},
		{with(func(c *Content) { c.Request.ScheduledAt = at("2126-12-01 00:00:00").Time() }), "/message/scheduled_at"},
	} {
		err := w.d.Update(ctx, "test", func(tx *db.Tx) error { _, err := w.series.Create(tx, shop, mondays, c.content); return err })
		w.refused(err, fault.Invalid, c.pointer)
	}
	w.update(func(tx *db.Tx) error {
		for range MostSeries {
			if _, err := w.series.Create(tx, shop, mondays, text()); err != nil {
				return err
			}
		}
		_, err := w.series.Create(tx, shop, mondays, text())
		w.refused(err, fault.Conflict, "")
		return nil
	})
}

func TestTwoProcessesSendAFiringOnce(t *testing.T) {
	each(t, func(w *world) {
		one := w.create(mondays, text())
		other := w.process()
		w.to("2126-11-25 09:00:00")
		jobs := w.claim()
		w.now.Add(120_000_000) // the lease runs out while its process thinks that it still holds it
		theirs := other.claim()
		if len(jobs) != 1 || len(theirs) != 1 {
			w.t.Fatalf("claimed %d and %d jobs, want one each", len(jobs), len(theirs))
		}
		var both sync.WaitGroup
		both.Go(func() { _ = w.series.fire(ctx, jobs[0]) }) // whose lease is lost
		both.Go(func() {
			if err := other.series.fire(ctx, theirs[0]); err != nil {
				w.t.Error(err)
			}
		})
		both.Wait()
		w.drain()
		if diff := cmp.Diff([]string{"2126-11-25 09:00:00 sent"}, w.firings(one.ID)); diff != "" || w.sent() != 1 {
			w.t.Errorf("%d messages, firings: -want +got\n%s", w.sent(), diff)
		}
		if got := w.find(one.ID); got.FiringAt != 0 || got.NextAt != at("2126-12-02 09:00:00") {
			w.t.Errorf("it waits for %v, firing %v", shown([]db.Time{got.NextAt}), got.FiringAt)
		}
	})
}

func TestACrashSendsNothingTwiceAndForgetsNothing(t *testing.T) {
	each(t, func(w *world) {
		for name, c := range map[string]struct {
			missed Missed
			sends  bool // before it dies
			later  string
			want   string
		}{
			"before its message":                   {Skip, false, "2126-11-25 09:05:00", "2126-11-25 09:00:00 sent"},
			"after its message":                    {Skip, true, "2126-11-25 09:05:00", "2126-11-25 09:00:00 sent"},
			"before its message, for long":         {Skip, false, "2126-11-25 20:00:00", "2126-11-25 09:00:00 skipped +1"},
			"after its message, for long":          {Skip, true, "2126-11-25 20:00:00", "2126-11-25 09:00:00 sent"},
			"before its message, for long, is due": {Once, false, "2126-11-25 20:00:00", "2126-11-25 09:00:00 sent"},
		} {
			w.to("2126-11-24 12:00:00")
			one := w.create(Plan{Cron: "0 9 * * *", Missed: c.missed}, text())
			before := w.sent()
			w.to("2126-11-25 09:00:00")
			jobs := w.claim()
			var begun Series
			w.update(func(tx *db.Tx) (err error) { begun, _, err = w.series.begin(tx, jobs[0], one.ID); return err })
			if c.sends {
				_, err := w.series.send(ctx, begun, false)
				w.must(err)
			}
			if diff := cmp.Diff([]string{"2126-11-25 09:00:00 begun"}, w.firings(one.ID)); diff != "" {
				w.t.Errorf("%s: -want +got\n%s", name, diff)
			}
			w.to(c.later)
			w.now.Add(120_000_000) // and its lease runs out
			w.drain()
			if diff := cmp.Diff([]string{c.want}, w.firings(one.ID)); diff != "" {
				w.t.Errorf("%s: -want +got\n%s", name, diff)
			}
			if n := w.sent() - before; n != 1 && c.want != "2126-11-25 09:00:00 skipped +1" || n > 1 {
				w.t.Errorf("%s: %d messages", name, n)
			}
			w.update(func(tx *db.Tx) error { return w.series.Remove(tx, shop, one.ID) })
		}
	})
}

func TestWhatASeriesSaysIsKeptSealed(t *testing.T) {
	each(t, func(w *world) {
		c := text()
		c.Asked = []byte(`{"secret":"words"}`)
		one := w.create(mondays, c)
		w.view(func(tx *db.Tx) error {
			var sealed []byte
			err := tx.QueryRow(`SELECT sealed FROM series`).Scan(&sealed)
			for _, secret := range []string{"안내", "12345678", "secret"} {
				if bytes.Contains(sealed, []byte(secret)) {
					w.t.Errorf("it shows %q", secret)
				}
			}
			return err
		})
		got := w.find(one.ID)
		if diff := cmp.Diff(c, got.Content); diff != "" {
			w.t.Errorf("-want +got\n%s", diff)
		}
	})
}

func TestASeriesKeepsTheRulesOfItsSite(t *testing.T) {
	each(t, func(w *world) {
		hour := time.Hour
		w.update(func(tx *db.Tx) error {
			_, err := site.SetRules(tx, shop, site.RulesChange{DuplicateWindow: &hour})
			return err
		})
		c := text()
		c.Request.Text.Advertising, c.Request.Text.OptOut = true, "080-123-4567"
		c.Recipients = append(c.Recipients, Recipient{To: "01012345679", Variables: map[string]string{"이름": "이두리"}, ConsentAt: time.Unix(1_700_000_000, 0), NightConsent: true})
		one := w.create(Plan{Cron: "0,30 9 * * 1", Missed: Skip}, c)
		for _, moment := range []string{"2126-11-25 09:00:00", "2126-11-25 09:30:00"} {
			w.to(moment)
			w.drain()
		}
		if diff := cmp.Diff([]string{"2126-11-25 09:00:00 sent", "2126-11-25 09:30:00 failed no_recipients"}, w.firings(one.ID)); diff != "" {
			w.t.Errorf("firings: -want +got\n%s", diff)
		}
		w.view(func(tx *db.Tx) error {
			list, err := message.List(tx, shop, "", id.ID{}, 1)
			if err != nil {
				return err
			}
			content, err := w.messages.Content(tx, list[0])
			if ad := content.Advert(); err == nil && (list[0].Accepted != 1 || list[0].RejectedBy[message.NoConsent] != 1 || ad.Dated != 1 || ad.Nightly != 1 || content.Checked.By != one.ID.Text(id.Series)) {
				w.t.Errorf("accepted %d, rejected %v, %+v, sent by %s", list[0].Accepted, list[0].RejectedBy, ad, content.Checked.By)
			}
			return err
		})
	})
}

func TestANumberIsTakenOutOfSeries(t *testing.T) {
	each(t, func(w *world) {
		c := text()
		c.Recipients = []Recipient{{To: "010-1111-2222"}, {To: "01033334444"}}
		c.Asked = []byte(`{"text":{"body":"x"},"recipients":[{"to":"010-1111-2222"},{"to":"01033334444"}]}`)
		both := w.create(mondays, c)
		c.Recipients, c.Asked = c.Recipients[:1], nil
		alone := w.create(mondays, c)
		w.update(func(tx *db.Tx) error {
			n, err := w.series.Forget(tx, shop, "01011112222")
			if n != 2 {
				w.t.Errorf("%d named him, want 2", n)
			}
			again, err2 := w.series.Forget(tx, shop, "01011112222")
			if again != 0 {
				w.t.Errorf("%d name him still", again)
			}
			return errors.Join(err, err2)
		})
		w.view(func(tx *db.Tx) error {
			got, err := w.series.Find(tx, shop, both.ID)
			if len(got.Recipients) != 1 || got.Recipients[0].To != "01033334444" || bytes.Contains(got.Asked, []byte("1111")) || !bytes.Contains(got.Asked, []byte("3333")) || got.State != Active {
				w.t.Errorf("got %+v", got)
			}
			empty, err2 := w.series.Find(tx, shop, alone.ID)
			if len(empty.Recipients) != 0 || empty.State != Paused {
				w.t.Errorf("got %+v, want it paused, for nobody", empty)
			}
			return errors.Join(err, err2)
		})
	})
}
