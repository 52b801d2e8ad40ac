package webhook

import (
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// MostReplayed is how many deliveries one transaction has sent again.
const MostReplayed = 2000

// Choice says which deliveries are sent again: those of Seqs, or else all in a span of time,
// or those of them that failed.
type Choice struct {
	Seqs   []int64
	From   db.Time // of the event; 0 = from the first on
	Until  db.Time // 0 = up to now
	Failed bool    // those that failed for good alone
	After  int64   // of those that are not named: places above this one
}

// Replayed is what became of a choice.
type Replayed struct {
	Count int
	Last  int64 // the highest place of them
	More  bool  // others were chosen, above Last
}

// Replay has deliveries of an endpoint sent again, exactly those that are chosen, under the
// ids that they had; at most MostReplayed of them, in the order of their places. Those that
// wait already are sent at once, and once more those that are being sent; those of a disabled endpoint when it is enabled. Faults:
// NotFound of the endpoint or a delivery that is named, Invalid for a choice of nothing or of
// too many names.
func (s *Service) Replay(tx *db.Tx, siteID string, of id.ID, c Choice) (r Replayed, err error) {
	e, err := s.find(tx, siteID, of, tx.LookupForUpdate)
	if err != nil {
		return r, err
	}
	seqs, more, err := s.chosen(tx, siteID, of, c)
	if err != nil || len(seqs) == 0 {
		return r, err
	}
	keys := pick(seqs, func(seq int64) key { return key{place{siteID, of}, seq} })
	n := len(keys)
	err = tx.UpdateMany("webhook_delivery", []string{"site_id", "endpoint_id", "seq"}, append(deliveryKeys(keys),
		db.Same("state", string(Waiting), n), db.Same("due", tx.Now, n), db.Same("tries", 0, n), db.Same("ended_at", db.Time(0), n), db.Same("asked_at", tx.Now, n))...)
	if err != nil {
		return r, fmt.Errorf("send %d deliveries again: %w", n, err)
	}
	r = Replayed{Count: n, Last: seqs[n-1], More: more}
	if e.State != Enabled {
		return r, nil
	}
	return r, s.queue.Put(tx, e.job(tx.Now))
}

func (s *Service) chosen(tx *db.Tx, siteID string, of id.ID, c Choice) (list []int64, more bool, err error) {
	switch {
	case c.Seqs == nil && c.From == 0 && c.Until == 0 && !c.Failed:
		return nil, false, fault.Check("", `say what is to be sent again: "deliveries", "from" and "until", or "failed"`)
	case c.Seqs != nil && (c.From != 0 || c.Until != 0 || c.Failed || c.After != 0):
		return nil, false, fault.Check("/deliveries", `"deliveries" stands alone`)
	case len(c.Seqs) > MostReplayed:
		return nil, false, fault.Check("/deliveries", "want at most %d", MostReplayed)
	case c.Seqs != nil:
		list, err = s.named(tx, siteID, of, c.Seqs)
		return list, false, err
	}
	f := Filter{From: c.From, Until: c.Until}
	if c.Failed {
		f.State = stateFailed
	}
	where, args := f.where([]any{siteID, of, c.After})
	list, err = s.seqs(tx, `SELECT seq FROM webhook_delivery WHERE site_id = ? AND endpoint_id = ? AND seq > ?`+where+` ORDER BY seq LIMIT ?`, append(args, MostReplayed+1)...)
	if more = len(list) > MostReplayed; more {
		list = list[:MostReplayed]
	}
	return list, more, err
}

// named gives the places that are named, each once.
func (s *Service) named(tx *db.Tx, siteID string, of id.ID, seqs []int64) ([]int64, error) {
	keys := pick(seqs, func(seq int64) key { return key{place{siteID, of}, seq} })
	rows, err := tx.LookupForUpdate("webhook_delivery", []string{"seq"}, deliveryKeys(keys)...)
	list, err := db.Collect(rows, err, scanSeq)
	if err != nil {
		return nil, fmt.Errorf("find deliveries of endpoint %s: %w", of, err)
	}
	there := make(map[int64]bool, len(list))
	for _, seq := range list {
		there[seq] = true
	}
	for i, seq := range seqs {
		if !there[seq] {
			return nil, fault.New(fault.NotFound, fault.CodeNotFound, "there is no delivery %d", seq).At(fmt.Sprintf("/deliveries/%d", i), "there is no delivery %d", seq)
		}
	}
	return list, nil
}

func (s *Service) seqs(tx *db.Tx, query string, args ...any) ([]int64, error) {
	rows, err := tx.ForUpdate(query, args...)
	list, err := db.Collect(rows, err, scanSeq)
	if err != nil {
		return nil, fmt.Errorf("find deliveries: %w", err)
	}
	return list, nil
}

func scanSeq(r *sql.Rows) (seq int64, err error) { return seq, r.Scan(&seq) }
