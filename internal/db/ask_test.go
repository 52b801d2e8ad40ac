package db_test

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

func TestQuestionsAskedTogetherAreAnsweredInTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		list := some(5)
		var got []thing
		var labels []string
		var nobody []thing
		update(t, d, func(tx *db.Tx) error {
			if err := tx.Later(nil, func() error { return tx.InsertMany("thing", columns(list)...) }); err != nil {
				return err
			}
			err := tx.Ask(
				db.Question{Table: "thing", Cols: thingCols, Key: []db.Column{db.Col("id", thingIDs(list))}, Lock: true, Row: db.Gather(&got, scanThing)},
				db.Question{Table: "thing", Cols: thingCols, Key: []db.Column{db.Col("id", []id.ID{id.New()})}, Row: db.Gather(&nobody, scanThing)},
				db.Question{Table: "thing", Cols: []string{"label"}, Key: []db.Column{db.Col("id", thingIDs(list[:2]))},
					Row: db.Gather(&labels, func(r *sql.Rows) (l string, err error) { return l, r.Scan(&l) })})
			if err != nil {
				return err
			}
			return tx.UpdateMany("thing", []string{"id"}, db.Col("id", thingIDs(list)), db.Same("cost", 9, len(list)))
		})
		if diff := cmp.Diff(list, got); diff != "" || len(nobody) != 0 {
			t.Errorf("%d of nobody, rows (-want +got):\n%s", len(nobody), diff)
		}
		if diff := cmp.Diff([]string{"label-0", "label-1"}, labels); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
		if after := read(t, d, thingIDs(list)); after[4].Cost != 9 {
			t.Errorf("the statement after them set %d, want 9", after[4].Cost)
		}
	})
}

func TestOneQuestionThatFailsFailsThoseAskedWithIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		list, mine := some(2), errors.New("this row cannot be read")
		update(t, d, func(tx *db.Tx) error { return tx.InsertMany("thing", columns(list)...) })
		good := db.Question{Table: "thing", Cols: []string{"id"}, Key: []db.Column{db.Col("id", thingIDs(list))}, Row: func(*sql.Rows) error { return nil }}
		wrong, unread := good, good
		wrong.Table, unread.Row = "nothing", func(*sql.Rows) error { return mine }
		for name, asked := range map[string][]db.Question{
			"the first": {wrong, good}, "the last": {good, wrong}, "a row of the first": {unread, good}, "a row of the last": {good, unread},
		} {
			err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
				more := some(1)
				more[0].Label = "more"
				return errors.Join(tx.InsertMany("thing", columns(more)...), tx.Ask(asked...))
			})
			if err == nil || name[0] == 'a' && !errors.Is(err, mine) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		update(t, d, func(tx *db.Tx) error { // the connections are still good
			none := good
			none.Key = []db.Column{db.Col("id", []id.ID(nil))}
			return errors.Join(tx.Ask(good, none, good), tx.Ask(none), tx.Ask())
		})
		var n int
		err := d.View(t.Context(), "test", func(tx *db.Tx) error { return tx.QueryRow("SELECT COUNT(*) FROM thing").Scan(&n) })
		if err != nil || n != 2 {
			t.Errorf("got %d rows (%v), want the 2 from before", n, err)
		}
	})
}
