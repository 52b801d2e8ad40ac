package stat

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// noon is in the middle of the Korean day 2026-12-01.
var noon = db.At(time.Date(2026, 12, 1, 12, 0, 0, 0, korea.Seoul))

const december1 = "2026-12-01"

// at runs fn in a transaction at a time of the test's choice.
func at(t testing.TB, d *db.DB, now db.Time, fn func(*db.Tx) error) {
	t.Helper()
	err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
		tx.Now = now
		return fn(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func appendAt(t testing.TB, d *db.DB, now db.Time, deltas ...Delta) {
	t.Helper()
	at(t, d, now, func(tx *db.Tx) error { return Append(tx, deltas...) })
}

func readAll(t testing.TB, d *db.DB, q Query) (rows []Row) {
	t.Helper()
	if err := d.View(t.Context(), "test", func(tx *db.Tx) (err error) { rows, err = ReadAll(tx, q, ""); return err }); err != nil {
		t.Fatal(err)
	}
	return rows
}

func readSite(t testing.TB, d *db.DB, site string, q Query) (rows []Row) {
	t.Helper()
	if err := d.Snapshot(t.Context(), "test", func(tx *db.Tx) (err error) { rows, err = Read(tx, site, q); return err }); err != nil {
		t.Fatal(err)
	}
	return rows
}

func foldAll(t testing.TB, d *db.DB, want int64) {
	t.Helper()
	if n, err := FoldAll(t.Context(), d); err != nil || n != want {
		t.Errorf("FoldAll folded %d rows, %v; want %d", n, err, want)
	}
}

// count is how many rows a table has.
func count(t testing.TB, d *db.DB, query string) (n int) {
	t.Helper()
	if err := d.View(t.Context(), "test", func(tx *db.Tx) error { return tx.QueryRow(query).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

const (
	unfolded = `SELECT COUNT(*) FROM stat_delta`
	days     = `SELECT COUNT(*) FROM stat_day`
)

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func delta1(site string, f Figures) Delta {
	return Delta{Site: site, Channel: provider.SMS, Strategy: "sms_only", Provider: "solapi", Figures: f}
}

// campaign is ten recipients: seven by Alimtalk, one by SMS after it, one who failed
// twice, and one who was cancelled.
var campaign = []Delta{
	{"demo", provider.Alimtalk, "alimtalk_first", "solapi", Figures{Delivered: 7, Failed: 2, FellBack: 2, Cost: 63 * money.Won}},
	{"demo", provider.SMS, "alimtalk_first", "nhn", Figures{Delivered: 1, Failed: 1, Cost: 18 * money.Won, Refunded: 8 * money.Won}},
	{"demo", provider.Alimtalk, "alimtalk_first", "", Figures{Cancelled: 1}},
}

func TestRatesAreOfTheRecipientsThatAreFinal(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		appendAt(t, d, noon, campaign...)
		want := []Row{{
			Figures: Figures{Delivered: 8, Failed: 3, FellBack: 2, Cancelled: 1, Cost: 81 * money.Won, Refunded: 8 * money.Won},
			Final:   10, Success: Rate{8, 9}, Fallback: Rate{2, 9}, KakaoReach: Rate{7, 9},
		}}
		equal(t, "before folding", readSite(t, d, "demo", Query{From: december1, Until: december1}), want)
		foldAll(t, d, 3)
		equal(t, "after folding", readSite(t, d, "demo", Query{From: december1, Until: december1}), want)
	})
}

func TestGroupsAreOrderedAndHaveOnlyWhatTheyAreAbout(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		appendAt(t, d, noon, campaign...)
		got := readSite(t, d, "demo", Query{From: december1, Until: december1, By: ByChannel | ByProvider})
		equal(t, "by channel and provider", got, []Row{
			{Channel: provider.Alimtalk, Figures: Figures{Cancelled: 1}, Final: 1},
			{Channel: provider.Alimtalk, Provider: "solapi", Figures: campaign[0].Figures, Final: 7, Success: Rate{7, 7}, Fallback: Rate{2, 7}, KakaoReach: Rate{7, 9}},
			{Channel: provider.SMS, Provider: "nhn", Figures: campaign[1].Figures, Final: 2, Success: Rate{1, 2}, Fallback: Rate{0, 2}},
		})
	})
}

func TestASiteNeverSeesAnothers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		appendAt(t, d, noon, delta1("demo", Figures{Delivered: 1}), delta1("demo2", Figures{Delivered: 2}), delta1("Demo", Figures{Delivered: 4}))
		q := Query{From: december1, Until: december1}
		for range 2 {
			if rows := readSite(t, d, "demo", q); rows[0].Delivered != 1 {
				t.Errorf("demo: got %+v, want 1 delivered", rows)
			}
			if rows := readSite(t, d, "nobody", q); len(rows) != 1 || rows[0] != (Row{}) {
				t.Errorf("a site without figures: got %+v, want one row of zeros", rows)
			}
			q.By = BySite
			var got []string
			for _, r := range readAll(t, d, q) {
				got = append(got, fmt.Sprint(r.Site, r.Delivered))
			}
			equal(t, "all by site", got, []string{"Demo4", "demo1", "demo22"})
			q.By = 0
			if rows := readAll(t, d, q); len(rows) != 1 || rows[0].Delivered != 7 {
				t.Errorf("all together: got %+v, want 7 delivered", rows)
			}
			_, _ = FoldAll(t.Context(), d) // the answers tell
		}
		err := d.View(t.Context(), "test", func(tx *db.Tx) error { _, err := Read(tx, "", q); return err })
		if !fault.Is(err, fault.Internal) {
			t.Errorf("Read of no site: got %v, want an Internal fault", err)
		}
	})
}

