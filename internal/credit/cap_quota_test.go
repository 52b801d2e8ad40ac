package credit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

func (w *world) setQuota(n int64) (c Caps) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) { c, err = w.l.SetQuota(tx, "demo", n); return err })
	return c
}

// passes tells which of some holds were taken, in the order of the alphabet.
func (w *world) passes(want string, recipients ...int64) {
	w.t.Helper()
	holds := make([]Hold, len(recipients))
	for i, n := range recipients {
		holds[i] = holding(n, won)
	}
	got := ""
	for _, r := range w.reserve(holds...) {
		switch {
		case r == nil:
			got += "+"
		case r.Cap != nil && r.Cap.Cap == AllCaps[0]:
			got += "-"
		default:
			got += "?"
		}
	}
	if got != want {
		w.t.Errorf("of messages to %v passed %s, want %s", recipients, got, want)
	}
}

// A day begins and ends in Korea; what counts is the tightest of quota, bound and cap.
func TestAQuotaIsOfADayInKorea(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.l.WithQuota(10)
		w.now = db.At(time.Date(2026, 12, 1, 23, 59, 0, 0, korea.Seoul))
		w.site("demo")
		w.add(TopUp{Site: "demo", Kind: Payment, Amount: 1000 * won})
		w.passes("+-+-", 7, 4, 3, 1)
		w.now = w.now.Add(time.Minute) // 15:00 in Greenwich
		w.passes("+-", 10, 1)
		w.now = w.now.Add(10 * time.Hour) // midnight in Greenwich
		w.passes("-", 1)

		w.setQuota(15)
		w.passes("+-", 5, 1)
		w.setQuota(NoQuota)
		w.passes("+", 1000)
		w.setQuota(0)
		w.passes("-", 1)
		w.now = w.now.Add(24 * time.Hour)
		w.setCaps(Amounts{4})
		w.passes("-+-", 5, 4, 1)
		w.do(func(tx *db.Tx) error { _, err := w.l.SetCapBounds(tx, "demo", Amounts{8}); return err })
		w.setCaps(Amounts{})
		w.passes("+-", 4, 1)
		if c := w.caps().States[0]; c.Allowed() != 8 || c.Quota != 10 || c.Used != 8 {
			t.Errorf("the caps show %+v, want 8 allowed and used", c)
		}
		w.proven()
	})
}

// Counting begins with the first message, and ends when nobody limits the day any more.
func TestAnInstallationsQuotaComesAndGoes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.now = db.At(time.Date(2026, 12, 1, 9, 0, 0, 0, korea.Seoul))
		w.site("demo")
		w.add(TopUp{Site: "demo", Kind: Payment, Amount: 1000 * won})
		w.passes("+", 100)
		if since := w.caps().Since; since != 0 {
			t.Errorf("without a quota it is counted since %s", since.Time())
		}
		w.l.WithQuota(5)
		if c := w.caps(); c.Since != 0 || c.States[0].Limit() != 5 {
			t.Errorf("before the first message the caps are %+v", c)
		}
		w.passes("+-", 5, 1)
		w.wantUsed(5, 5, int64(won), int64(won))
		w.l.WithQuota(0)
		w.passes("+", 100)
		if since := w.caps().Since; since != 0 {
			t.Errorf("without a quota any more it is counted since %s", since.Time())
		}
		w.l.WithQuota(5)
		w.passes("+-", 5, 1) // what came in between is not known
		w.proven()
	})
}

// However many accept at once, by however many processes, exactly the quota passes.
func TestACrowdDoesNotPassAQuota(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.l.WithQuota(10)
		w.site("demo")
		w.add(TopUp{Site: "demo", Kind: Payment, Amount: 1000 * won})
		other := NewLedger(w.keys, w.q).WithQuota(10)
		var passed atomic.Int64
		var crowd sync.WaitGroup
		for i := range 8 {
			l := []*Ledger{w.l, other}[i%2]
			crowd.Go(func() {
				for range 4 {
					err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
						refused, err := l.Reserve(tx, []Hold{holding(1, won)})
						if err == nil && refused[0] != nil {
							err = fault.New(fault.TooMany, fault.CodeRateLimited, "refused")
						}
						return err
					})
					if err == nil {
						passed.Add(1)
					} else if !fault.Is(err, fault.TooMany) {
						t.Error(err)
					}
				}
			})
		}
		crowd.Wait()
		if passed.Load() != 10 || w.caps().States[0].Used != 10 {
			t.Errorf("%d passed, %d are counted, want 10", passed.Load(), w.caps().States[0].Used)
		}
	})
}

func TestAQuotaThatMakesNoSenseIsRefused(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, "sqlite"))
	w.site("demo")
	for _, n := range []int64{-2, 10_000_001} {
		err := w.try(func(tx *db.Tx) error { _, err := w.l.SetQuota(tx, "demo", n); return err })
		if f := fault.Of(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != "/recipients_per_day" {
			t.Errorf("%d: got %v", n, err)
		}
	}
	for _, n := range []int64{NoQuota, 0, 7} {
		w.setQuota(n)
		var got int64
		w.do(func(tx *db.Tx) (err error) { got, err = w.l.QuotaOf(tx, "demo"); return err })
		if got != n {
			t.Errorf("set %d, got %d", n, got)
		}
	}
	if err := w.try(func(tx *db.Tx) error { _, err := w.l.SetQuota(tx, "nobody", 1); return err }); !fault.Is(err, fault.NotFound) {
		t.Errorf("a site that is not there: %v", err)
	}
}

// The day is told with each hold, so that a reply can say what is left of it.
func TestAHoldIsToldHowTheDayStands(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, "sqlite"))
	w.now = db.At(time.Date(2026, 12, 1, 23, 0, 0, 0, korea.Seoul))
	w.site("demo")
	w.add(TopUp{Site: "demo", Kind: Payment, Amount: 1000 * won})
	var days [3]DayStanding
	told := func() string {
		var holds []Hold
		for i, n := range []int64{2, 9, 3} {
			h := holding(n, won)
			h.Day = &days[i]
			holds = append(holds, h)
		}
		w.reserve(holds...)
		return fmt.Sprint(days)
	}
	if got := told(); got != "[{0 0 0s} {0 0 0s} {0 0 0s}]" {
		t.Errorf("without a quota: %s", got)
	}
	w.l.WithQuota(10)
	if got := told(); got != "[{10 2 1h0m0s} {10 2 1h0m0s} {10 5 1h0m0s}]" {
		t.Errorf("with one: %s", got)
	}
}
