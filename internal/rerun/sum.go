package rerun

import (
	"database/sql"
	"fmt"
	"maps"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// sumKey is what differences are summed up by.
type sumKey struct {
	site, account string
	kind          Kind
}

type sum struct {
	legs int64
	Sums
}

func amountSign(sign int64) money.Amount { return money.Amount(sign) }

// Sum is what the differences of one site, account and kind add up to; of all sites and
// accounts together where none is named.
type Sum struct {
	Site     string `json:"site_id,omitempty"`
	Provider string `json:"provider,omitempty"`
	Kind     Kind   `json:"kind"`
	Korean   string `json:"text_ko"`
	English  string `json:"text_en"`
	Legs     int64  `json:"legs"`
	Sums
}

func scanSum(r *sql.Rows) (s Sum, err error) {
	err = r.Scan(&s.Site, &s.Provider, &s.Kind, &s.Legs, &s.Spend, &s.Freed, &s.Refund, &s.Loss, &s.Fallback)
	s.Korean, s.English = s.Kind.Korean(), s.Kind.English()
	return s, err
}

const sumColumns = `site_id, provider, kind, legs, spend, freed, refund, loss, fallback`

// SumPlace is a place among the sums of a run.
type SumPlace struct{ Site, Provider, Kind string }

// SumsOf reads the sums of a run by site, account and kind, in this order, those behind a place.
func SumsOf(tx *db.Tx, run id.ID, after SumPlace, limit int) ([]Sum, error) {
	rows, err := tx.Query(`SELECT `+sumColumns+` FROM rerun_sum WHERE run_id = ? AND legs > 0 AND site_id >= ?
		AND (site_id > ? OR provider > ? OR provider = ? AND kind > ?) ORDER BY site_id, provider, kind LIMIT ?`,
		run, after.Site, after.Site, after.Provider, after.Provider, after.Kind, limit)
	list, err := db.Collect(rows, err, scanSum)
	if err != nil {
		return nil, fmt.Errorf("read sums of a run: %w", err)
	}
	return list, nil
}

// ByKind sums a run up by kind; kinds without any are left out.
func ByKind(tx *db.Tx, run id.ID) ([]Sum, error) {
	rows, err := tx.Query(`SELECT '', '', kind, SUM(legs), SUM(spend), SUM(freed), SUM(refund), SUM(loss), SUM(fallback) FROM rerun_sum
		WHERE run_id = ? GROUP BY kind`, run)
	list, err := db.Collect(rows, err, scanSum)
	if err != nil {
		return nil, fmt.Errorf("sum up a run: %w", err)
	}
	out := []Sum{}
	for _, k := range Kinds {
		for _, s := range list {
			if s.Kind == k && s.Legs > 0 {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// addSums adds what a page found to the sums of its run, which is locked.
func addSums(tx *db.Tx, run id.ID, tally map[sumKey]sum) error {
	tally = maps.Clone(tally) // the transaction may run again
	var keys []sumKey
	for k := range tally {
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil
	}
	names := func(list []sumKey) []db.Column {
		return []db.Column{db.Same("run_id", run, len(list)), db.Col("site_id", pick(list, func(k sumKey) string { return k.site })),
			db.Col("provider", pick(list, func(k sumKey) string { return k.account })), db.Col("kind", pick(list, func(k sumKey) string { return string(k.kind) }))}
	}
	rows, err := tx.Lookup("rerun_sum", []string{"site_id", "provider", "kind", "legs", "spend", "freed", "refund", "loss", "fallback"}, names(keys)...)
	before, err := db.Collect(rows, err, scanSum)
	if err != nil {
		return fmt.Errorf("read sums of a run: %w", err)
	}
	known := map[sumKey]bool{}
	for _, s := range before {
		k := sumKey{s.Site, s.Provider, s.Kind}
		one := tally[k]
		known[k], tally[k] = true, sum{one.legs + s.Legs, one.plus(s.Sums, 1)}
	}
	var old, fresh []sumKey
	for _, k := range keys {
		if known[k] {
			old = append(old, k)
		} else {
			fresh = append(fresh, k)
		}
	}
	values := func(list []sumKey) []db.Column {
		amount := func(name string, of func(Sums) money.Amount) db.Column {
			return db.Col(name, pick(list, func(k sumKey) money.Amount { return of(tally[k].Sums) }))
		}
		return append(names(list), db.Col("legs", pick(list, func(k sumKey) int64 { return tally[k].legs })),
			amount("spend", func(s Sums) money.Amount { return s.Spend }), amount("freed", func(s Sums) money.Amount { return s.Freed }),
			amount("refund", func(s Sums) money.Amount { return s.Refund }), amount("loss", func(s Sums) money.Amount { return s.Loss }),
			amount("fallback", func(s Sums) money.Amount { return s.Fallback }))
	}
	if len(old) > 0 {
		err = tx.UpdateMany("rerun_sum", []string{"run_id", "site_id", "provider", "kind"}, values(old)...)
	}
	if err == nil && len(fresh) > 0 {
		err = tx.InsertMany("rerun_sum", values(fresh)...)
	}
	if err != nil {
		return fmt.Errorf("write sums of a run: %w", err)
	}
	return nil
}
