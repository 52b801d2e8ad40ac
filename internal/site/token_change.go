package site

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// TokenChange is what is to become of a token; what is nil stays.
type TokenChange struct {
	Name      *string
	Abilities []string
	Networks  *[]string // as people write them; none = usable from anywhere
	Expires   *db.Time  // 0 = never
}

// set checks a change and makes it to t.
func (t *Token) set(tx *db.Tx, c TokenChange) (err error) {
	if c.Name != nil {
		if t.Name = strings.TrimSpace(*c.Name); !IsName(t.Name) {
			return fault.Check("/name", "want 1 to 100 characters without line breaks or other control characters")
		}
	}
	if c.Abilities != nil {
		if t.Abilities, err = checkAbilities(t.Site, c.Abilities); err != nil {
			return err
		}
		if len(t.Abilities) == 0 {
			return fault.Check("/abilities", "want at least one ability")
		}
	}
	if c.Networks != nil {
		if t.Networks, err = ParseNetworks(*c.Networks); err != nil {
			return err
		}
	}
	if c.Expires != nil {
		if t.ExpiresAt = *c.Expires; t.ExpiresAt != 0 && t.ExpiresAt <= tx.Now {
			return passed()
		}
	}
	return nil
}

// ChangeToken changes a token of an owner, from the next request on in every process. May, if
// it is given, looks at what the token would become before anything is written. Faults: NotFound,
// Invalid, Conflict for one that has ended, and what may says.
func ChangeToken(tx *db.Tx, owner string, token id.ID, c TokenChange, may func(Token) error) (Token, error) {
	t, err := lockToken(tx, owner, token)
	if err != nil {
		return Token{}, err
	}
	before := t.parts()
	if err := t.set(tx, c); err != nil {
		return Token{}, err
	}
	if may != nil {
		if err := may(t); err != nil {
			return Token{}, err
		}
	}
	_, err = tx.Exec(`UPDATE site_token SET name = ?, abilities = ?, networks = ?, expires_at = ? WHERE site_id = ? AND id = ?`,
		t.Name, strings.Join(t.Abilities, " "), strings.Join(t.Networks.Texts(), " "), int64(t.ExpiresAt), owner, token[:])
	if err == nil {
		err = t.note(tx, "token.updated", before, t.parts())
	}
	if err == nil {
		err = t.changed(tx)
	}
	if err != nil {
		return Token{}, fmt.Errorf("change token %s: %w", token.Text(id.Token), err)
	}
	return t, nil
}

// MaxOverlap is the longest time for which a secret can outlive the rotation of its token.
const MaxOverlap = 30 * 24 * time.Hour

// Rotate gives a token of an owner a new secret, which is never shown again. The one that it
// had is good for as long as the overlap, and no earlier one is for longer; 0 ends them at
// once. May is as in ChangeToken. Faults: NotFound, Invalid, Conflict for one that has ended, and
// what may says.
func Rotate(tx *db.Tx, owner string, token id.ID, overlap time.Duration, may func(Token) error) (Token, string, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return Token{}, "", fault.Check("/overlap", "want 0 to %d seconds", int64(MaxOverlap/time.Second))
	}
	t, err := lockToken(tx, owner, token)
	if err != nil {
		return Token{}, "", err
	}
	if may != nil {
		if err := may(t); err != nil {
			return Token{}, "", err
		}
	}
	secret := newSecret(t.Site)
	if err := t.replace(tx, secret, overlap); err != nil {
		return Token{}, "", fmt.Errorf("rotate token %s: %w", token.Text(id.Token), err)
	}
	t.Last4 = last4(secret)
	if err := t.note(tx, "token.rotated", nil, audit.Fields{"overlap_seconds": int64(overlap.Seconds())}); err != nil {
		return Token{}, "", err
	}
	return t, secret, t.changed(tx)
}

