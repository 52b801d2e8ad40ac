package message

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// keepBatches is the number of full batches that a draft keeps in memory; a
// larger draft is staged: its bodies are written under the message in state
// draft, a few in a transaction, so that none is long.
const keepBatches = 3

// staleDraft is how long a staged draft may take before it is swept.
const staleDraft = time.Hour

// refuser packs rejections.
type refuser struct {
	plain []byte
	size  int
	no    int
}

func (r *refuser) add(x Rejection) {
	r.plain = append(append(r.plain, jsonText(x)...), '\n')
	r.size++
}

func rejectContext(message id.ID, no int) string { return fmt.Sprintf("reject %s %d", message, no) }

// rejects is a sealed pack of rejections, ready to be written.
type rejects struct {
	no, size int
	body     []byte
}

func (r *refuser) seal(key *site.Key, message id.ID) (rejects, error) {
	small, err := deflate(r.plain)
	if err != nil {
		return rejects{}, fmt.Errorf("compress rejections of message %s: %w", message, err)
	}
	out := rejects{no: r.no, size: r.size, body: key.Seal(rejectContext(message, r.no), small)}
	*r = refuser{plain: r.plain[:0], no: r.no + 1}
	return out, nil
}

// openRejects reads one pack of rejections.
func openRejects(key *site.Key, message id.ID, no int, body []byte) ([]Rejection, error) {
	small, err := key.Open(rejectContext(message, no), body)
	if err != nil {
		return nil, fmt.Errorf("open rejections %d of message %s: %w", no, message, err)
	}
	plain, err := inflate(small)
	if err != nil {
		return nil, fmt.Errorf("inflate rejections %d of message %s: %w", no, message, err)
	}
	var list []Rejection
	for len(plain) > 0 {
		var one Rejection
		line, rest, _ := cutLine(plain)
		if err := json.Unmarshal(line, &one); err != nil {
			return nil, fmt.Errorf("read rejections %d of message %s: %w", no, message, err)
		}
		list, plain = append(list, one), rest
	}
	return list, nil
}

func cutLine(text []byte) (line, rest []byte, found bool) {
	for i, c := range text {
		if c == '\n' {
			return text[:i], text[i+1:], true
		}
	}
	return text, nil, false
}

// closeBatch packs the people collected so far, and stages the draft when it
// has become large.
func (d *Draft) closeBatch(ctx context.Context) error {
	if d.people.size == 0 {
		return nil
	}
	full, err := d.people.seal(d.key, d.Message.ID, d.batches)
	if err != nil {
		return err
	}
	d.batches++
	d.kept = append(d.kept, full)
	if len(d.kept) <= keepBatches {
		return nil
	}
	return d.stage(ctx)
}

// closeRefused packs the rejections collected so far.
func (d *Draft) closeRefused(ctx context.Context) error {
	if d.refused.size == 0 {
		return nil
	}
	full, err := d.refused.seal(d.key, d.Message.ID)
	if err != nil {
		return err
	}
	d.keptRejects = append(d.keptRejects, full)
	if len(d.keptRejects) <= keepBatches {
		return nil
	}
	return d.stage(ctx)
}

// stage writes what the draft keeps in memory.
func (d *Draft) stage(ctx context.Context) error {
	if !d.staged {
		err := d.s.d.Update(ctx, "message_stage", func(tx *db.Tx) error {
			return insertMessages(tx, []*Message{d.row(StateDraft, tx.Now)})
		})
		if err != nil {
			return fmt.Errorf("stage message %s: %w", d.Message.ID, err)
		}
		d.staged = true
	}
	err := d.s.d.Update(ctx, "message_stage_batches", func(tx *db.Tx) error {
		batches := pick(d.kept, func(b packed) staged { return staged{d.Message, b} })
		if err := insertBatches(tx, batches); err != nil {
			return err
		}
		return insertRejects(tx, pick(d.keptRejects, func(r rejects) stagedRejects { return stagedRejects{d.Message, r} }))
	})
	if err != nil {
		return fmt.Errorf("stage batches of message %s: %w", d.Message.ID, err)
	}
	d.kept, d.keptRejects = d.kept[:0], d.keptRejects[:0]
	return nil
}

