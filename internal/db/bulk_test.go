package db_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// thing has a column of every type; line has the shape of the big tables, and pair that
// of idempotency keys.
const (
	makeThing = `CREATE TABLE IF NOT EXISTS thing (
    id {id} NOT NULL PRIMARY KEY,
    label {word} NOT NULL,
    rank {int} NOT NULL,
    note {text},
    made {time},
    cost {amount} NOT NULL,
    body {bytes},
    open {bool} NOT NULL,
    owner {id},
    UNIQUE (label, rank)
) {{table: fillfactor=70}}`
	makeLine = `CREATE TABLE IF NOT EXISTS line (
    site {word} NOT NULL,
    message {id} NOT NULL,
    seq {int} NOT NULL,
    state {word} NOT NULL,
    PRIMARY KEY (site, message, seq)
) {{table: fillfactor=70, narrow}}`
	makePair = `CREATE TABLE IF NOT EXISTS pair (
    site {word} NOT NULL,
    digest {id} NOT NULL,
    state {word} NOT NULL,
    PRIMARY KEY (site, digest)
) {{table: fillfactor=70}}`
)

type thing struct {
	ID    id.ID
	Label label
	Rank  int32
	Note  string // "" is NULL
	Made  db.Time
	Cost  money.Amount
	Body  []byte
	Open  bool
	Owner id.ID
}

type label string

func each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		tables(t, d)
		test(t, d)
	})
}

// openWith gives a database of one engine with the test's tables.
func openWith(t *testing.T, engine string) *db.DB {
	t.Helper()
	d := dbtest.Open(t, engine)
	tables(t, d)
	return d
}

func tables(t *testing.T, d *db.DB) {
	t.Helper()
	for _, text := range []string{makeThing, makeLine, makePair} {
		if err := db.Make(t.Context(), d, text); err != nil {
			t.Fatalf("make a table: %v", err)
		}
	}
}

func update(t *testing.T, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Update(t.Context(), "test", fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

func column[T any](things []thing, of func(thing) T) []T {
	out := make([]T, len(things))
	for i, x := range things {
		out[i] = of(x)
	}
	return out
}

func thingIDs(things []thing) []id.ID { return column(things, func(x thing) id.ID { return x.ID }) }

func columns(things []thing) []db.Column {
	return []db.Column{
		db.Col("id", thingIDs(things)),
		db.Col("label", column(things, func(x thing) label { return x.Label })),
		db.Col("rank", column(things, func(x thing) int32 { return x.Rank })),
		db.Opt("note", column(things, func(x thing) string { return x.Note })),
		db.Opt("made", column(things, func(x thing) db.Time { return x.Made })),
		db.Col("cost", column(things, func(x thing) money.Amount { return x.Cost })),
		db.Col("body", column(things, func(x thing) []byte { return x.Body })),
		db.Col("open", column(things, func(x thing) bool { return x.Open })),
		db.Opt("owner", column(things, func(x thing) id.ID { return x.Owner })),
	}
}

var thingCols = []string{"id", "label", "rank", "note", "made", "cost", "body", "open", "owner"}

func scanThing(rows *sql.Rows) (x thing, err error) {
	err = rows.Scan(&x.ID, &x.Label, &x.Rank, db.Maybe(&x.Note), db.Maybe(&x.Made), &x.Cost, &x.Body, &x.Open, &x.Owner)
	return x, err
}

// read gives the things of these ids in the order of the key.
func read(t *testing.T, d *db.DB, want []id.ID) (out []thing) {
	t.Helper()
	err := d.View(t.Context(), "test.read", func(tx *db.Tx) error {
		rows, err := tx.Lookup("thing", thingCols, db.Col("id", want))
		out, err = db.Collect(rows, err, scanThing)
		return err
	})
	if err != nil {
		t.Fatalf("read things: %v", err)
	}
	return out
}

func some(n int) []thing {
	out := make([]thing, n)
	for i := range out {
		x := thing{
			ID: id.New(), Label: label(fmt.Sprintf("label-%d", i%7)), Rank: int32(i), Cost: money.Amount(i) - 3,
			Open: i%2 == 0, Body: []byte{byte(i), 0, '\'', '\\', '?'},
		}
		if i%3 == 0 {
			x.Note, x.Made, x.Owner = fmt.Sprintf("쪽지 '%d' \\ ? \"x\"\n", i), db.Time(i+1), id.New()
		}
		if i%5 == 0 {
			x.Body = nil
		}
		out[i] = x
	}
	return out
}

var sizes = []int{0, 1, 2, 9, 99, 100, 101, 5000}

func TestRowsComeBackAsTheyWereInserted(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for _, n := range sizes {
			want := some(n)
			for i := range want {
				want[i].Label = label(fmt.Sprintf("size-%d", n))
			}
			update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(want)...) })
			got := read(t, d, thingIDs(want))
			if len(got) == 0 && n == 0 {
				continue
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d rows (-want +got):\n%s", n, diff)
			}
		}
	})
}

