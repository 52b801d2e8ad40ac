package audit

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// Proof is what a verification found.
type Proof struct {
	Sites   int     `json:"sites"` // that have entries or seals, the installation among them
	Entries int64   `json:"entries"`
	Seals   int64   `json:"seals"`
	Since   string  `json:"since"` // the first Korean day whose entries are still kept; "" = all are
	Wrong   []Wrong `json:"wrong"`
}

// Wrong is something that is not as it was sealed.
type Wrong struct {
	Site   string `json:"site"` // "" = the installation
	Day    string `json:"day"`
	Detail string `json:"detail"`
}

// sealLate is how long after midnight a day may be without its seals.
const sealLate = time.Hour

// Verify holds the entries of all sites against their seals, and these against their
// signatures; with a site ("" = the installation) only its own. Of entries that are not there
// any more a signed sweep has to tell.
func Verify(ctx context.Context, d *db.DB, signers Signers, site *string) (Proof, error) {
	v := &verifier{}
	var sites []string
	err := d.View(ctx, "audit_verify_sites", func(tx *db.Tx) error {
		if err := v.begin(tx, signers); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT site_id FROM audit UNION SELECT site_id FROM audit_seal`)
		sites, err = db.Collect(rows, err, func(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) })
		return err
	})
	if site != nil {
		sites = []string{*site}
		if *site != "" {
			v.proof.Wrong = []Wrong{} // those of the installation's own entries
		}
	}
	for _, s := range sites {
		var of Proof
		if err == nil {
			err = d.Snapshot(ctx, "audit_verify", v.look(s, &of))
		}
		v.add(of)
	}
	if err != nil {
		return v.proof, fmt.Errorf("verify the audit log: %w", err)
	}
	return v.proof, nil
}

// verifier is a verification under way.
type verifier struct {
	proof Proof
	over  string // days before it have to be sealed
	keys  map[string]ed25519.PublicKey
}

// begin reads what everything is held against.
func (v *verifier) begin(tx *db.Tx, signers Signers) error {
	*v = verifier{proof: Proof{Wrong: []Wrong{}}, keys: map[string]ed25519.PublicKey{}, over: korea.Day(tx.Now.Add(-sealLate).Time())}
	all, err := signers(tx)
	if err != nil {
		return err
	}
	for _, s := range all {
		v.keys[s.ID] = s.Public
	}
	return v.keptSince(tx)
}

// look verifies one site, and gives what it found of it, however often it is run.
func (v *verifier) look(site string, found *Proof) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		one := verifier{proof: Proof{Since: v.proof.Since}, over: v.over, keys: v.keys}
		err := one.verify(tx, site)
		*found = one.proof
		return err
	}
}

func (v *verifier) add(p Proof) {
	v.proof.Sites += p.Sites
	v.proof.Entries += p.Entries
	v.proof.Seals += p.Seals
	v.proof.Wrong = append(v.proof.Wrong, p.Wrong...)
}

func (v *verifier) wrong(site, day, format string, args ...any) {
	v.proof.Wrong = append(v.proof.Wrong, Wrong{site, day, fmt.Sprintf(format, args...)})
}

// verify looks at one site.
func (v *verifier) verify(tx *db.Tx, site string) error {
	v.proof.Sites++
	seals, err := Seals(tx, site, "", "9999-12-31")
	if err != nil {
		return err
	}
	sealed := map[string]bool{}
	for i := range seals {
		sealed[seals[i].Day] = true
		if err := v.seal(tx, &seals[i]); err != nil {
			return err
		}
	}
	v.proof.Seals += int64(len(seals))
	rows, err := tx.Query(`SELECT id FROM audit WHERE site_id = ? ORDER BY site_id, id`, site)
	last := ""
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var of id.ID
		err := r.Scan(&of)
		if day := dayOf(of); day != last && !sealed[day] && day < v.over {
			v.wrong(site, day, "the day has entries and no seal; does a worker run?")
			last = day
		}
		v.proof.Entries++
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("read the entries of %q: %w", site, err)
	}
	return nil
}

// seal looks at one seal.
func (v *verifier) seal(tx *db.Tx, s *Seal) error {
	public, known := v.keys[s.KeyID]
	switch {
	case !known:
		v.wrong(s.Site, s.Day, "the seal is signed with a key %s, which is not one of the installation", s.KeyID)
	case !ed25519.Verify(public, s.Text(), s.Signature):
		v.wrong(s.Site, s.Day, "the signature of the seal is not right")
	}
	if s.Day < v.proof.Since { // its entries are deleted, or are being
		return nil
	}
	var sites []Seal
	if s.Site == "" {
		var err error
		if sites, err = sealsOf(tx, s.Day); err != nil {
			return err
		}
	}
	now, err := tallyOf(tx, s.Site, s.Day, sites)
	switch {
	case err != nil:
		return err
	case now.Entries != s.Entries:
		v.wrong(s.Site, s.Day, "%d entries were sealed, and there are %d", s.Entries, now.Entries)
	case now.Digest != s.Digest && s.Site == "":
		v.wrong(s.Site, s.Day, "an entry of that day, the seal before it, or a site's seal of that day is not what was sealed")
	case now.Digest != s.Digest:
		v.wrong(s.Site, s.Day, "an entry of that day, or the seal before it, is not what was sealed")
	}
	return nil
}

// keptSince finds the day before which entries were deleted for their age: the log says so
// itself. An entry that says it and is not signed proves nothing.
func (v *verifier) keptSince(tx *db.Tx) error {
	rows, err := tx.Query(`SELECT id, became FROM audit WHERE site_id = '' AND action = ? ORDER BY id`, sweptAction)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var of id.ID
		var became []byte
		err := r.Scan(&of, &became)
		var s sweep
		switch unread := json.Unmarshal(became, &s); {
		case err != nil:
		case unread != nil || !s.proven(v.keys):
			v.wrong("", dayOf(of), "an entry says that older ones were swept away, and no key of the installation signed that")
		default:
			v.proof.Since = max(v.proof.Since, s.Since)
		}
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("read since when entries are kept: %w", err)
	}
	return nil
}