type staged struct {
	Key
	packed
}

type stagedRejects struct {
	Key
	rejects
}

func insertBatches(tx *db.Tx, list []staged) error {
	n := len(list)
	sites, ids := make([]string, n), make([]id.ID, n)
	no, size := make([]int64, n), make([]int64, n)
	counts, body, finder := make([]string, n), make([][]byte, n), make([][]byte, n)
	for i, b := range list {
		sites[i], ids[i], no[i], size[i] = b.Site, b.ID, int64(b.no), int64(b.size)
		counts[i], body[i], finder[i] = jsonText(b.counts), b.body, b.finder
	}
	return tx.InsertMany("batch", db.Col("site_id", sites), db.Col("message_id", ids), db.Col("no", no),
		db.Same("state", string(BatchWaiting), n), db.Col("size", size), db.Col("class_counts", counts), db.Col("body", body), db.Col("finder", finder))
}

func insertRejects(tx *db.Tx, list []stagedRejects) error {
	n := len(list)
	sites, ids := make([]string, n), make([]id.ID, n)
	no, size, body := make([]int64, n), make([]int64, n), make([][]byte, n)
	for i, r := range list {
		sites[i], ids[i], no[i], size[i], body[i] = r.Site, r.ID, int64(r.no), int64(r.size), r.body
	}
	return tx.InsertMany("reject", db.Col("site_id", sites), db.Col("message_id", ids), db.Col("no", no), db.Col("size", size), db.Col("body", body))
}

// Discard gives up the draft and deletes what it staged.
func (d *Draft) Discard(ctx context.Context) error {
	err := d.unclaim(ctx)
	if d.staged {
		err = errors.Join(err, d.s.dropDraft(ctx, d.Message))
	}
	return err
}

// dropDraft deletes a staged draft in small transactions, its row last.
func (s *Service) dropDraft(ctx context.Context, m Key) error {
	for _, table := range []string{"batch", "reject"} {
		for more := true; more; {
			err := s.d.Update(ctx, "message_drop_"+table, func(tx *db.Tx) error {
				n, err := dropSome(tx, table, m)
				more = n > 0
				return err
			})
			if err != nil {
				return fmt.Errorf("drop draft %s: %w", m.ID, err)
			}
		}
	}
	return s.d.Update(ctx, "message_drop", func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM message WHERE site_id = ? AND id = ? AND state = 'draft'`, m.Site, m.ID)
		return err
	})
}

// dropSome deletes up to 20 packs of a message that is still a draft.
func dropSome(tx *db.Tx, table string, m Key) (int64, error) {
	list, err := lookup(tx.LookupForUpdate, []Key{m})
	if err != nil || len(list) == 0 || list[0].State != StateDraft {
		return 0, err
	}
	rows, err := tx.Query(`SELECT no FROM `+table+` WHERE site_id = ? AND message_id = ? ORDER BY no LIMIT 20`, m.Site, m.ID)
	nos, err := db.Collect(rows, err, func(r *sql.Rows) (no int64, err error) { return no, r.Scan(&no) })
	if err != nil || len(nos) == 0 {
		return 0, err
	}
	n := len(nos)
	return tx.DeleteMany(table, db.Same("site_id", m.Site, n), db.Same("message_id", m.ID, n), db.Col("no", nos))
}

// SweepDrafts deletes staged drafts that were never accepted, an hour after they
// were begun. Ids rise with time, so the oldest come first by id.
func (s *Service) SweepDrafts(ctx context.Context) error {
	var stale []Key
	err := s.d.View(ctx, "message_stale_drafts", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT site_id, id FROM message WHERE state = 'draft' AND created_at < ? ORDER BY id LIMIT 100`, tx.Now.Add(-staleDraft))
		stale, err = db.Collect(rows, err, func(r *sql.Rows) (k Key, err error) { return k, r.Scan(&k.Site, &k.ID) })
		return err
	})
	if err != nil {
		return fmt.Errorf("find stale drafts: %w", err)
	}
	for _, m := range stale {
		if err := s.dropDraft(ctx, m); err != nil {
			return err
		}
	}
	return nil
}