func TestUpdateManySetsEveryOtherColumnOfItsRowsAlone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for _, n := range sizes {
			all := some(n + 1)
			for i := range all {
				all[i].Label = label(fmt.Sprintf("size-%d", n))
			}
			want := make([]thing, len(all))
			copy(want, all)
			for i := range n {
				want[i].Note, want[i].Cost, want[i].Open = "new", want[i].Cost+100, !want[i].Open
				want[i].Body, want[i].Owner, want[i].Made = []byte("b"), id.ID{}, 7
				if i%4 == 0 {
					want[i].Note, want[i].Body = "", nil
				}
			}
			update(t, d, func(tx *db.Tx) error {
				if err := tx.InsertMany("thing", columns(all)...); err != nil {
					return err
				}
				return tx.UpdateMany("thing", []string{"id"}, columns(want[:n])...)
			})
			if diff := cmp.Diff(want, read(t, d, thingIDs(want))); diff != "" {
				t.Errorf("%d rows (-want +got):\n%s", n, diff)
			}
		}
	})
}

func TestUpdateManyOfUnchangedValuesIsNotStale(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		things := some(120)
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(things)...) })
		update(t, d, func(tx *db.Tx) error { return tx.UpdateMany("thing", []string{"id"}, columns(things)...) })
	})
}

func TestOneValueForAllRowsServesEveryBulkAct(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		m, n := id.New(), 130
		seqs := make([]int, n)
		for i := range seqs {
			seqs[i] = i
		}
		key := []db.Column{db.Same("site", label("demo"), n), db.Same("message", m, n), db.Col("seq", seqs)}
		update(t, d, func(tx *db.Tx) error {
			if err := tx.InsertMany("line", append(key, db.Same("state", "pending", n))...); err != nil {
				return err
			}
			other := []db.Column{db.Same("site", "demo2", 1), db.Same("message", m, 1), db.Same("seq", int64(1), 1), db.Same("state", "pending", 1)}
			if err := tx.InsertMany("line", other...); err != nil {
				return err
			}
			return tx.UpdateMany("line", []string{"site", "message", "seq"}, append(key, db.Same("state", "sent", n))...)
		})
		var states []string
		var deleted int64
		update(t, d, func(tx *db.Tx) (err error) {
			rows, err := tx.LookupForUpdate("line", []string{"state"}, key...)
			states, err = db.Collect(rows, err, func(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) })
			if err != nil {
				return err
			}
			deleted, err = tx.DeleteMany("line", db.Same("site", "demo", 1), db.Same("message", m, 1))
			return err
		})
		if got := strings.Count(strings.Join(states, " "), "sent"); got != n || deleted != int64(n) {
			t.Errorf("got %d sent and %d deleted, want %d of both", got, deleted, n)
		}
	})
}

func TestLookupGivesEachRowOnceInTheOrderOfTheKey(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		things := some(50)
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(things)...) })
		ask := []id.ID{things[9].ID, id.New(), things[3].ID, things[9].ID, things[40].ID, {}}
		got := thingIDs(read(t, d, ask))
		want := []id.ID{things[3].ID, things[9].ID, things[40].ID}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := read(t, d, nil); len(got) != 0 {
			t.Errorf("no keys gave %d rows", len(got))
		}
	})
}

func TestLookupTakesMoreKeysThanAStatementHasVariables(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		things := some(3)
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(things)...) })
		ask := thingIDs(things)
		for range 40_000 {
			ask = append(ask, id.New())
		}
		if got := len(read(t, d, ask)); got != 3 {
			t.Errorf("got %d rows, want 3", got)
		}
	})
}

func TestNullKeysMatchNothing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		things := some(5)
		update(t, d, func(tx *db.Tx) error {
			if err := tx.InsertMany("thing", columns(things)...); err != nil {
				return err
			}
			n, err := tx.DeleteMany("thing", db.Opt("owner", []id.ID{{}}))
			if n != 0 {
				t.Errorf("a null key deleted %d rows", n)
			}
			return err
		})
	})
}

func TestBytesAndLongTextsAreKeptExactly(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		things := some(4)
		things[0].Body = all
		things[1].Body = bytes.Repeat(all, 4<<20/256)
		things[1].Note = strings.Repeat("긴글 ", 4<<20/7)
		things[2].Body = []byte{}
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(things)...) })
		things[3].Note, things[3].Body = things[1].Note+"!", things[1].Body[1:]
		update(t, d, func(tx *db.Tx) error { return tx.UpdateMany("thing", []string{"id"}, columns(things)...) })
		for i, got := range read(t, d, thingIDs(things)) {
			if got.Note != things[i].Note || !bytes.Equal(got.Body, things[i].Body) || (got.Body == nil) != (things[i].Body == nil) {
				t.Errorf("thing %d: got %d bytes and %d of text, want %d and %d", i, len(got.Body), len(got.Note), len(things[i].Body), len(things[i].Note))
			}
		}
	})
}

