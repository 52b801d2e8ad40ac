package credit

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// Head is where a site's chain stood at the end of a Korean day, signed by the installation:
// who keeps one can prove later that the chain was rewritten.
type Head struct {
	Site                   string
	Day                    string // a Korean day on which the chain grew
	Seq                    int64  // of the last entry of the day
	Hash                   string // hex, of that entry
	Available, Held, Spent money.Amount
	KeyID                  string // of the signing key: site.KeyID
	Signature              []byte // Ed25519, of Text
}

// Text is what is signed.
//
//	creditmsg head 1
//	site, day, seq, hash, available, held, spent, key id
//
// each on a line of its own, joined by \n, none at the end; amounts have exactly four decimals.
func (h *Head) Text() []byte {
	return []byte(strings.Join([]string{"creditmsg head 1", h.Site, h.Day, strconv.FormatInt(h.Seq, 10), h.Hash,
		h.Available.Exact(), h.Held.Exact(), h.Spent.Exact(), h.KeyID}, "\n"))
}

// SignedBy reports whether the head was signed by the holder of a public key.
func (h *Head) SignedBy(public ed25519.PublicKey) bool {
	return h.KeyID == site.KeyID(public) && ed25519.Verify(public, h.Text(), h.Signature)
}

const headColumns = `site_id, kst_day, seq, hash, available, held, spent, signer, signature`

func scanHead(rows *sql.Rows) (Head, error) {
	var h Head
	var hash []byte
	err := rows.Scan(&h.Site, &h.Day, &h.Seq, &hash, &h.Available, &h.Held, &h.Spent, &h.KeyID, &h.Signature)
	h.Hash = hex.EncodeToString(hash)
	return h, err
}

// Heads gives the signed heads of a site from one Korean day to another, both included,
// oldest first.
func (l *Ledger) Heads(tx *db.Tx, siteID, from, until string) ([]Head, error) {
	rows, err := tx.Query(`SELECT `+headColumns+` FROM credit_head WHERE site_id = ? AND kst_day >= ? AND kst_day <= ?
		ORDER BY site_id, kst_day`, siteID, from, until)
	list, err := db.Collect(rows, err, scanHead)
	if err != nil {
		return nil, fmt.Errorf("read heads of %s: %w", siteID, err)
	}
	return list, nil
}

// HeadBefore gives the newest signed head of a site before a Korean day; ok is false when
// there is none.
func (l *Ledger) HeadBefore(tx *db.Tx, siteID, day string) (h Head, ok bool, err error) {
	rows, err := tx.Query(`SELECT `+headColumns+` FROM credit_head WHERE site_id = ? AND kst_day < ?
		ORDER BY kst_day DESC LIMIT 1`, siteID, day)
	list, err := db.Collect(rows, err, scanHead)
	if err != nil {
		return h, false, fmt.Errorf("read the head of %s before %s: %w", siteID, day, err)
	}
	if len(list) == 0 {
		return h, false, nil
	}
	return list[0], true, nil
}

const (
	// signAfter is how long after midnight a day is signed. A transaction that began before
	// midnight stamps its entries with the day that was; by then none is under way.
	signAfter = 5 * time.Minute
	headSites = 100 // sites that are looked at together
	headChunk = 200 // heads that are written together
)

// LastDay is the last Korean day that can be signed at a moment.
func LastDay(now db.Time) string {
	return korea.Day(now.Add(-signAfter).Time().AddDate(0, 0, -1))
}

// SignHeads signs the heads of all sites for every day that is over and on which their
// chain grew, also for days that were missed. done is the day through which the caller knows
// all to be signed, "" at first; what comes back is that day now. It may run in several
// processes at once: each head is written once, with its event credit.head. The chain is
// proven from the last head on before it is signed; a site whose chain is broken is an error,
// and does not hold up the others.
func (l *Ledger) SignHeads(ctx context.Context, d *db.DB, done string) (through string, err error) {
	var behind []standing
	var broken []error
	for after := ""; ; {
		err := d.View(ctx, "credit_heads_due", func(tx *db.Tx) (err error) {
			if through = LastDay(tx.Now); through != done {
				behind, after, err = standings(tx, after)
			}
			return err
		})
		if err != nil {
			return done, fmt.Errorf("sign heads: %w", err)
		}
		for _, s := range behind {
			if err := l.signSite(ctx, d, s, through); err != nil {
				broken = append(broken, fmt.Errorf("sign heads of %s: %w", s.site, err))
			}
		}
		switch {
		case len(broken) > 0 && after == "":
			return done, errors.Join(broken...)
		case after == "" || through == done:
			return through, nil
		}
	}
}

