package credit

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
)

// KindLot is the job that looks after one lot that expires: it warns, and books what is
// left as expired when the time has come.
const KindLot = "lot"

const day = 24 * time.Hour

// warnings are how long before its expiry a lot's owner is told, longest first.
var warnings = []time.Duration{30 * day, 7 * day, day}

// nextLook gives when a lot is to be looked at next: at a warning or at its expiry. It is 0
// when the expiry has come.
func nextLook(expires, now db.Time) db.Time {
	for _, before := range warnings {
		if at := expires.Add(-before); at > now {
			return at
		}
	}
	if expires > now {
		return expires
	}
	return 0
}

// lotJobs look after the lots that were just opened and expire.
func lotJobs(lots []*lot, now db.Time) (jobs []queue.Job) {
	for _, l := range lots {
		if l.fresh {
			jobs = append(jobs, l.jobs(now)...)
		}
	}
	return jobs
}

// jobs look after a lot: one if it expires, which is new with a fresh lot.
func (l *lot) jobs(now db.Time) []queue.Job {
	if l.expires == 0 {
		return nil
	}
	return []queue.Job{{Lane: queue.Default, Kind: KindLot, Key: lotKey(l.site, l.seq), Site: l.site,
		Due: nextLook(l.expires, now), New: l.fresh}}
}

func lotKey(siteID string, seq int64) string { return siteID + "/" + strconv.FormatInt(seq, 10) }

// Works are the kinds of jobs that the ledger handles, on the database that it is kept in.
func (l *Ledger) Works(d *db.DB) []queue.Work {
	look := func(ctx context.Context, jobs []queue.Claimed) error {
		for _, j := range jobs {
			err := d.Update(ctx, "credit_lot", func(tx *db.Tx) error { return l.lookAfter(tx, j) })
			if err != nil {
				return err
			}
		}
		return nil
	}
	return []queue.Work{{Lane: queue.Default, Kind: KindLot, Max: 16, Workers: 1, Handle: look}, l.workOnPlans(d)}
}

// lookAfter does what is due of a lot. What never changes of it, and that it is over, may
// be read without the account's lock.
func (l *Ledger) lookAfter(tx *db.Tx, j queue.Claimed) error {
	seq, err := strconv.ParseInt(j.Key[len(j.Site)+1:], 10, 64)
	if err != nil {
		return fmt.Errorf("read job key %q: %w", j.Key, err)
	}
	rows, err := tx.Lookup("lot", lotColumns, db.Col("site_id", []string{j.Site}), db.Col("seq", []int64{seq}))
	found, err := db.Collect(rows, err, scanLot)
	if err != nil {
		return fmt.Errorf("read lot %s: %w", j.Key, err)
	}
	if len(found) == 0 || !found[0].live() {
		return l.queue.Done(tx, j)
	}
	lot := found[0]
	next := nextLook(lot.expires, tx.Now)
	if next == 0 {
		if err := l.queue.Done(tx, j); err != nil {
			return err
		}
		_, err := l.Expire(tx, j.Site)
		return err
	}
	if err := l.queue.Again(tx, next, "warned", j); err != nil || lot.remaining == 0 {
		return err
	}
	return Announce(tx, l.queue, event.Event{Site: j.Site, Type: "credit.expiring", Data: lot.warning(tx.Now)})
}

func (l *lot) warning(now db.Time) []byte {
	left := l.expires.Time().Sub(now.Time())
	return facts(map[string]any{
		"lot": l.seq, "kind": l.kind, "amount": l.remaining, "expires_at": l.expires.Time().UTC().Format(time.RFC3339),
		"days": int((left + day - 1) / day),
	})
}

// Expire books what is left of a site's lots past their expiry as expired, and gives how
// much that was. Until then such credit is counted as available, but cannot be spent.
func (l *Ledger) Expire(tx *db.Tx, siteID string) (money.Amount, error) {
	books, err := lock(tx, []string{siteID})
	if err != nil {
		return 0, fmt.Errorf("expire credit: %w", err)
	}
	lost := books[0].expire()
	return lost, l.write(tx, books)
}

// expire takes what is left out of the lots that are over.
func (b *book) expire() money.Amount {
	var parts takes
	var lost money.Amount
	for _, l := range b.lots {
		if l.remaining == 0 || !l.over(b.at) {
			continue
		}
		parts = append(parts, take{l.seq, l.remaining})
		lost += l.remaining
		l.expired += l.remaining
		l.remaining = 0
		l.dirty = true
	}
	if lost == 0 {
		return 0
	}
	text := parts.text()
	b.post(line{kind: Expire, amount: lost, move: moves[Expire][0], takes: text, opens: takenDigest(text)})
	b.tell("credit.expired", "", map[string]any{"amount": lost, "available_after": b.Available})
	return lost
}

// lotsOf reads lots of a site by their seqs, those that are over too. It belongs under the
// account's lock.
func lotsOf(tx *db.Tx, siteID string, seqs []int64) (map[int64]*lot, error) {
	out := make(map[int64]*lot, len(seqs))
	err := tx.Ask(db.Question{Table: "lot", Cols: lotColumns,
		Key: []db.Column{db.Same("site_id", siteID, len(seqs)), db.Col("seq", seqs)},
		Row: func(r *sql.Rows) error {
			l, err := scanLot(r)
			out[l.seq] = l
			return err
		}})
	if err != nil {
		return nil, fmt.Errorf("read lots of %s: %w", siteID, err)
	}
	return out, nil
}