func TestKeysDifferByCaseTrailingSpaceAndLetter(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		labels := []label{"a", "A", "a ", " a", "á", "Á", "가", "ｶ", "ß", "ss", "", "'", `\`, "?", `"`, "%", "a\tb"}
		things := some(len(labels))
		for i := range things {
			things[i].Label, things[i].Rank = labels[i], 1
		}
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(things)...) })
		for i, l := range labels {
			var got []thing
			update(t, d, func(tx *db.Tx) (err error) {
				rows, err := tx.Lookup("thing", thingCols, db.Col("label", []label{l}), db.Same("rank", int64(1), 1))
				got, err = db.Collect(rows, err, scanThing)
				return err
			})
			if len(got) != 1 || got[0].ID != things[i].ID {
				t.Errorf("label %q: got %d rows %v, want its own", l, len(got), got)
			}
		}
		for i := range things {
			things[i].Cost = money.Amount(i) * money.Won
		}
		update(t, d, func(tx *db.Tx) error {
			return tx.UpdateMany("thing", []string{"label", "rank"}, db.Col("label", labels), db.Same("rank", int64(1), len(labels)),
				db.Col("cost", column(things, func(x thing) money.Amount { return x.Cost })))
		})
		if diff := cmp.Diff(things, read(t, d, thingIDs(things))); diff != "" {
			t.Errorf("after an update by label (-want +got):\n%s", diff)
		}
	})
}

func TestATakenKeyIsADuplicate(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		things := some(3)
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(things)...) })
		for name, change := range map[string]func(*thing){
			"primary key": func(x *thing) { x.Rank = 77 },
			"unique key":  func(x *thing) { x.ID = id.New() },
		} {
			again := things[1]
			change(&again)
			err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return tx.InsertMany("thing", columns([]thing{again})...) })
			if _, ok := errors.AsType[*db.Duplicate](err); !ok {
				t.Errorf("%s: got %v, want a Duplicate", name, err)
			}
		}
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			_, err := tx.Exec("INSERT INTO thing (id, label, rank, cost, open) VALUES (?, ?, ?, ?, NULL)", id.New(), "x", 1, 1)
			return err
		})
		if _, ok := errors.AsType[*db.Duplicate](err); ok || err == nil {
			t.Errorf("a missing value: got %v, want an error that is no Duplicate", err)
		}
	})
}

func TestInsertAbsentLeavesWhatIsThere(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		things := some(150)
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(things[:70])...) })
		mine := make([]thing, len(things))
		copy(mine, things)
		for i := range mine {
			mine[i].ID, mine[i].Cost = id.New(), -1
		}
		mine = append(mine, mine[149]) // the same key twice in one batch
		mine[150].ID = id.New()
		update(t, d, func(tx *db.Tx) error {
			return tx.InsertAbsent("thing", []string{"label", "rank"}, "id", columns(mine)...)
		})
		var got []thing
		update(t, d, func(tx *db.Tx) (err error) {
			rows, err := tx.Lookup("thing", thingCols, columns(things)[1:3]...)
			got, err = db.Collect(rows, err, scanThing)
			return err
		})
		stands := map[int32]id.ID{}
		for _, x := range got {
			stands[x.Rank] = x.ID
		}
		for i := range things {
			want := mine[i].ID
			if i < 70 {
				want = things[i].ID
			}
			if stands[int32(i)] != want {
				t.Errorf("row %d: got %v, want %v", i, stands[int32(i)], want)
			}
		}
	})
}

func TestStatementsStayBelowTheServersPacket(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		db.SetLimit(d, 64<<10) // only MySQL has such a limit; the others must not mind
		things := some(400)
		for i := range things {
			things[i].Body = bytes.Repeat([]byte{'\\'}, 1000+i)
		}
		update(t, d, func(tx *db.Tx) error {
			if err := tx.InsertMany("thing", columns(things)...); err != nil {
				return err
			}
			return tx.UpdateMany("thing", []string{"id"}, columns(things)...)
		})
		if diff := cmp.Diff(things, read(t, d, thingIDs(things))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestBulkActsRefuseColumnsThatDisagree(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for name, act := range map[string]func(tx *db.Tx) error{
			"lengths": func(tx *db.Tx) error {
				return tx.InsertMany("thing", db.Col("id", []id.ID{id.New()}), db.Col("rank", []int{1, 2}))
			},
			"no columns": func(tx *db.Tx) error { return tx.InsertMany("thing") },
			"no such key": func(tx *db.Tx) error {
				return tx.UpdateMany("thing", []string{"id"}, db.Col("rank", []int{1}), db.Col("cost", []int{1}))
			},
			"nothing to set": func(tx *db.Tx) error { return tx.UpdateMany("thing", []string{"rank"}, db.Col("rank", []int{1})) },
		} {
			if err := d.Update(t.Context(), "test", act); err == nil {
				t.Errorf("%s: got no error", name)
			}
		}
	})
}

func TestTheSameKeyTwiceInAnUpdateIsAMistakeNotAConflict(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		x := some(1)
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(x)...) })
		runs := 0
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			runs++
			return tx.UpdateMany("thing", []string{"id"}, db.Col("id", []id.ID{x[0].ID, x[0].ID}), db.Col("cost", []int{1, 2}))
		})
		if err == nil || runs != 1 {
			t.Errorf("got %v after %d runs, want an error after one", err, runs)
		}
	})
}
