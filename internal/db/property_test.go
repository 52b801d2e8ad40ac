package db_test

import (
	"database/sql"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// TestBulkActsAgreeWithAMap runs random bulk acts against a map of the rows.
func TestBulkActsAgreeWithAMap(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		rapid.Check(t, func(rt *rapid.T) {
			w := &world{T: rt, d: d, ids: make([]id.ID, 30), rows: map[id.ID]thing{}}
			for i := range w.ids {
				w.ids[i] = id.New()
			}
			rt.Repeat(map[string]func(*rapid.T){
				"insert": w.insert, "absent": w.absent, "update": w.update, "delete": w.delete, "": w.check,
			})
			if _, err := w.act(func(tx *db.Tx) error { _, err := tx.DeleteMany("thing", db.Col("id", w.ids)); return err }); err != nil {
				rt.Fatal(err)
			}
		})
	})
}

// world is the model: the rows of a small set of ids. A row's unique key is made
// of its id's place, so the two keys are taken together.
type world struct {
	*rapid.T
	d    *db.DB
	ids  []id.ID
	rows map[id.ID]thing
}

func (w *world) act(fn func(*db.Tx) error) (bool, error) {
	err := w.d.Update(w.Context(), "property", fn)
	_, taken := errors.AsType[*db.Duplicate](err)
	if taken {
		err = nil
	}
	return taken, err
}

// draw gives things at distinct places, often alike but for what is unique of them.
func (w *world) draw(t *rapid.T) []thing {
	places := rapid.SliceOfNDistinct(rapid.IntRange(0, len(w.ids)-1), 0, 25, rapid.ID[int]).Draw(t, "places")
	alike := rapid.Bool().Draw(t, "alike")
	out := make([]thing, len(places))
	for i, p := range places {
		out[i] = thing{
			ID: w.ids[p], Rank: int32(p), Label: label(w.ids[p].String()),
			Note:  rapid.OneOf(rapid.Just(""), rapid.StringOf(rapid.RuneFrom([]rune("a'\\\"?%_ 가\n;-")))).Draw(t, "note"),
			Made:  db.Time(rapid.Int64().Draw(t, "made")),
			Cost:  money.Amount(rapid.Int64().Draw(t, "cost")),
			Body:  rapid.OneOf(rapid.Just[[]byte](nil), rapid.SliceOfN(rapid.Byte(), 0, 40)).Draw(t, "body"),
			Open:  rapid.Bool().Draw(t, "open"),
			Owner: rapid.SampledFrom([]id.ID{{}, w.ids[0], w.ids[1]}).Draw(t, "owner"),
		}
		if first := out[0]; alike {
			first.ID, first.Rank, first.Label = out[i].ID, out[i].Rank, out[i].Label
			out[i] = first
		}
	}
	return out
}

func (w *world) insert(t *rapid.T) {
	in := w.draw(t)
	clash := slices.ContainsFunc(in, func(x thing) bool { _, ok := w.rows[x.ID]; return ok })
	taken, err := w.act(func(tx *db.Tx) error { return tx.InsertMany("thing", columns(in)...) })
	if err != nil || taken != clash {
		t.Fatalf("insert: got %v, duplicate %v, want duplicate %v", err, taken, clash)
	}
	if !clash {
		w.put(in)
	}
}

func (w *world) put(in []thing) {
	for _, x := range in {
		w.rows[x.ID] = x
	}
}

func (w *world) absent(t *rapid.T) {
	in := w.draw(t)
	taken, err := w.act(func(tx *db.Tx) error { return tx.InsertAbsent("thing", []string{"id"}, "id", columns(in)...) })
	if err != nil || taken {
		t.Fatalf("insert absent: %v, duplicate %v", err, taken)
	}
	w.put(slices.DeleteFunc(in, func(x thing) bool { _, ok := w.rows[x.ID]; return ok }))
}

func (w *world) update(t *rapid.T) {
	in := slices.DeleteFunc(w.draw(t), func(x thing) bool { _, ok := w.rows[x.ID]; return !ok })
	key := rapid.SampledFrom([][]string{{"id"}, {"label", "rank"}, {"id", "rank"}}).Draw(t, "key")
	if _, err := w.act(func(tx *db.Tx) error { return tx.UpdateMany("thing", key, columns(in)...) }); err != nil {
		t.Fatalf("update by %v: %v", key, err)
	}
	w.put(in)
}

func (w *world) delete(t *rapid.T) {
	in := w.draw(t)
	want := 0
	for _, x := range in {
		if _, ok := w.rows[x.ID]; ok {
			want++
			delete(w.rows, x.ID)
		}
	}
	var got int64
	if _, err := w.act(func(tx *db.Tx) (err error) {
		got, err = tx.DeleteMany("thing", columns(in)[1:3]...)
		return err
	}); err != nil || got != int64(want) {
		t.Fatalf("delete: got %d (%v), want %d", got, err, want)
	}
}

// check compares everything with the map.
func (w *world) check(t *rapid.T) {
	var got []thing
	if err := w.d.View(t.Context(), "property", func(tx *db.Tx) error {
		rows, err := tx.Lookup("thing", thingCols, db.Col("id", w.ids))
		got, err = db.Collect(rows, err, func(r *sql.Rows) (thing, error) { return scanThing(r) })
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want := slices.SortedFunc(maps.Values(w.rows), func(a, b thing) int { return slices.Compare(a.ID[:], b.ID[:]) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}
