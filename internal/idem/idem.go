// Package idem remembers which requests were carried out, so that a repeat gets
// the first one's reply and nothing happens twice.
//
// A key is put in the transaction that does the work, and its reply is filled in
// before that commits: a key is there exactly when its work is. What was refused
// leaves no key, so it may be tried again. A key belongs to a site and a scope
// (method, route, token owner): the same text elsewhere is another key. A key
// whose time is over is as if it had never been, also before Sweep removes it.
//
// Keys are stored as a digest, replies as the caller sealed them.
//
// Table owned: idem.
//
// Reading order: idem.go, put.go, header.go.
package idem

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Key names one piece of work that a client asks for.
type Key struct {
	Site        string
	Scope       string   // "POST /v1/messages" and the owner of the token
	Key         string   // what the client sent
	Fingerprint [32]byte // digest of the request: another one under the same key is a mistake
}

// Reply is what the first request was answered. Status 0 means that it has no
// reply yet.
type Reply struct {
	Status int
	Body   []byte // as the caller sealed it
	Tag    string // of the thing as the reply tells it; "" = none
}

// Record is a key with its reply, kept for Keep; 0 = for ever.
type Record struct {
	Key   Key
	Reply Reply
	Keep  time.Duration
}

// Found says what stands under a key.
type Found struct {
	Exists   bool // somebody's work stands there
	Mismatch bool // and it was asked for with another request
	Reply    Reply
}

// slot is where a key's row is: the site, and a digest of site, scope and key.
type slot struct {
	site   string
	digest id.ID
}

func (k Key) slot() slot {
	h := sha256.New()
	for _, part := range []string{k.Site, k.Scope, k.Key} {
		// Lengths keep ("a", "bc") and ("ab", "c") apart.
		_ = binary.Write(h, binary.BigEndian, uint64(len(part)))
		h.Write([]byte(part))
	}
	return slot{k.Site, id.ID(h.Sum(nil)[:16])}
}

func (s slot) compare(t slot) int {
	if c := strings.Compare(s.site, t.site); c != 0 {
		return c
	}
	return bytes.Compare(s.digest[:], t.digest[:])
}

func slotColumns(slots []slot) []db.Column {
	sites, digests := make([]string, len(slots)), make([]id.ID, len(slots))
	for i, s := range slots {
		sites[i], digests[i] = s.site, s.digest
	}
	return []db.Column{db.Col("site_id", sites), db.Col("digest", digests)}
}

// row is what the table holds in a slot.
type row struct {
	slot
	id          id.ID // tells whose insert stands
	fingerprint []byte
	reply       Reply
	expires     db.Time // 0 = never
}

func (r *row) over(now db.Time) bool { return r.expires != 0 && r.expires <= now }

func (r *row) found(k Key) Found {
	return Found{Exists: true, Mismatch: !bytes.Equal(r.fingerprint, k.Fingerprint[:]), Reply: r.reply}
}

var columns = []string{"site_id", "digest", "id", "fingerprint", "status", "body", "expires_at", "tag"}

func collect(rows *sql.Rows, err error) (map[slot]*row, error) {
	list, err := db.Collect(rows, err, func(r *sql.Rows) (*row, error) {
		v := &row{}
		return v, r.Scan(&v.site, &v.digest, &v.id, &v.fingerprint, &v.reply.Status, &v.reply.Body, &v.expires, db.Maybe(&v.reply.Tag))
	})
	found := make(map[slot]*row, len(list))
	for _, v := range list {
		found[v.slot] = v
	}
	return found, err
}

// Find tells what stands under each key, in the order of keys.
func Find(tx *db.Tx, keys ...Key) ([]Found, error) {
	out := make([]Found, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	rows, err := collect(tx.Lookup("idem", columns, slotColumns(sorted(keys))...))
	if err != nil {
		return nil, fmt.Errorf("find %d idempotency keys: %w", len(keys), err)
	}
	for i, k := range keys {
		if r := rows[k.slot()]; r != nil && !r.over(tx.Now) {
			out[i] = r.found(k)
		}
	}
	return out, nil
}

// sorted gives the slots of keys, each once, in their order.
func sorted(keys []Key) []slot {
	slots := make([]slot, len(keys))
	for i, k := range keys {
		slots[i] = k.slot()
	}
	slices.SortFunc(slots, slot.compare)
	return slices.Compact(slots)
}

// Digest is what a key is stored by.
func (k Key) Digest() id.ID { return k.slot().digest }

// Rewrite puts another body in the place of the reply under a digest, whose first one tells
// what must not be told any more. A key that is not there stays so.
func Rewrite(tx *db.Tx, site string, digest id.ID, body []byte) error {
	if _, err := tx.Exec(`UPDATE idem SET body = ? WHERE site_id = ? AND digest = ?`, body, site, digest); err != nil {
		return fmt.Errorf("rewrite a reply of site %s: %w", site, err)
	}
	return nil
}

// Forget removes keys that this transaction put for work that it then did not do.
func Forget(tx *db.Tx, keys ...Key) error {
	if len(keys) == 0 {
		return nil
	}
	if _, err := tx.DeleteMany("idem", slotColumns(sorted(keys))...); err != nil {
		return fmt.Errorf("forget %d idempotency keys: %w", len(keys), err)
	}
	return nil
}

// sweepAtOnce keeps each deleting transaction short.
const sweepAtOnce = 500

// Sweep deletes keys whose time is over, some hundred at a time, and says how many.
func Sweep(ctx context.Context, d *db.DB) (int64, error) {
	total := int64(0)
	for {
		var n int64
		err := d.Update(ctx, "idem_sweep", func(tx *db.Tx) (err error) {
			n, err = sweep(tx)
			return err
		})
		total += n
		if err != nil {
			return total, fmt.Errorf("sweep idempotency keys: %w", err)
		}
		if n < sweepAtOnce {
			return total, nil
		}
	}
}

func sweep(tx *db.Tx) (int64, error) {
	rows, err := tx.Claim(`SELECT site_id, digest FROM idem WHERE expires_at > 0 AND expires_at <= ?
		ORDER BY expires_at, site_id, digest LIMIT ?`, int64(tx.Now), sweepAtOnce)
	slots, err := db.Collect(rows, err, func(r *sql.Rows) (s slot, err error) { return s, r.Scan(&s.site, &s.digest) })
	if err != nil || len(slots) == 0 {
		return 0, err
	}
	slices.SortFunc(slots, slot.compare)
	return tx.DeleteMany("idem", slotColumns(slots)...)
}
