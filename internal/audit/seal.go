package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// Seal says what the entries of a site were on a Korean day, signed by the installation. Who
// keeps one can prove later that they were changed.
type Seal struct {
	Site      string
	Day       string // a Korean day with entries
	Entries   int64  // of the site on that day
	Digest    string // hex
	KeyID     string // of the signing key
	Signature []byte // Ed25519, of Text
}

// Text is what is signed.
//
//	creditmsg audit 1
//	site, day, entries, digest, key id
//
// each on a line of its own, joined by \n, none at the end. The digest is the SHA-256 of the
// digest of the site's seal before (32 bytes, zeros first) and of the digests of its entries in
// the order of their ids; that of the installation ("") counts in, behind them, the
// seals of all sites of that day in the order of their names: each as its site, a \n and its
// digest. An entry's digest is the SHA-256 of a JSON array: see Entry.digest.
func (s *Seal) Text() []byte {
	return []byte(strings.Join([]string{"creditmsg audit 1", s.Site, s.Day, strconv.FormatInt(s.Entries, 10), s.Digest, s.KeyID}, "\n"))
}

// Signer signs for the installation.
type Signer struct {
	ID     string // of Public
	Public ed25519.PublicKey
	Sign   func(text []byte) []byte
}

// Signers gives all that ever signed for the installation, oldest first; the last one signs now.
type Signers func(tx *db.Tx) ([]Signer, error)

// now gives the one that signs now.
func (s Signers) now(tx *db.Tx) (Signer, error) {
	all, err := s(tx)
	if err != nil {
		return Signer{}, err
	}
	if len(all) == 0 {
		return Signer{}, fault.New(fault.Internal, fault.CodeInternal, "there is no signing key: the installation's keys were not prepared")
	}
	return all[len(all)-1], nil
}

// digest covers all of an entry: the array of its values as texts, in the order of Entry and
// Actor: site, id, time in microseconds since 1970 UTC, the actor's kind, id, name, address,
// request and operation, then action, ref, asked by, approved by, before and after as stored.
func (e *Entry) digest() ([sha256.Size]byte, error) {
	a := e.Actor
	text, err := json.Marshal([]string{e.Site, e.ID.String(), strconv.FormatInt(int64(e.At), 10), string(a.Kind), a.ID, a.Name, a.Address,
		a.Request, a.Operation, e.Action, e.Ref, e.AskedBy, e.ApprovedBy, string(e.Before), string(e.After)})
	return sha256.Sum256(text), err
}

// tally is the digest of a seal while it is made.
type tally struct {
	h       hash.Hash
	entries int64
}

func newTally(before []byte) *tally {
	t := &tally{h: sha256.New()}
	if before == nil {
		before = make([]byte, sha256.Size)
	}
	t.h.Write(before)
	return t
}

func (t *tally) add(e *Entry) error {
	sum, err := e.digest()
	t.h.Write(sum[:])
	t.entries++
	return err
}

func (t *tally) seal(site string, digest []byte) {
	t.h.Write([]byte(site + "\n"))
	t.h.Write(digest)
}

// sealAfter is how long after midnight a day is sealed: no transaction can be under way then
// that began before it.
const sealAfter = 15 * time.Minute

// sealable is the last Korean day that can be sealed at a moment.
func sealable(now db.Time) string { return korea.Day(now.Add(-sealAfter).Time().AddDate(0, 0, -1)) }

// span gives the first id of a Korean day, and that of the next one.
func span(day string) (first, next id.ID, err error) {
	begin, err := korea.ParseDay(day)
	return id.From(begin), id.From(begin.AddDate(0, 0, 1)), err
}

// SealDays seals every day that is over, also days that were missed. done is the day through
// which the caller knows all to be sealed, "" at first; what comes back is that day now. It
// may run in several processes at once: each seal is written once.
func SealDays(ctx context.Context, d *db.DB, signers Signers, done string) (through string, err error) {
	for day := ""; ; {
		err := d.View(ctx, "audit_seal_due", func(tx *db.Tx) (err error) {
			if through = sealable(tx.Now); through != done {
				day, err = dueAfter(tx, day)
			}
			return err
		})
		if err != nil {
			return done, fmt.Errorf("look for days to seal: %w", err)
		}
		if through == done || day == "" || day > through {
			return through, nil
		}
		if err := sealDay(ctx, d, signers, day); err != nil {
			return done, fmt.Errorf("seal the audit entries of %s: %w", day, err)
		}
	}
}

