package credit

import (
	"fmt"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
)

func TestEveryRemovedRowIsNamed(t *testing.T) { removeEveryRow(t, richBook, tables) }

// removeEveryRow removes the rows of tables in a book, one after the other.
func removeEveryRow(t *testing.T, book func(*testing.T, *db.DB) *world, tables []provenTable) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := book(t, d)
		for _, table := range tables {
			var rows []row
			w.view(func(tx *db.Tx) (err error) { rows, err = rowsOf(tx, table.name, table.cols); return err })
			for _, r := range rows {
				if unprovable(table.name, "quantity", r) && r["seq"] == int64(0) {
					continue
				}
				if table.name == "credit_head" && r["kst_day"] == lastSigned {
					continue // the newest could as well be still to come: who keeps it knows
				}
				where, args := r.where(table.key)
				var broken []Broken
				err := w.undone(func(tx *db.Tx) error {
					if _, err := tx.Exec(`DELETE FROM `+table.name+` WHERE `+where, args...); err != nil {
						return err
					}
					var err error
					broken, err = w.proveIn(tx, 2)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				names := []string{called(table.name, r), "usages of " + idOf(r["message_id"]).Text(id.Message)}
				if r["digest"] != nil { // nothing else tells which message it was
					names = append(names, fmt.Sprintf("reservation of digest %x", r["digest"]))
				}
				if !anyNamed(broken, names...) {
					t.Errorf("%s was removed and is not named: %v", called(table.name, r), broken)
				}
			}
		}
	})
}

func TestEveryInsertedRowIsNamed(t *testing.T) {
	insertRows(t, richBook, tables[1:]) // a second account row has no key to stand under
}

// insertRows puts copies of the rows of tables into a book, one after the other.
func insertRows(t *testing.T, book func(*testing.T, *db.DB) *world, tables []provenTable) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := book(t, d)
		last := w.account("demo").Seq
		for _, table := range tables {
			var rows []row
			w.view(func(tx *db.Tx) (err error) { rows, err = rowsOf(tx, table.name, table.cols); return err })
			for _, r := range rows {
				for _, change := range []row{
					{"seq": last + 1}, {"seq": int64(0)}, {"seq": int64(-1)}, {"seq": last + 1_000_000}, {},
					{"site_id": "other"}, {"site_id": "nowhere"},
				} {
					w.insert(t, table.name, table.cols, r, change)
				}
			}
		}
	})
}

// insert puts in a copy of a row under another key, proves, and takes it back.
func (w *world) insert(t *testing.T, table string, cols []stored, r, change row) {
	copied := row{}
	for k, v := range r {
		copied[k] = v
	}
	if table == "credit_refund" {
		copied["id"], copied["idem"], copied["idem_key"] = id.New(), nil, nil
	}
	if table == "reservation" || table == "credit_usage" {
		copied["message_id"] = id.New()
		if table == "credit_usage" {
			copied["id"] = id.New()
		}
	}
	for k, v := range change {
		copied[k] = v
	}
	if copied["digest"] != nil { // the most careful forger: its digest is right
		sum, _ := (&reservation{message: idOf(copied["message_id"]), classes: copied["classes"].([]byte)}).digest(nil)
		copied["digest"] = sum[:]
	}
	var names, marks []string
	var args []any
	for _, c := range cols {
		names, marks, args = append(names, c.name), append(marks, "?"), append(args, copied[c.name])
	}
	var broken []Broken
	taken := false
	err := w.undone(func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(marks, ", ")+`)`, args...)
		if taken = duplicate(err); err != nil {
			return err
		}
		broken, err = w.proveIn(tx, 2)
		return err
	})
	switch {
	case taken:
	case err != nil:
		t.Errorf("insert a copy of %s: %v", called(table, r), err)
	case change["site_id"] == "nowhere" && anyNamed(broken, "account"): // that there is no account says it all
	case !anyNamed(broken, called(table, copied)):
		t.Errorf("%s was put into %s (%v) and is not named: %v", called(table, copied), table, change, broken)
	}
}
