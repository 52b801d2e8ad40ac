package credit

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// cappedSite makes a site with 100,000 won, at 15:00 of 2026-12-01 in Korea.
func cappedSite(w *world, name string, a Amounts) {
	w.t.Helper()
	w.now = db.At(time.Date(2026, 12, 1, 15, 0, 0, 0, korea.Seoul))
	w.site(name)
	w.add(TopUp{Site: name, Kind: Payment, Amount: 100_000 * won})
	w.do(func(tx *db.Tx) error { _, err := w.l.SetCaps(tx, name, a); return err })
}

func (w *world) setCaps(a Amounts) (c Caps) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) { c, err = w.l.SetCaps(tx, "demo", a); return err })
	return c
}

func (w *world) caps() (c Caps) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) { c, err = w.l.CapsOf(tx, "demo"); return err })
	return c
}

func (w *world) wantUsed(used ...int64) {
	w.t.Helper()
	c := w.caps()
	var got []int64
	for _, s := range c.States {
		got = append(got, s.Used)
	}
	if !slices.Equal(got, used) {
		w.t.Errorf("used %v, want %v", got, used)
	}
}

// wantTold checks the alerts about caps, as "recipients day 70".
func (w *world) wantTold(want ...string) {
	w.t.Helper()
	var got []string
	w.view(func(tx *db.Tx) error {
		list, err := event.List(tx, "demo", id.ID{}, 1000)
		for _, e := range list {
			if e.Type != "credit.cap_reached" {
				continue
			}
			var f struct {
				What, Period, Limit, Used string
				Percent                   int
				Refused                   bool
			}
			if err := json.Unmarshal(e.Data, &f); err != nil {
				return err
			}
			got = append(got, fmt.Sprint(f.What, " ", f.Period, " ", f.Percent, map[bool]string{true: " refused"}[f.Refused]))
		}
		return err
	})
	if !slices.Equal(got, want) {
		w.t.Errorf("told %q, want %q", got, want)
	}
}

func holding(recipients int64, amount money.Amount) Hold {
	return Hold{Site: "demo", Message: id.New(), Amount: amount, Recipients: recipients, Classes: []byte("sms 18")}
}

func TestACapIsReachedAndNotPassed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for i, c := range AllCaps {
			name := fmt.Sprintf("site-%d", i)
			var a Amounts
			if a[i] = 10; c.Kind == CapWon {
				a[i] = int64(180 * won)
			}
			cappedSite(w, name, a)
			of := func(n int64) Hold {
				h := holding(n, money.Amount(n)*18*won)
				h.Site = name
				return h
			}
			got := w.reserve(of(7), of(4), of(3), of(1))
			for n, refused := range []bool{false, true, false, true} {
				if (got[n] != nil) != refused {
					t.Errorf("%v: hold %d is refused %t, want %t", c, n, got[n] != nil, refused)
				}
			}
			if r := got[1]; r == nil || r.Cap == nil || r.Cap.Cap != c || r.Cap.Used != a[i]/10*7 || r.Cap.Needed != a[i]/10*4 || r.Cap.Limit != a[i] || r.Cap.Alone() {
				t.Errorf("%v: refused with %+v", c, r)
			}
			ends := map[CapPeriod]string{CapDay: "2026-12-02 00:00:00", CapMonth: "2027-01-01 00:00:00"}[c.Period]
			if end := c.Period.end(w.now).Time().In(korea.Seoul).Format(time.DateTime); end != ends {
				t.Errorf("%v: the period ends at %s, want %s", c, end, ends)
			}
			w.now = c.Period.end(w.now) - 1
			if got := w.reserve(of(1)); got[0] == nil {
				t.Errorf("%v: taken in the last moment of the period", c)
			}
			w.now++
			if got := w.reserve(of(10)); got[0] != nil {
				t.Errorf("%v: refused in the first moment of the next: %+v", c, got[0].Cap)
			}
			w.proven()
		}
	})
}

func TestAMessageThatIsLargerThanACapIsSaidToBe(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, "sqlite"))
	cappedSite(w, "demo", Amounts{10})
	got := w.reserve(holding(11, 198*won))
	if got[0] == nil || got[0].Cap == nil || !got[0].Cap.Alone() {
		t.Fatalf("got %+v, want a refusal that waiting does not help", got[0])
	}
	w.wantTold() // nothing of the cap is used
}

