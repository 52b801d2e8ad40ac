package rerun

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Difference is what one leg would be after its report is read again.
type Difference struct {
	N         int64  `json:"n" doc:"Its number within the run, from 1."`
	Kind      Kind   `json:"kind"`
	Korean    string `json:"text_ko"`
	English   string `json:"text_en"`
	Site      string `json:"site_id,omitempty"`
	Reference string `json:"reference,omitempty" doc:"Ours: site.message.seq.step.try."`
	Letter    string `json:"letter" doc:"let_…, that says so."`
	Provider  string `json:"provider"`
	Channel   string `json:"channel,omitempty"`
	Stood     string `json:"stood,omitempty" doc:"Where the recipient stood when it was compared."`
	Arrived   bool   `json:"delivered" doc:"What the report says; otherwise why not."`
	Sums
	Reason  provider.Reason `json:"reason,omitempty"`
	Code    string          `json:"code,omitempty" doc:"The provider's own."`
	Outcome Outcome         `json:"outcome,omitempty" enum:"applied,skipped,returned_before,noted" doc:"Left out until the run comes to it."`
	Became  string          `json:"became,omitempty" doc:"Of skipped: what it would be by now."`

	leg, who, letter id.ID
	ref              delivery.Reference
	done             db.Time
}

// reading is what the difference was made of.
func (d Difference) reading() delivery.Reading {
	return delivery.Reading{Letter: delivery.Letter{ID: d.letter, Account: d.Provider}, Ref: d.ref, Ours: true,
		Report: provider.Report{Final: d.Kind != NoEnd, Delivered: d.Arrived, Reason: d.Reason, Code: d.Code}}
}

const differenceColumns = `n, kind, leg, who, ref, site_id, inbox_id, provider, channel, stood, arrived, reason, code,
	spend, freed, refund, loss, fallback, outcome, became, done_at`

var differenceNames = []string{"n", "kind", "leg", "who", "ref", "site_id", "inbox_id", "provider", "channel", "stood", "arrived", "reason", "code",
	"spend", "freed", "refund", "loss", "fallback", "outcome", "became", "done_at"}

func scanDifference(r *sql.Rows) (d Difference, err error) {
	err = r.Scan(&d.N, &d.Kind, &d.leg, &d.who, &d.Reference, &d.Site, &d.letter, &d.Provider, &d.Channel, &d.Stood, &d.Arrived, &d.Reason, &d.Code,
		&d.Spend, &d.Freed, &d.Refund, &d.Loss, &d.Fallback, &d.Outcome, &d.Became, &d.done)
	if err != nil {
		return d, err
	}
	d.Korean, d.English, d.Letter = d.Kind.Korean(), d.Kind.English(), d.letter.Text(id.Letter)
	if d.Kind != OptedOut {
		d.ref, err = delivery.ReadReference(d.Reference)
	}
	return d, err
}

// ofPeople reads the differences of recipients, by their digests, in the order of the run.
func ofPeople(tx *db.Tx, run id.ID, who []id.ID) ([]Difference, error) {
	rows, err := tx.Lookup("rerun_difference", differenceNames, db.Same("run_id", run, len(who)), db.Col("who", who))
	list, err := db.Collect(rows, err, scanDifference)
	if err != nil {
		return nil, fmt.Errorf("read differences of recipients: %w", err)
	}
	slices.SortFunc(list, func(a, b Difference) int { return cmp.Compare(a.N, b.N) })
	return list, nil
}

// movesOf gives what runs have applied to legs, by their keys.
func movesOf(tx *db.Tx, legs []id.ID) (map[id.ID][]move, error) {
	rows, err := tx.Lookup("rerun_difference", []string{"leg", "inbox_id", "outcome", "done_at"}, db.Col("leg", legs))
	found := make(map[id.ID][]move)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var leg id.ID
		var o Outcome
		var m move
		if err = r.Scan(&leg, &m.letter, &o, &m.at); err == nil && o == Applied {
			found[leg] = append(found[leg], m)
		}
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("find what runs made of legs: %w", err)
	}
	return found, nil
}

// Narrow says which differences are wanted; zero values do not narrow.
type Narrow struct {
	Kind    Kind
	Outcome Outcome
	Site    string
}

// differenceBudget is how many differences one reading looks at that narrows them, a page at a
// time.
const (
	differenceBudget = 20_000
	differencePage   = 500
)