// dueAfter gives the first day with entries behind one; at first ("") the last that has seals,
// whose sealing may have been broken off, or else the first day of all.
func dueAfter(tx *db.Tx, day string) (string, error) {
	if day == "" {
		var last db.Null[string]
		if err := tx.QueryRow(`SELECT MAX(kst_day) FROM audit_seal`).Scan(&last); err != nil || last.Valid {
			return last.V, err
		}
	}
	var from id.ID
	if day != "" {
		_, next, err := span(day)
		if err != nil {
			return "", err
		}
		from = next
	}
	return firstFrom(tx, from)
}

// firstFrom gives the day of the first entry from an id on; "" = there is none.
func firstFrom(tx *db.Tx, from id.ID) (string, error) {
	var first id.ID
	err := tx.QueryRow(`SELECT id FROM audit WHERE id >= ? ORDER BY id LIMIT 1`, from[:]).Scan(&first)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the first entry: %w", err)
	}
	return dayOf(first), nil
}

// Unsealed gives the first Korean day that should have been sealed by now and was not; "" = none.
func Unsealed(tx *db.Tx) (day string, err error) {
	var last db.Null[string]
	if err := tx.QueryRow(`SELECT MAX(kst_day) FROM audit_seal WHERE site_id = ''`).Scan(&last); err != nil {
		return "", fmt.Errorf("read the last seal: %w", err)
	}
	var from id.ID
	if last.Valid {
		if _, from, err = span(last.V); err != nil {
			return "", err
		}
	}
	if day, err = firstFrom(tx, from); day >= korea.Day(tx.Now.Add(-sealLate).Time()) {
		day = ""
	}
	return day, err
}

// dayOf gives the Korean day in whose span an id lies.
func dayOf(d id.ID) string {
	var ms int64
	for _, b := range d[:6] {
		ms = ms<<8 | int64(b)
	}
	return korea.Day(time.UnixMilli(ms))
}

// sealChunk is how many sites are sealed together.
const sealChunk = 100

// sealDay seals a day: the sites first, and then the installation, whose seal counts in theirs.
func sealDay(ctx context.Context, d *db.DB, signers Signers, day string) error {
	for after := ""; ; {
		var seals []Seal
		var last string
		err := d.Snapshot(ctx, "audit_seal_read", func(tx *db.Tx) (err error) {
			seals, last, err = tallySites(tx, day, after)
			return err
		})
		if err == nil {
			err = storeSeals(ctx, d, signers, seals)
		}
		if err != nil {
			return err
		}
		if last == "" {
			break
		}
		after = last
	}
	var whole Seal
	err := d.Snapshot(ctx, "audit_seal_read_own", func(tx *db.Tx) (err error) {
		sites, err := sealsOf(tx, day)
		if err == nil {
			whole, err = tallyOf(tx, "", day, sites)
		}
		return err
	})
	if err != nil {
		return err
	}
	return storeSeals(ctx, d, signers, []Seal{whole})
}

// tallySites makes the seals of the next sites with entries on a day, not signed yet, and gives
// the site to go on after; "" when these were the last.
func tallySites(tx *db.Tx, day, after string) (seals []Seal, last string, err error) {
	first, next, err := span(day)
	if err != nil {
		return nil, "", err
	}
	rows, err := tx.Query(`SELECT DISTINCT site_id FROM audit WHERE id >= ? AND id < ? AND site_id > ? ORDER BY site_id LIMIT ?`, first[:], next[:], after, sealChunk)
	sites, err := db.Collect(rows, err, func(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) })
	if err != nil {
		return nil, "", fmt.Errorf("find the sites of %s: %w", day, err)
	}
	for _, site := range sites {
		s, err := tallyOf(tx, site, day, nil)
		if err != nil {
			return nil, "", err
		}
		seals = append(seals, s)
	}
	if len(sites) == sealChunk {
		last = sites[sealChunk-1]
	}
	return seals, last, nil
}