func TestASiteWithoutCapsIsNotMeasured(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		cappedSite(w, "demo", Amounts{})
		m := holding(1, 18*won)
		w.reserve(m)
		w.settle(Settlement{Site: "demo", Message: m.Message, Released: 18 * won})
		var n int
		w.view(func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM credit_cap_use`).Scan(&n) })
		if c := w.caps(); c.Since != 0 || n != 0 {
			t.Errorf("it counts since %s, in %d periods", c.Since.Time(), n)
		}
	})
}

// TestWhatIsReleasedIsGivenBackToTheDayOfItsAccept settles a message of one day on the next.
func TestWhatIsReleasedIsGivenBackToTheDayOfItsAccept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		cappedSite(w, "demo", Amounts{100, 100, int64(1000 * won), int64(1000 * won)})
		first, today := holding(10, 180*won), w.now
		w.reserve(first)
		w.wantUsed(10, 10, int64(180*won), int64(180*won))
		w.settle(Settlement{Site: "demo", Message: first.Message, Delivered: []Delivered{delivered(provider.SMS, 2, 18*won)}, Released: 18 * won})
		w.wantUsed(10, 10, int64(162*won), int64(162*won))
		w.now = today.Add(24 * time.Hour)
		w.reserve(holding(1, 18*won))
		w.settle(Settlement{Site: "demo", Message: first.Message, Released: 72 * won})
		w.wantUsed(1, 11, int64(18*won), int64(108*won))
		w.now = today
		w.wantUsed(10, 11, int64(90*won), int64(108*won))
		w.proven()
	})
}

func TestPeopleAreToldOncePerLevelAndPeriod(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		cappedSite(w, "demo", Amounts{10, 0, int64(1000 * won)})
		told := func(more ...string) {
			w.t.Helper()
			w.wantTold(more...)
		}
		w.reserve(holding(6, 6*won))
		told()
		w.reserve(holding(1, won))
		told("recipients day 70")
		m := holding(1, 700*won)
		w.reserve(m)
		told("recipients day 70", "won day 70")
		w.settle(Settlement{Site: "demo", Message: m.Message, Released: 700 * won})
		w.reserve(holding(1, 700*won)) // the won go over their level again, the recipients over the next
		told("recipients day 70", "won day 70", "recipients day 90")
		w.reserve(holding(2, won)) // refused, though one is left
		w.reserve(holding(2, won))
		told("recipients day 70", "won day 70", "recipients day 90", "recipients day 100 refused")
		w.now = w.now.Add(24 * time.Hour)
		w.reserve(holding(10, won))
		told("recipients day 70", "won day 70", "recipients day 90", "recipients day 100 refused", "recipients day 100")
	})
}

func TestTheTighterOfOwnCapAndBoundCounts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		cappedSite(w, "demo", Amounts{10})
		w.do(func(tx *db.Tx) error { _, err := w.l.SetCapBounds(tx, "demo", Amounts{5, 50}); return err })
		c := w.caps()
		if s := c.States[0]; s.Own != 10 || s.Bound != 5 || s.Limit() != 5 {
			t.Errorf("the recipients of a day stand as %+v", s)
		}
		if r := w.reserve(holding(6, won)); r[0] == nil || r[0].Cap.Limit != 5 {
			t.Errorf("got %+v, want it over the bound", r[0])
		}
		for a, pointer := range map[Amounts]string{{6}: "/recipients/day", {0, 51}: "/recipients/month", {0, 0, -1}: "/won/day"} {
			err := w.try(func(tx *db.Tx) error { _, err := w.l.SetCaps(tx, "demo", a); return err })
			if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || len(f.Fields) == 0 || f.Fields[0].Pointer != pointer {
				t.Errorf("caps %v: got %v, want them refused at %s", a, err, pointer)
			}
		}
		w.setCaps(Amounts{})
		if r := w.reserve(holding(6, won)); r[0] == nil {
			t.Error("without a cap of its own the bound is gone too")
		}
		w.do(func(tx *db.Tx) error { _, err := w.l.SetCapBounds(tx, "demo", Amounts{}); return err })
		if r := w.reserve(holding(6, won)); r[0] != nil {
			t.Errorf("without caps: got %+v", r[0])
		}
	})
}

// TestCountingBeginsAnewAfterAPause takes the caps away and sets them again: what was sent in
// between is not known, and a message of before is not given back.
func TestCountingBeginsAnewAfterAPause(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		all := Amounts{10, 10, int64(1000 * won), int64(1000 * won)}
		cappedSite(w, "demo", all)
		before := holding(8, 100*won)
		w.reserve(before)
		w.now++
		w.setCaps(Amounts{})
		w.reserve(holding(50, 100*won))
		w.now++
		if c := w.setCaps(all); c.Since != w.now {
			t.Errorf("it counts since %s, want %s", c.Since.Time(), w.now.Time())
		}
		w.wantUsed(0, 0, 0, 0)
		w.reserve(holding(3, 30*won))
		w.settle(Settlement{Site: "demo", Message: before.Message, Released: 100 * won})
		w.wantUsed(3, 3, int64(30*won), int64(30*won))
		w.proven()
	})
}

// TestManyAtOnceDoNotPassACap lets crowds of holds meet, each in a transaction of its own.
func TestManyAtOnceDoNotPassACap(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		cappedSite(w, "demo", Amounts{0, 25})
		var all sync.WaitGroup
		taken := make([]bool, 40)
		for i := range taken {
			all.Go(func() {
				err := w.try(func(tx *db.Tx) error {
					r, err := w.l.Reserve(tx, []Hold{holding(1, won)})
					taken[i] = err == nil && r[0] == nil
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		n := 0
		for _, one := range taken {
			if one {
				n++
			}
		}
		if n != 25 {
			t.Errorf("%d were taken, want 25", n)
		}
		w.wantUsed(25, 25, int64(25*won), int64(25*won))
		w.proven()
	})
}

func TestLevelsAreReachedAtTheirShareRoundedUp(t *testing.T) {
	for _, c := range []struct{ used, limit, want int64 }{
		{0, 1, 0}, {1, 1, 100}, {0, 3, 0}, {2, 3, 0}, {3, 3, 100}, {6, 10, 0}, {7, 10, 70}, {8, 10, 70}, {9, 10, 90}, {10, 10, 100}, {11, 10, 100},
		{70, 101, 0}, {71, 101, 70}, {1 << 62, 1<<63 - 1, 0}, {1<<63 - 1, 1<<63 - 1, 100},
	} {
		if got := reached(c.used, c.limit); got != c.want {
			t.Errorf("%d of %d reach %d %%, want %d", c.used, c.limit, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1, 1_000_000).Draw(t, "limit")
		used := rapid.Int64Range(0, 2*limit).Draw(t, "used")
		got := reached(used, limit)
		for _, l := range capLevels {
			if (got >= l) != (used*100 >= limit*l) {
				t.Fatalf("%d of %d reach %d", used, limit, got)
			}
		}
	})
}