// Differences reads differences of a run in their order, those after one. next is the last that
// was looked at, and more tells that there may be some behind it.
func Differences(tx *db.Tx, run id.ID, w Narrow, after int64, limit int) (list []Difference, next int64, more bool, err error) {
	size := limit
	if w.Outcome != "" || w.Site != "" {
		size = max(limit, differencePage)
	}
	for looked := 0; looked < differenceBudget; {
		query, args := `SELECT `+differenceColumns+` FROM rerun_difference WHERE run_id = ? AND n > ?`, []any{run, after}
		if w.Kind != "" {
			query, args = query+` AND kind = ?`, append(args, string(w.Kind))
		}
		rows, err := tx.Query(query+` ORDER BY n LIMIT ?`, append(args, size)...)
		page, err := db.Collect(rows, err, scanDifference)
		if err != nil {
			return nil, 0, false, fmt.Errorf("read differences: %w", err)
		}
		for _, d := range page {
			after = d.N
			if w.Outcome != "" && d.Outcome != w.Outcome || w.Site != "" && d.Site != w.Site {
				continue
			}
			if list = append(list, d); len(list) == limit {
				return list, after, true, nil
			}
		}
		if looked += len(page); len(page) < size {
			return list, after, false, nil
		}
	}
	return list, after, true, nil
}

func insertDifferences(tx *db.Tx, run id.ID, list []*Difference) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	cols := append(changeable(list), db.Same("run_id", run, n),
		db.Col("leg", pick(list, func(d *Difference) id.ID { return d.leg })), db.Col("who", pick(list, func(d *Difference) id.ID { return d.who })),
		db.Col("ref", pick(list, (*Difference).reference)), db.Col("site_id", pick(list, func(d *Difference) string { return d.Site })),
		db.Same("outcome", "", n), db.Same("became", "", n), db.Same("done_at", db.Time(0), n))
	if err := tx.InsertMany("rerun_difference", cols...); err != nil {
		return fmt.Errorf("write differences: %w", err)
	}
	return nil
}

// changeDifferences writes what later letters made of differences.
func changeDifferences(tx *db.Tx, run id.ID, list []*Difference) error {
	if len(list) == 0 {
		return nil
	}
	err := tx.UpdateMany("rerun_difference", []string{"run_id", "n"}, append(changeable(list), db.Same("run_id", run, len(list)))...)
	if err != nil {
		return fmt.Errorf("change differences: %w", err)
	}
	return nil
}

func (d *Difference) reference() string {
	if d.Kind == OptedOut {
		return ""
	}
	return d.ref.String()
}

// changeable are the columns that a later letter about the same leg may change.
func changeable(list []*Difference) []db.Column {
	text := func(name string, of func(*Difference) string) db.Column { return db.Col(name, pick(list, of)) }
	amount := func(name string, of func(*Difference) money.Amount) db.Column { return db.Col(name, pick(list, of)) }
	return []db.Column{
		db.Col("n", pick(list, func(d *Difference) int64 { return d.N })),
		text("kind", func(d *Difference) string { return string(d.Kind) }),
		db.Col("inbox_id", pick(list, func(d *Difference) id.ID { return d.letter })), text("provider", func(d *Difference) string { return d.Provider }),
		text("channel", func(d *Difference) string { return d.Channel }), text("stood", func(d *Difference) string { return d.Stood }),
		db.Col("arrived", pick(list, func(d *Difference) bool { return d.Arrived })),
		text("reason", func(d *Difference) string { return string(d.Reason) }), text("code", func(d *Difference) string { return d.Code }),
		amount("spend", func(d *Difference) money.Amount { return d.Spend }), amount("freed", func(d *Difference) money.Amount { return d.Freed }),
		amount("refund", func(d *Difference) money.Amount { return d.Refund }), amount("loss", func(d *Difference) money.Amount { return d.Loss }),
		amount("fallback", func(d *Difference) money.Amount { return d.Fallback }),
	}
}

// finish writes what an application made of differences.
func finish(tx *db.Tx, run id.ID, list []*Difference) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	err := tx.UpdateMany("rerun_difference", []string{"run_id", "n"}, db.Same("run_id", run, n), db.Col("n", pick(list, func(d *Difference) int64 { return d.N })),
		db.Col("outcome", pick(list, func(d *Difference) string { return string(d.Outcome) })), db.Col("became", pick(list, func(d *Difference) string { return d.Became })),
		db.Same("done_at", tx.Now, n))
	if err != nil {
		return fmt.Errorf("finish differences: %w", err)
	}
	return nil
}

// pick makes one column's values.
func pick[T, V any](list []T, value func(T) V) []V {
	out := make([]V, len(list))
	for i, v := range list {
		out[i] = value(v)
	}
	return out
}
