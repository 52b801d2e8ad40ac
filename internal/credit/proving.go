package credit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/queue"
)

// The whole ledger is proven again and again by one job of the installation: a proof reads every
// entry, which is seconds of work for millions, and what it finds is never urgent by minutes. A
// job is in one worker's hands at a time, so no two processes prove at once; what it found is the
// one row of credit_proof, which all of them read.

// KindProof is the job that proves the ledger of all sites.
const KindProof = "ledger_proof"

// proofKey is the only key of KindProof, and the name of its row.
const proofKey = "all"

const (
	proveFirst = 10 * time.Minute // after a worker began, unless somebody asks
	proveAgain = 6 * time.Hour
	proveRest  = time.Minute // at least so long after a proof the next one begins, whoever asks
	mostNamed  = 100         // broken rows that are kept by name
)

// Proven is what is known of the proofs of the whole ledger.
type Proven struct {
	BegunAt db.Time       // the last one that came to its end; 0 = none has
	EndedAt db.Time       // of it
	Took    time.Duration // of it
	Sites   int
	Entries int64
	Broken  int64    // rows that break a law
	First   []Broken // the first hundred of them

	RunningSince db.Time // of the one that is under way; 0 = none is
	Next         db.Time // when the next one begins; 0 = nobody plans one
	Stuck        string  // why the last tries failed; "" = they did not
}

// OK reports whether the last proof found every law kept.
func (p Proven) OK() bool { return p.EndedAt != 0 && p.Broken == 0 }

var proofColumns = []string{"begun_at", "ended_at", "took", "sites", "entries", "broken", "first_broken"}

func scanProven(r *sql.Rows) (p Proven, err error) {
	var first []byte
	var took int64
	if err = r.Scan(db.Maybe(&p.BegunAt), db.Maybe(&p.EndedAt), &took, &p.Sites, &p.Entries, &p.Broken, &first); err != nil {
		return p, err
	}
	p.Took = time.Duration(took) * time.Microsecond
	return p, json.Unmarshal(first, &p.First)
}

// Proven tells how the proofs of the whole ledger stand.
func (l *Ledger) Proven(tx *db.Tx) (p Proven, err error) {
	rows, err := tx.Lookup("credit_proof", proofColumns, db.Col("name", []string{proofKey}))
	found, err := db.Collect(rows, err, scanProven)
	if err != nil {
		return p, fmt.Errorf("read the last proof of the ledger: %w", err)
	}
	if len(found) > 0 {
		p = found[0]
	}
	job, is, err := queue.Find(tx, KindProof, proofKey)
	if err != nil {
		return p, fmt.Errorf("find the job that proves the ledger: %w", err)
	}
	if is {
		p.Next = job.Next
		if job.Condition == queue.Running {
			p.RunningSince = job.Since
		}
		if job.Tries > 0 {
			p.Stuck = job.Why
		}
	}
	return p, nil
}

// PlanProof has the ledger proven from now on. Every worker says so when it begins.
func (l *Ledger) PlanProof(tx *db.Tx) error {
	p, err := l.Proven(tx)
	if err != nil || p.RunningSince != 0 {
		return err
	}
	due := tx.Now.Add(proveFirst)
	if p.EndedAt != 0 {
		due = max(due, p.EndedAt.Add(proveAgain))
	}
	if p.Next != 0 && p.Next <= due {
		return nil
	}
	return l.putProof(tx, due)
}

func (l *Ledger) putProof(tx *db.Tx, due db.Time) error {
	return l.queue.Put(tx, queue.Job{Lane: queue.Default, Kind: KindProof, Key: proofKey, Due: due})
}

// AskProof has the whole ledger proven soon, and tells how that stands then. One that is under
// way, or about to begin, is the answer to whoever asks meanwhile; and after each the ledger is
// left alone for as long as it took, a minute at least. So a crowd that asks keeps at most one
// worker busy for half of the time.
func (l *Ledger) AskProof(tx *db.Tx) (Proven, error) {
	if err := lockProof(tx); err != nil {
		return Proven{}, err
	}
	p, err := l.Proven(tx)
	if err != nil {
		return p, err
	}
	due := tx.Now
	if p.EndedAt != 0 {
		due = max(due, p.EndedAt.Add(max(p.Took, proveRest)))
	}
	if p.RunningSince != 0 || p.Next != 0 && p.Next <= due {
		return p, nil
	}
	if err := l.putProof(tx, due); err != nil {
		return p, err
	}
	p.Next, p.Stuck = due, ""
	return p, audit.Note(tx, audit.Change{Action: "ledger.proof_asked", Ref: proofKey, After: audit.Fields{"next_at": due}})
}

// lockProof locks the row, which it makes where there is none.
func lockProof(tx *db.Tx) error {
	none, err := proofRow(Proven{})
	if err == nil {
		err = tx.InsertAbsent("credit_proof", []string{"name"}, "name", none...)
	}
	if err == nil {
		var rows *sql.Rows
		rows, err = tx.LookupForUpdate("credit_proof", []string{"name"}, db.Col("name", []string{proofKey}))
		_, err = db.Collect(rows, err, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) })
	}
	if err != nil {
		return fmt.Errorf("lock the proof of the ledger: %w", err)
	}
	return nil
}

func proofRow(p Proven) ([]db.Column, error) {
	if p.First == nil {
		p.First = []Broken{}
	}
	first, err := json.Marshal(p.First)
	return []db.Column{
		db.Col("name", []string{proofKey}), db.Opt("begun_at", []db.Time{p.BegunAt}), db.Opt("ended_at", []db.Time{p.EndedAt}),
		db.Col("took", []int64{p.Took.Microseconds()}), db.Col("sites", []int{p.Sites}), db.Col("entries", []int64{p.Entries}),
		db.Col("broken", []int64{p.Broken}), db.Col("first_broken", [][]byte{first}),
	}, err
}

// WorkOnProofs is the handler of KindProof. o joins in the recipients, as in Prove; tell is told
// of each proof that was kept.
func (l *Ledger) WorkOnProofs(d *db.DB, o Outcomes, tell func(context.Context, Proof)) queue.Work {
	return queue.Work{Lane: queue.Default, Kind: KindProof, Max: 1, Workers: 1, Handle: func(ctx context.Context, jobs []queue.Claimed) error {
		var begun db.Time
		if err := d.View(ctx, "credit_proof_begun", func(tx *db.Tx) error { begun = tx.Now; return nil }); err != nil {
			return err
		}
		found, err := l.Prove(ctx, d, nil, o)
		if err != nil {
			return err
		}
		if err := d.Update(ctx, "credit_proof", func(tx *db.Tx) error { return l.keepProof(tx, begun, found, jobs[0]) }); err != nil {
			return err
		}
		tell(ctx, found)
		return nil
	}}
}

func (l *Ledger) keepProof(tx *db.Tx, begun db.Time, found Proof, j queue.Claimed) error {
	if err := lockProof(tx); err != nil {
		return err
	}
	kept := Proven{BegunAt: begun, EndedAt: tx.Now, Took: tx.Now.Sub(begun), Sites: found.Sites, Entries: found.Entries,
		Broken: int64(len(found.Broken)), First: found.Broken[:min(len(found.Broken), mostNamed)]}
	row, err := proofRow(kept)
	if err == nil {
		err = tx.UpdateMany("credit_proof", []string{"name"}, row...)
	}
	if err != nil {
		return fmt.Errorf("keep the proof of the ledger: %w", err)
	}
	if err := l.queue.Done(tx, j); err != nil {
		return err
	}
	return l.putProof(tx, tx.Now.Add(proveAgain)) // anew, so that tries which failed are forgotten
}
