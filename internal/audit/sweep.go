package audit

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// LeastKept is the shortest time for which entries can be kept, and UsualKept the usual one.
const (
	LeastKept = 31 * 24 * time.Hour
	UsualKept = 5 * 366 * 24 * time.Hour
)

// sweptAction is what the log says of its own entries when they are deleted.
const sweptAction = "audit.swept"

// sweepChunk is how many entries are deleted together.
const sweepChunk = 500

// sweep says that the entries before a Korean day were deleted for their age. It is signed as a
// seal is: otherwise whoever writes to the table could say so of those that he changed.
type sweep struct {
	Since     string `json:"since"`
	Signer    string `json:"signer"`    // id of the key
	Signature string `json:"signature"` // Ed25519 of text, in base64
}

func (s sweep) text() []byte {
	return []byte(strings.Join([]string{"creditmsg audit swept 1", s.Since, s.Signer}, "\n"))
}

// signed are the fields of the entry of a sweep.
func (s sweep) signed(by Signer) Fields {
	s.Signer = by.ID
	return Fields{"since": s.Since, "signer": s.Signer, "signature": base64.StdEncoding.EncodeToString(by.Sign(s.text()))}
}

// proven reports whether one of the installation's keys signed it.
func (s sweep) proven(keys map[string]ed25519.PublicKey) bool {
	public, known := keys[s.Signer]
	signature, err := base64.StdEncoding.DecodeString(s.Signature)
	return known && err == nil && ed25519.Verify(public, s.text(), signature)
}

// Sweep deletes the entries of Korean months that ended longer ago than entries are kept
// (0 = UsualKept). That it does is an entry too, signed, by which Verify knows that they are not
// missing. Their seals stay.
func Sweep(ctx context.Context, d *db.DB, signers Signers, keep time.Duration) error {
	if keep == 0 {
		keep = UsualKept
	}
	for first, more := true, true; more; first = false {
		err := d.Update(ctx, "audit_sweep", func(tx *db.Tx) (err error) {
			more, err = sweepSome(tx, signers, keep, first)
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep the audit log: %w", err)
		}
	}
	return nil
}

func sweepSome(tx *db.Tx, signers Signers, keep time.Duration, first bool) (more bool, err error) {
	since, err := korea.ParseMonth(korea.Month(tx.Now.Add(-max(keep, LeastKept)).Time()))
	if err != nil {
		return false, err
	}
	end := id.From(since)
	rows, err := tx.Query(`SELECT site_id, id FROM audit WHERE id < ? ORDER BY id LIMIT ?`, end[:], sweepChunk)
	type name struct {
		site string
		id   id.ID
	}
	list, err := db.Collect(rows, err, func(r *sql.Rows) (n name, err error) { return n, r.Scan(&n.site, &n.id) })
	if err != nil || len(list) == 0 {
		return false, err
	}
	if first {
		by, err := signers.now(tx)
		if err == nil {
			err = Note(tx, Change{Action: sweptAction, After: sweep{Since: korea.Day(since)}.signed(by)})
		}
		if err != nil {
			return false, err
		}
	}
	sites, ids := make([]string, len(list)), make([]id.ID, len(list))
	for i, n := range list {
		sites[i], ids[i] = n.site, n.id
	}
	_, err = tx.DeleteMany("audit", db.Col("site_id", sites), db.Col("id", ids))
	return len(list) == sweepChunk, err
}