// standing is how far a site's chain is signed.
type standing struct {
	site  string
	seq   int64 // of the last entry that is signed
	spent money.Amount
	hash  []byte
}

// standings gives those of the next sites whose chains are not signed to the end, and the
// site to go on after; "" when these were the last.
func standings(tx *db.Tx, after string) (behind []standing, last string, err error) {
	const newest = `(SELECT MAX(kst_day) FROM credit_head n WHERE n.site_id = a.site_id)`
	rows, err := tx.Query(`SELECT a.site_id, a.seq, COALESCE(h.seq, 0), COALESCE(h.spent, 0), h.hash
		FROM account a LEFT JOIN credit_head h ON h.site_id = a.site_id AND h.kst_day = `+newest+`
		WHERE a.site_id > ? ORDER BY a.site_id LIMIT ?`, after, headSites)
	seen := 0
	_, err = db.Collect(rows, err, func(r *sql.Rows) (_ struct{}, err error) {
		var s standing
		var end int64
		err = r.Scan(&s.site, &end, &s.seq, &s.spent, &s.hash)
		if seen++; end > s.seq {
			behind = append(behind, s)
		}
		last = s.site
		return struct{}{}, err
	})
	if seen < headSites {
		last = ""
	}
	return behind, last, err
}

// signSite signs all that is due of one site.
func (l *Ledger) signSite(ctx context.Context, d *db.DB, s standing, through string) error {
	for {
		var due []Head
		err := d.View(ctx, "credit_heads_read", func(tx *db.Tx) (err error) {
			due, err = s.due(tx, through, headChunk)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		err = d.Update(ctx, "credit_heads_sign", func(tx *db.Tx) error { return l.sign(tx, due) })
		if err != nil || len(due) < headChunk {
			return err
		}
	}
}

// due walks the chain on from where the site stands, proving it, and gives up to most heads,
// not signed yet. It moves the standing along.
func (s *standing) due(tx *db.Tx, through string, most int) (heads []Head, err error) {
	rows, err := tx.Query(`SELECT `+lineColumns+` FROM entry WHERE site_id = ? AND seq >= ? ORDER BY site_id, seq`, s.site, s.seq)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	defer rows.Close()
	var open *Head // of the day that the walk is in
	var scratch []byte
	at, spent := *s, s.spent
	if at.hash == nil {
		at.hash = make([]byte, sha256.Size)
	}
	for rows.Next() {
		e, err := scanLine(rows)
		if err != nil {
			return nil, fmt.Errorf("read entry after %d: %w", at.seq, err)
		}
		if e.seq == s.seq {
			if !slices.Equal(e.hash, at.hash) {
				return nil, brokenAt(e.seq, "it is not the entry that was signed")
			}
			continue
		}
		var sum [sha256.Size]byte
		if sum, scratch = e.chained(at.hash, scratch); e.seq != at.seq+1 || !slices.Equal(sum[:], e.hash) {
			return nil, brokenAt(at.seq+1, "it is missing, or its fields do not make its hash")
		}
		day := korea.Day(e.at.Time())
		if open != nil && open.Day != day {
			heads = append(heads, *open)
			*s, open = standing{s.site, open.Seq, open.Spent, at.hash}, nil
		}
		if day > through || len(heads) == most {
			return heads, nil
		}
		spent += e.move.changes(Spent, e.amount)
		at.seq, at.hash = e.seq, e.hash
		open = &Head{Site: s.site, Day: day, Seq: e.seq, Hash: hex.EncodeToString(e.hash), Available: e.available, Held: e.held, Spent: spent}
	}
	if open != nil {
		heads = append(heads, *open)
		*s = standing{s.site, open.Seq, open.Spent, at.hash}
	}
	return heads, rows.Err()
}

func brokenAt(seq int64, detail string) error {
	return fault.New(fault.Internal, fault.CodeInternal, "the chain is broken at entry %d, so nothing after it is signed: %s; run ledger verify", seq, fault.Word(detail))
}

// sign signs heads of one site and writes those that are not there yet. The account's lock
// keeps two processes from doing it at once.
func (l *Ledger) sign(tx *db.Tx, heads []Head) error {
	there := map[string]bool{}
	site, days := heads[0].Site, each(heads, func(h *Head) string { return h.Day })
	err := tx.Ask(
		db.Question{Table: "account", Cols: []string{"seq"}, Lock: true, Key: []db.Column{db.Col("site_id", []string{site})},
			Row: func(r *sql.Rows) error { var seq int64; return r.Scan(&seq) }},
		db.Question{Table: "credit_head", Cols: []string{"kst_day"},
			Key: []db.Column{db.Same("site_id", site, len(days)), db.Col("kst_day", days)},
			Row: func(r *sql.Rows) error {
				var day string
				err := r.Scan(&day)
				there[day] = true
				return err
			}})
	if err != nil {
		return fmt.Errorf("lock account: %w", err)
	}
	signers, err := l.keys.Signers(tx)
	if err != nil {
		return err
	}
	if len(signers) == 0 {
		return fault.New(fault.Internal, fault.CodeInternal, "there is no signing key: the installation's keys were not prepared")
	}
	signer := &signers[len(signers)-1]
	var fresh []Head
	for _, h := range heads {
		if !there[h.Day] {
			h.KeyID = signer.ID
			h.Signature = signer.Sign(h.Text())
			fresh = append(fresh, h)
		}
	}
	return insertHeads(tx, fresh, signer.Public)
}

func insertHeads(tx *db.Tx, heads []Head, public ed25519.PublicKey) error {
	if len(heads) == 0 {
		return nil
	}
	hashes := make([][]byte, len(heads))
	told := make([]event.Event, len(heads))
	for i := range heads {
		h := &heads[i]
		hashes[i], _ = hex.DecodeString(h.Hash) // it was made from bytes
		told[i] = event.Event{Site: h.Site, Type: "credit.head", Ref: h.Day, Data: facts(map[string]any{
			"day": h.Day, "seq": h.Seq, "hash": h.Hash, "available": h.Available, "held": h.Held, "spent": h.Spent,
			"key_id": h.KeyID, "public_key": []byte(public), "signature": h.Signature,
		})}
	}
	amounts := func(name string, of func(*Head) money.Amount) db.Column { return db.Col(name, each(heads, of)) }
	err := tx.InsertMany("credit_head",
		db.Col("site_id", each(heads, func(h *Head) string { return h.Site })),
		db.Col("kst_day", each(heads, func(h *Head) string { return h.Day })),
		db.Col("seq", each(heads, func(h *Head) int64 { return h.Seq })),
		db.Col("hash", hashes),
		amounts("available", func(h *Head) money.Amount { return h.Available }),
		amounts("held", func(h *Head) money.Amount { return h.Held }),
		amounts("spent", func(h *Head) money.Amount { return h.Spent }),
		db.Col("signer", each(heads, func(h *Head) string { return h.KeyID })),
		db.Col("signature", each(heads, func(h *Head) []byte { return h.Signature })))
	if err != nil {
		return fmt.Errorf("write heads: %w", err)
	}
	return event.Append(tx, told...)
}

// signLate is how long after midnight the doctor waits for a day to be signed.
const signLate = time.Hour

// CheckHead says what is wrong with the newest signed head of a site, "" when nothing is: it
// is not the entry that it signs any more, or a day that is over was not signed. A proof
// looks at all heads.
func (l *Ledger) CheckHead(tx *db.Tx, siteID string) (wrong string, err error) {
	h, found, err := l.HeadBefore(tx, siteID, "9999-12-31")
	if err != nil {
		return "", err
	}
	if found {
		signers, err := l.keys.Signers(tx)
		if err != nil {
			return "", err
		}
		signed := slices.ContainsFunc(signers, func(s site.Signer) bool { return h.SignedBy(s.Public) })
		b, err := l.balance(tx, siteID, h.Seq)
		switch {
		case err != nil && !errors.Is(err, db.ErrNoRows):
			return "", err
		case !signed:
			return "the signature of the head of " + h.Day + " is not right", nil
		case err != nil || b != (Balance{h.Seq, h.Hash, h.Available, h.Held, h.Spent}):
			return "the chain is not the one that was signed on " + h.Day, nil
		}
	}
	next, err := entryAt(tx, siteID, h.Seq+1)
	if over := korea.Day(tx.Now.Add(-signLate).Time()); err != nil || next == 0 || korea.Day(next.Time()) >= over {
		return "", err
	}
	return "the head of " + korea.Day(next.Time()) + " is not signed; does a worker run?", nil
}
