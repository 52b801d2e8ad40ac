package db_test

import (
	"database/sql"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
)

// BenchmarkRows gives rows per second of each bulk act, a thousand rows at a
// time, in a table of the shape of the big ones.
func BenchmarkRows(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		d := dbtest.Open(b, engine)
		if err := db.Make(b.Context(), d, makeLine); err != nil {
			b.Fatal(err)
		}
		const n = 1000
		seqs := make([]int64, n)
		for i := range seqs {
			seqs[i] = int64(i)
		}
		m := id.New()
		key := func() []db.Column {
			return []db.Column{db.Same("site", "demo", n), db.Same("message", m, n), db.Col("seq", seqs)}
		}
		name := []string{"site", "message", "seq"}
		run := func(act string, prepare func(), fn func(tx *db.Tx) error) {
			b.Run(engine+"/"+act, func(b *testing.B) {
				for b.Loop() {
					prepare()
					if err := d.Update(b.Context(), act, fn); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
			})
		}
		run("InsertMany", func() { m = id.New() }, func(tx *db.Tx) error {
			return tx.InsertMany("line", append(key(), db.Same("state", "pending", n))...)
		})
		run("UpdateMany", func() {}, func(tx *db.Tx) error {
			return tx.UpdateMany("line", name, append(key(), db.Same("state", "sent", n))...)
		})
		run("LookupForUpdate", func() {}, func(tx *db.Tx) error {
			rows, err := tx.LookupForUpdate("line", []string{"seq", "state"}, key()...)
			_, err = db.Collect(rows, err, func(r *sql.Rows) (s string, err error) {
				var seq int64
				return s, r.Scan(&seq, &s)
			})
			return err
		})
	}
}

// BenchmarkGroup gives joins per second of 64 callers.
func BenchmarkGroup(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		b.Run(engine, func(b *testing.B) {
			d := dbtest.Open(b, engine)
			g := db.NewGroup(d, "bench", db.GroupOptions{}, func(id.ID) (int, int) { return 1, 16 },
				func(tx *db.Tx, in []id.ID) ([]int, error) {
					return make([]int, len(in)), tx.InsertMany("db_mark", db.Col("id", in))
				})
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := g.Join(b.Context(), id.New()); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "joins/s")
		})
	}
}