func TestADayEndsAtMidnightInKorea(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		midnight := db.At(time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC))
		appendAt(t, d, midnight-1, delta1("demo", Figures{Delivered: 1}))
		appendAt(t, d, midnight, delta1("demo", Figures{Delivered: 2}))
		appendAt(t, d, midnight.Add(24*time.Hour)-1, delta1("demo", Figures{Delivered: 4}))
		appendAt(t, d, midnight.Add(24*time.Hour), delta1("demo", Figures{Delivered: 8}))
		for range 2 {
			var got []string
			for _, r := range readSite(t, d, "demo", Query{From: december1, Until: "2026-12-03", By: ByDay}) {
				got = append(got, fmt.Sprint(r.Day, " ", r.Delivered))
			}
			equal(t, "by day", got, []string{"2026-12-01 1", "2026-12-02 6", "2026-12-03 8"})
			if rows := readSite(t, d, "demo", Query{From: "2026-12-02", Until: "2026-12-03"}); rows[0].Delivered != 14 {
				t.Errorf("both ends are inclusive: got %d, want 14", rows[0].Delivered)
			}
			_, _ = FoldAll(t.Context(), d) // the answers tell
		}
	})
}

func TestEqualKeysOfOneAppendBecomeOneRow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		one := delta1("demo", Figures{Delivered: 1, Cost: 9 * money.Won})
		back := delta1("other", Figures{Failed: 1})
		undo := delta1("other", Figures{Failed: -1})
		appendAt(t, d, noon, one, back, one, undo, one)
		appendAt(t, d, noon)
		if n := count(t, d, unfolded); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
		rows := readSite(t, d, "demo", Query{From: december1, Until: december1})
		equal(t, "figures", rows[0].Figures, Figures{Delivered: 3, Cost: 27 * money.Won})
	})
}

func TestAFigureCanBeTakenBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		appendAt(t, d, noon, delta1("demo", Figures{Failed: 2}))
		foldAll(t, d, 1)
		appendAt(t, d, noon.Add(24*time.Hour), delta1("demo", Figures{Failed: -1, Delivered: 1}))
		for range 2 {
			rows := readSite(t, d, "demo", Query{From: december1, Until: "2026-12-02"})
			equal(t, "both days", rows[0].Figures, Figures{Failed: 1, Delivered: 1})
			rows = readSite(t, d, "demo", Query{From: "2026-12-02", Until: "2026-12-02"})
			if _, ok := rows[0].Success.PerTenThousand(); ok || rows[0].Final != 0 {
				t.Errorf("the second day: got %+v, want nobody final and no rate", rows[0])
			}
			_, _ = FoldAll(t.Context(), d) // the answers tell
		}
	})
}

func TestWhatDoesNotCommitIsNotCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		sorry := errors.New("the work failed")
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			if err := Append(tx, campaign...); err != nil {
				return err
			}
			return sorry
		})
		if !errors.Is(err, sorry) || count(t, d, unfolded) != 0 {
			t.Errorf("got %v and rows, want %v and none", err, sorry)
		}
	})
}

func TestAFoldThatIsRolledBackChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		appendAt(t, d, noon, campaign...)
		foldAll(t, d, 3)
		appendAt(t, d, noon, campaign...)
		appendAt(t, d, noon.Add(24*time.Hour), campaign...)
		before, rows, folded := content(t, d), count(t, d, unfolded), count(t, d, days)
		sorry := errors.New("the process ends")
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			if f, err := Fold(tx, Place{}, 4); err != nil || f.Rows != 4 || f.End {
				t.Errorf("Fold: got %+v, %v; want 4 rows and more behind them", f, err)
			}
			return sorry
		})
		if !errors.Is(err, sorry) || count(t, d, unfolded) != rows || count(t, d, days) != folded {
			t.Errorf("got %v, %d rows unfolded, %d days; want %v, %d, %d", err, count(t, d, unfolded), count(t, d, days), sorry, rows, folded)
		}
		equal(t, "content", content(t, d), before)
		foldAll(t, d, 6)
		equal(t, "content after folding", content(t, d), before)
	})
}

// content is all figures, by everything.
func content(t testing.TB, d *db.DB) []Row {
	return readAll(t, d, Query{From: "2000-01-01", Until: "2999-12-31", By: BySite | ByDay | ByChannel | ByStrategy | ByProvider})
}

func TestASumThatDoesNotFitIsAnError(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		most, one := delta1("demo", Figures{Cost: math.MaxInt64}), delta1("demo", Figures{Cost: 1})
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return Append(tx, most, one) })
		if !errors.Is(err, ErrOverflow) {
			t.Errorf("Append: got %v, want %v", err, ErrOverflow)
		}
		appendAt(t, d, noon, most)
		foldAll(t, d, 1)
		q := Query{From: december1, Until: december1}
		if rows := readSite(t, d, "demo", q); rows[0].Cost != math.MaxInt64 {
			t.Errorf("got %d, want the largest amount", rows[0].Cost)
		}
		appendAt(t, d, noon, one, delta1("other", Figures{Delivered: 1}))
		if n, err := FoldAll(t.Context(), d); n != 1 || !errors.Is(err, ErrOverflow) {
			t.Errorf("FoldAll folded %d rows, %v; want that of the other site, %v", n, err, ErrOverflow)
		}
		read := func(site string) error {
			return d.View(t.Context(), "test", func(tx *db.Tx) error { _, err := Read(tx, site, q); return err })
		}
		if err := read("demo"); !errors.Is(err, ErrOverflow) {
			t.Errorf("Read of a day and a row that do not fit: got %v, want %v", err, ErrOverflow)
		}
		if err := read("other"); err != nil {
			t.Errorf("Read of another site: %v", err)
		}
		appendAt(t, d, noon, delta1("third", Figures{Delivered: math.MaxInt64, Cost: -1}), delta1("third", Figures{Expired: 1}))
		if err := read("third"); !errors.Is(err, ErrOverflow) {
			t.Errorf("Read of more final recipients than fit: got %v, want %v", err, ErrOverflow)
		}
		appendAt(t, d, noon, delta1("fourth", Figures{Delivered: math.MaxInt64}))
		appendAt(t, d, noon, delta1("fourth", Figures{Delivered: math.MaxInt64}))
		if err := read("fourth"); err == nil {
			t.Error("Read of two rows that do not fit: got no error")
		}
		if n, err := FoldAll(t.Context(), d); n != 1 || !errors.Is(err, ErrOverflow) || count(t, d, unfolded) != 3 {
			t.Errorf("FoldAll folded %d rows, %v, %d stay; want 1, %v, 3", n, err, count(t, d, unfolded), ErrOverflow)
		}
	})
}

func TestADeltaThatCannotBeStoredIsRefused(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	long := strings.Repeat("a", 65)
	for _, bad := range []Delta{
		{Strategy: "sms_only"}, {Site: "demo"}, {Site: "demo", Strategy: "sms_only", Channel: provider.Channels},
		{Site: long, Strategy: "sms_only"}, {Site: "demo", Strategy: long}, {Site: "demo", Strategy: "sms_only", Provider: long},
	} {
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return Append(tx, bad) })
		if !fault.Is(err, fault.Internal) {
			t.Errorf("Append of %+v: got %v, want an Internal fault", bad, err)
		}
	}
}

func TestDaysThatAreNotDatesAreRefused(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	for _, q := range []Query{
		{}, {From: december1}, {Until: december1}, {From: "2026-12-1", Until: december1}, {From: december1, Until: "2026-12-32"},
		{From: "2026-12-02", Until: december1},
	} {
		err := d.View(t.Context(), "test", func(tx *db.Tx) error { _, err := Read(tx, "demo", q); return err })
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("Read %+v: got %v, want an Invalid fault", q, err)
		}
	}
}