// tallyOf makes the seal of a site's day, not signed yet.
func tallyOf(tx *db.Tx, site, day string, sites []Seal) (Seal, error) {
	s := Seal{Site: site, Day: day}
	var before []byte
	err := tx.QueryRow(`SELECT digest FROM audit_seal WHERE site_id = ? AND kst_day < ? ORDER BY kst_day DESC LIMIT 1`, site, day).Scan(&before)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return s, fmt.Errorf("read the seal of %q before %s: %w", site, day, err)
	}
	t := newTally(before)
	if err := eachOf(tx, site, day, t.add); err != nil {
		return s, err
	}
	for _, one := range sites {
		digest, err := hex.DecodeString(one.Digest)
		if err != nil {
			return s, err
		}
		t.seal(one.Site, digest)
	}
	s.Entries, s.Digest = t.entries, hex.EncodeToString(t.h.Sum(nil))
	return s, nil
}

// eachOf hands out the entries of a site's day, the oldest first.
func eachOf(tx *db.Tx, site, day string, take func(*Entry) error) error {
	first, next, err := span(day)
	if err != nil {
		return err
	}
	rows, err := tx.Query(`SELECT `+entryColumns+` FROM audit WHERE site_id = ? AND id >= ? AND id < ? ORDER BY site_id, id`, site, first[:], next[:])
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		e, err := scanEntry(r)
		if err == nil {
			err = take(&e)
		}
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("read the entries of %q of %s: %w", site, day, err)
	}
	return nil
}

const sealColumns = `site_id, kst_day, entries, digest, signer, signature`

func scanSeal(r *sql.Rows) (s Seal, err error) {
	var digest []byte
	err = r.Scan(&s.Site, &s.Day, &s.Entries, &digest, &s.KeyID, &s.Signature)
	s.Digest = hex.EncodeToString(digest)
	return s, err
}

// sealsOf gives the seals of all sites of a day, but not the installation's, by site.
func sealsOf(tx *db.Tx, day string) ([]Seal, error) {
	rows, err := tx.Query(`SELECT `+sealColumns+` FROM audit_seal WHERE kst_day = ? AND site_id > '' ORDER BY kst_day, site_id`, day)
	list, err := db.Collect(rows, err, scanSeal)
	if err != nil {
		return nil, fmt.Errorf("read the seals of %s: %w", day, err)
	}
	return list, nil
}

// Seals gives the seals of a site ("" = the installation) from one Korean day to another, both
// included, oldest first.
func Seals(tx *db.Tx, site, from, until string) ([]Seal, error) {
	rows, err := tx.Query(`SELECT `+sealColumns+` FROM audit_seal WHERE site_id = ? AND kst_day >= ? AND kst_day <= ? ORDER BY site_id, kst_day`, site, from, until)
	list, err := db.Collect(rows, err, scanSeal)
	if err != nil {
		return nil, fmt.Errorf("read the seals of %q: %w", site, err)
	}
	return list, nil
}

// storeSeals signs seals and writes those that are not there yet.
func storeSeals(ctx context.Context, d *db.DB, signers Signers, seals []Seal) error {
	if len(seals) == 0 {
		return nil
	}
	return d.Update(ctx, "audit_seal", func(tx *db.Tx) error {
		signer, err := signers.now(tx)
		if err != nil {
			return err
		}
		n := len(seals)
		sites, days, entries := make([]string, n), make([]string, n), make([]int64, n)
		digests, signatures := make([][]byte, n), make([][]byte, n)
		for i := range seals {
			s := &seals[i]
			s.KeyID = signer.ID
			if digests[i], err = hex.DecodeString(s.Digest); err != nil {
				return err
			}
			sites[i], days[i], entries[i], signatures[i] = s.Site, s.Day, s.Entries, signer.Sign(s.Text())
		}
		return tx.InsertAbsent("audit_seal", []string{"site_id", "kst_day"}, "site_id", db.Col("site_id", sites), db.Col("kst_day", days),
			db.Col("entries", entries), db.Col("digest", digests), db.Same("signer", signer.ID, n), db.Col("signature", signatures))
	})
}