// replace puts a secret in the place of the one that counts, which counts for the overlap.
func (t Token) replace(tx *db.Tx, secret string, overlap time.Duration) error {
	until := tx.Now.Add(overlap)
	var before string
	if err := tx.QueryRow(`SELECT digest FROM site_token WHERE site_id = ? AND id = ?`, t.Owner(), t.ID[:]).Scan(&before); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE site_token_old SET until = ? WHERE site_id = ? AND token_id = ? AND until > ?`, int64(until), t.Owner(), t.ID[:], int64(until)); err != nil {
		return err
	}
	if overlap > 0 {
		err := tx.InsertMany("site_token_old", db.Col("digest", []string{before}), db.Col("site_id", []string{t.Owner()}),
			db.Col("token_id", []id.ID{t.ID}), db.Col("until", []db.Time{until}))
		if err != nil {
			return err
		}
	}
	_, err := tx.Exec(`UPDATE site_token SET digest = ?, last4 = ? WHERE site_id = ? AND id = ?`, digest(secret), last4(secret), t.Owner(), t.ID[:])
	return err
}

// bySecretBefore finds a token by a secret that it had before it was rotated, with the digest
// that is stored of that.
func bySecretBefore(tx *db.Tx, digest string) (t Token, stored string, err error) {
	var until db.Time
	t, err = scanToken(tx.QueryRow(`SELECT o.digest, o.until, `+tokenColumns+fromTokens+
		` JOIN site_token_old o ON o.site_id = t.site_id AND o.token_id = t.id WHERE o.digest = ?`, digest), &stored, &until)
	if err != nil {
		return Token{}, "", err
	}
	if t.Until == 0 || until < t.Until {
		t.Until = until
	}
	return t, stored, nil
}

// LockToken locks a token's row until the transaction ends. NotFound, also for a session.
func LockToken(tx *db.Tx, owner string, token id.ID) error {
	rows, err := tx.LookupForUpdate("site_token", []string{"session"}, db.Col("site_id", []string{owner}), db.Col("id", []id.ID{token}))
	sessions, err := db.Collect(rows, err, func(r *sql.Rows) (s flag, err error) { return s, r.Scan(&s) })
	if err != nil {
		return fmt.Errorf("lock token %s: %w", token.Text(id.Token), err)
	}
	if len(sessions) == 0 || bool(sessions[0]) {
		return fault.Missing("token", token.Text(id.Token))
	}
	return nil
}

// lockToken gives a token that has not ended, to be changed. No session is.
func lockToken(tx *db.Tx, owner string, token id.ID) (Token, error) {
	if err := LockToken(tx, owner, token); err != nil {
		return Token{}, err
	}
	t, err := FindToken(tx, owner, token)
	if err != nil {
		return Token{}, err
	}
	if t.ended(tx.Now) {
		return Token{}, fault.New(fault.Conflict, fault.CodeStateConflict, "token %s has ended; make a new one", token.Text(id.Token))
	}
	return t, nil
}

// changed has processes ask anew who remember the token's site; tokens of the operator and of
// people nobody remembers.
func (t Token) changed(tx *db.Tx) error {
	if t.Site == "" {
		return nil
	}
	return Changed(tx, t.Site)
}

// Confirm notes that the person of a session gave a second factor now.
func Confirm(tx *db.Tx, user, session id.ID) error {
	n, err := tx.Exec(`UPDATE site_token SET confirmed_at = ? WHERE site_id = ? AND id = ? AND session = 1`, int64(tx.Now), OwnedBy(user), session[:])
	if err == nil && n == 0 {
		err = fault.Missing("session", session.Text(id.Token))
	}
	if err != nil {
		return fmt.Errorf("confirm session %s: %w", session.Text(id.Token), err)
	}
	return nil
}

// RevokeSessions ends the sessions of a person but one, if that is not zero.
func RevokeSessions(tx *db.Tx, user, but id.ID) error {
	_, err := tx.Exec(`UPDATE site_token SET revoked_at = ? WHERE site_id = ? AND session = 1 AND revoked_at = 0 AND id <> ?`,
		int64(tx.Now), OwnedBy(user), but[:])
	if err != nil {
		return fmt.Errorf("end sessions of %s: %w", OwnedBy(user), err)
	}
	return nil
}

// keepSessions is how long a session is shown after it ended.
const keepSessions = 30 * 24 * time.Hour

// sweepMost bounds what one sweep deletes in one transaction.
const sweepMost = 500

// SweepTokens deletes sessions that ended a month ago and secrets that were rotated away, and
// says whether there may be more.
func SweepTokens(tx *db.Tx) (more bool, err error) {
	rows, err := tx.Query(`SELECT id FROM site_token WHERE session = 1 AND expires_at < ? ORDER BY id LIMIT ?`, int64(tx.Now.Add(-keepSessions)), sweepMost)
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (one id.ID, err error) { return one, r.Scan(&one) })
	if err == nil && len(ids) > 0 {
		_, err = tx.DeleteMany("site_token", db.Col("id", ids))
	}
	var old []string
	if err == nil {
		rows, err = tx.Query(`SELECT digest FROM site_token_old WHERE until <= ? ORDER BY digest LIMIT ?`, int64(tx.Now), sweepMost)
		old, err = db.Collect(rows, err, func(r *sql.Rows) (one string, err error) { return one, r.Scan(&one) })
	}
	if err == nil && len(old) > 0 {
		_, err = tx.DeleteMany("site_token_old", db.Col("digest", old))
	}
	if err != nil {
		return false, fmt.Errorf("sweep tokens: %w", err)
	}
	return len(ids) == sweepMost || len(old) == sweepMost, nil
}
