package queue

import (
	"testing"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
)

// retry wakes a buried job.
func (w *world) retry(kind, key string) error {
	return w.try(func(tx *db.Tx) error { _, err := w.q.Retry(tx, kind, key); return err })
}

// listed are the names of a list that is read page by page.
func (w *world) listed(c Condition, kind string) (names []string, all []Listed) {
	w.t.Helper()
	for after := (Place{}); ; {
		var page []Listed
		w.must(func(tx *db.Tx) (err error) {
			page, err = List(tx, c, kind, after, 2)
			return err
		})
		for _, l := range page {
			names, all = append(names, l.Kind+" "+l.Key), append(all, l)
		}
		if len(page) < 2 {
			return names, all
		}
		after = page[1].Place
	}
}

// furnished is a world with jobs of two kinds in every condition.
func furnished(t *testing.T, d *db.DB) *world {
	w := newWorld(t, d, Options{BuryAfter: 1, Lease: time.Minute})
	other := func(key string) Job { return Job{Lane: Default, Kind: "tidy", Key: key} }
	w.put(send("b1"), send("b2"), send("b3"))
	w.must(func(tx *db.Tx) error {
		got, err := w.q.claim(tx, id.New(), Send, []string{"send"}, 10, 0, alsoLater)
		if err != nil {
			return err
		}
		return w.q.Fail(tx, "no_balance", got...)
	})
	w.put(send("r1"), send("r2"), send("r3"))
	if got := w.claim(3); len(got) != 3 {
		t.Fatalf("claimed %v", keys(got))
	}
	soon := send("d4")
	soon.Due = w.now.Add(time.Second)
	w.put(send("d1"), send("d2"), send("d3"), soon, other("d5"))
	w.now = w.now.Add(2 * time.Second) // d4 is due, and nobody has seen it
	late := send("l1")
	late.Due = w.now.Add(time.Hour)
	later := other("l2")
	later.Due = w.now.Add(2 * time.Hour)
	w.put(late, later)
	return w
}

func TestJobsAreListedByHowTheyStandPageByPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := furnished(t, d)
		for c, want := range map[Condition][]string{
			Buried:  {"send b1", "send b2", "send b3"},
			Running: {"send r1", "send r2", "send r3"},
			Due:     {"send d1", "send d2", "send d3", "send d4", "tidy d5"},
			Later:   {"send l1", "tidy l2"},
		} {
			got, all := w.listed(c, "")
			same(t, string(c), got, want)
			for _, l := range all {
				if l.Condition != c || l.Kind == "send" && l.Site != "demo" || (c == Running) != (l.Until != 0) || (c == Later) != (l.Since == 0) {
					t.Errorf("%s: got %+v", c, l)
				}
			}
		}
		for key, want := range map[string]Condition{"b1": Buried, "r1": Running, "d1": Due, "d4": Due, "l1": Later, "none": ""} {
			w.must(func(tx *db.Tx) error {
				l, _, err := Find(tx, "send", key)
				same(t, key, l.Condition, want)
				return err
			})
		}
		got, _ := w.listed(Due, "tidy")
		same(t, "of one kind", got, []string{"tidy d5"})
		got, _ = w.listed(Due, "none")
		same(t, "of no kind", len(got), 0)
	})
}

func TestAListTellsWhyAndSinceWhenAJobIsBuriedAndWhenOthersRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := furnished(t, d)
		_, list := w.listed(Buried, "")
		if b := list[0]; b.Why != "no_balance" || b.Tries != 1 || b.Since != w.now.Add(-2*time.Second) || b.Next != 0 {
			t.Errorf("buried: got %+v", b)
		}
		_, list = w.listed(Later, "send")
		if l := list[0]; l.Next != w.now.Add(time.Hour) {
			t.Errorf("later: got %+v", l)
		}
		w.put(send("r1"))
		_, list = w.listed(Running, "")
		if r := list[0]; r.Next != w.now || list[1].Next != 0 || time.Since(r.Since.Time()) > time.Minute {
			t.Errorf("running: got %+v, want it to run again, and since just now", r)
		}
	})
}

func TestAllBuriedJobsOfAKindAreRetriedInSteps(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := furnished(t, d)
		for _, want := range [][2]int64{{2, 1}, {1, 0}, {0, 0}} {
			w.must(func(tx *db.Tx) error {
				woken, left, err := w.q.RetryAll(tx, "send", 2)
				same(t, "woken and left", [2]int64{int64(woken), left}, want)
				return err
			})
		}
		got, _ := w.listed(Buried, "")
		same(t, "buried", len(got), 0)
		if err := w.retry("send", "b1"); err == nil {
			t.Error("a job that is not buried any more is retried")
		}
		var noted []string
		err := audit.Each(t.Context(), d, audit.Filter{}, func(e audit.Entry) error {
			noted = append(noted, e.Action+" "+e.Ref+" "+string(e.After))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "noted", noted, []string{`job.retried send b3 {"jobs":1,"site":"demo"}`, `job.retried send {"jobs":2}`})
	})
}
