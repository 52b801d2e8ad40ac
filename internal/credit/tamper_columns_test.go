package credit

import (
	"slices"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// stored is one column of a table of the ledger.
type stored struct {
	name string
	sort sort
}

// provenTable is a table whose every column Prove answers for.
type provenTable struct {
	name string
	key  []string
	cols []stored
}

// tables lists every column that Prove answers for; a test holds it to the schema.
var tables = []provenTable{
	{"account", []string{"site_id"}, []stored{
		{"site_id", word}, {"available", number}, {"held", number}, {"spent", number}, {"seq", number},
		{"at", number}, {"hash", blob}, {"frees", number}, {"free_sum", blob}, {"owed", number},
	}},
	{"lot", []string{"site_id", "seq"}, []stored{
		{"site_id", word}, {"seq", number}, {"kind", word}, {"opened", number}, {"expires_at", number},
		{"remaining", number}, {"held", number}, {"spent", number}, {"expired", number}, {"cancelled", number}, {"live", boolean},
	}},
	{"reservation", []string{"site_id", "message_id"}, []stored{
		{"site_id", word}, {"message_id", uid}, {"seq", number}, {"reserved", number}, {"settled", number},
		{"released", number}, {"takes", text}, {"classes", blob}, {"digest", blob},
	}},
	{"entry", []string{"site_id", "seq"}, []stored{
		{"site_id", word}, {"seq", number}, {"kind", word}, {"amount", number}, {"debit", word}, {"credit", word},
		{"available_after", number}, {"held_after", number}, {"subject", uid}, {"ref", text}, {"idem", text}, {"at", number},
		{"note", blob}, {"note_digest", blob}, {"opens_digest", blob}, {"takes", text}, {"hash", blob},
	}},
	{"credit_usage", []string{"site_id", "message_id", "channel"}, []stored{
		{"site_id", word}, {"message_id", uid}, {"channel", word}, {"id", uid}, {"seq", number}, {"quantity", number},
		{"unit_cost", number}, {"refund_amount", number}, {"created_at", number},
	}},
	{"credit_refund", []string{"site_id", "id"}, []stored{
		{"site_id", word}, {"id", uid}, {"message_id", uid}, {"channel", word}, {"amount", number}, {"takes", text},
		{"idem", text}, {"idem_key", uid}, {"at", number},
	}},
}

func TestTheListOfProvenColumnsIsTheSchema(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, "sqlite"))
	for _, table := range slices.Concat(tables, signedTables) {
		var want, got []string
		for _, c := range table.cols {
			want = append(want, c.name)
		}
		w.view(func(tx *db.Tx) error {
			rows, err := tx.Query(`SELECT * FROM ` + table.name)
			if err != nil {
				return err
			}
			defer rows.Close()
			got, err = rows.Columns()
			return err
		})
		if table.name == "account" { // a band says when somebody is to look: no money follows from it
			want = append(want, "watch_below", "watch_from", "capped_since")
		}
		if table.name == "reservation" { // nor from when it was counted for a cap
			want = append(want, "capped_at")
		}
		if !slices.Equal(want, got) {
			t.Errorf("columns of %s: the test knows %v, the schema has %v", table.name, want, got)
		}
	}
}
