package site

import (
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Token is the right of a program to use the API. Its secret is not in here.
type Token struct {
	ID         id.ID
	Site       string // empty = the operator's
	Name       string
	Abilities  []string
	Last4      string // the end of the secret, to recognise it by
	ExpiresAt  db.Time
	RevokedAt  db.Time
	LastUsedAt db.Time
	CreatedAt  db.Time
	SiteRev    Rev // of its site when the token was read; 0 for the operator's
	Limits     Limits
	SiteLimits Limits // those of all tokens of its site together
}

// All is the ability to do everything that a site may do.
const All = "*"

// Abilities is the closed list of what a token may be allowed.
var Abilities = []string{
	"messages:read", "messages:write", "messages:approve",
	"credit:read", "credit:write", "credit:refund",
	"templates:read", "templates:write",
	"senders:read", "senders:write",
	"channels:read", "channels:write",
	"contacts:read", "contacts:write",
	"optouts:read", "optouts:write",
	"webhooks:read", "webhooks:write",
	"audit:read",
	"tokens:read", "tokens:write",
	Operator, All,
}

// Can reports whether the token allows an ability: it lists exactly that, or "*".
// The operator's ability is never meant by "*", and never a site token's.
func (t Token) Can(ability string) bool {
	if ability == Operator {
		return t.Site == "" && slices.Contains(t.Abilities, Operator)
	}
	return slices.Contains(t.Abilities, ability) || slices.Contains(t.Abilities, All)
}

// NewToken makes a token of a site ("" = the operator's) and gives its secret,
// which is never shown again. Expires 0 = never. Faults: Invalid for an unknown
// ability, none, or a time that has passed; NotFound for the site.
func NewToken(tx *db.Tx, site, name string, abilities []string, expires db.Time) (Token, string, error) {
	name = strings.TrimSpace(name)
	if !IsName(name) {
		return Token{}, "", fault.Check("/name", "want 1 to 100 characters without line breaks or other control characters")
	}
	abilities, err := checkAbilities(site, abilities)
	if err != nil {
		return Token{}, "", err
	}
	if expires != 0 && expires <= tx.Now {
		return Token{}, "", fault.Check("/expires_at", "the time has passed already")
	}
	var owner Site
	if site != "" {
		if owner, err = Find(tx, site); err != nil {
			return Token{}, "", err
		}
	}
	secret := newSecret()
	t := Token{ID: id.New(), Site: site, Name: name, Abilities: abilities, Last4: secret[len(secret)-4:],
		ExpiresAt: expires, CreatedAt: tx.Now, SiteRev: owner.Rev, Limits: NoLimits, SiteLimits: NoLimits}
	err = tx.InsertMany("site_token", db.Col("id", []id.ID{t.ID}), db.Col("site_id", []string{t.Site}),
		db.Col("name", []string{t.Name}), db.Col("abilities", []string{strings.Join(t.Abilities, " ")}),
		db.Col("digest", []string{digest(secret)}), db.Col("last4", []string{t.Last4}),
		db.Col("created_at", []db.Time{t.CreatedAt}), db.Col("expires_at", []db.Time{t.ExpiresAt}),
		db.Col("revoked_at", []db.Time{0}), db.Col("last_used_at", []db.Time{0}))
	if err != nil {
		return Token{}, "", fmt.Errorf("create token %q: %w", name, err)
	}
	return t, secret, audit.Note(tx, audit.Change{Site: site, Action: "token.created", Ref: t.ID.Text(id.Token), After: t.parts()})
}

// checkAbilities gives the list in the order of Abilities, each once.
func checkAbilities(site string, given []string) ([]string, error) {
	for i, a := range given {
		if !slices.Contains(Abilities, a) {
			return nil, fault.Check(fmt.Sprintf("/abilities/%d", i), "there is no ability %q; there are %s", a, strings.Join(Abilities, ", "))
		}
		if a == Operator && site != "" {
			return nil, fault.Check(fmt.Sprintf("/abilities/%d", i), "the ability %q is not for tokens of a site", a)
		}
	}
	var out []string
	for _, a := range Abilities {
		if slices.Contains(given, a) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, fault.Check("/abilities", "want at least one ability")
	}
	return out, nil
}

// selectTokens reads tokens and the Rev in one statement, so that no token is older than
// its Rev.
const selectTokens = `SELECT t.id, t.site_id, t.name, t.abilities, t.last4, t.created_at, t.expires_at, t.revoked_at, t.last_used_at, t.digest,
	COALESCE(r.rev, 0), t.limit_requests, t.limit_recipients, COALESCE(s.limit_requests, -1), COALESCE(s.limit_recipients, -1)
	FROM site_token t LEFT JOIN site_rev r ON r.site_id = t.site_id LEFT JOIN site s ON s.id = t.site_id`

// scanToken gives a token and the digest of its secret.
func scanToken(r interface{ Scan(...any) error }) (t Token, digest string, err error) {
	var abilities string
	err = r.Scan(&t.ID, &t.Site, &t.Name, &abilities, &t.Last4, &t.CreatedAt, &t.ExpiresAt, &t.RevokedAt, &t.LastUsedAt, &digest, &t.SiteRev,
		&t.Limits.Requests, &t.Limits.Recipients, &t.SiteLimits.Requests, &t.SiteLimits.Recipients)
	t.Abilities = strings.Fields(abilities)
	return t, digest, err
}

// unknown says the same of every secret that does not count, so that nobody can
// tell why.
func unknown() error {
	return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated,
		"the token is unknown, has expired or was revoked: send Authorization: Bearer with a valid one")
}

// Authenticate gives the token of a secret, or an Unauthenticated fault. One whose
// checksum is wrong is refused before the database is asked.
func Authenticate(tx *db.Tx, secret string) (Token, error) {
	if !wellFormed(secret) {
		return Token{}, unknown()
	}
	want := digest(secret)
	t, got, err := scanToken(tx.QueryRow(selectTokens+` WHERE t.digest = ?`, want))
	if errors.Is(err, db.ErrNoRows) {
		return Token{}, unknown()
	}
	if err != nil {
		return Token{}, fmt.Errorf("authenticate a token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 || t.RevokedAt != 0 || t.ExpiresAt != 0 && t.ExpiresAt <= tx.Now {
		return Token{}, unknown()
	}
	return t, nil
}

// touchEvery is how exact the time of last use is.
const touchEvery = time.Minute

// Touch records that tokens were used now. A token is written at most once a
// minute; the caller collects uses and calls this now and then.
func Touch(tx *db.Tx, ids []id.ID) error {
	ids = slices.SortedFunc(slices.Values(ids), compareIDs)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.LookupForUpdate("site_token", []string{"id", "last_used_at"}, db.Col("id", ids))
	var due []id.ID
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var d id.ID
		var last db.Time
		err := r.Scan(&d, &last)
		if tx.Now.Sub(last) >= touchEvery {
			due = append(due, d)
		}
		return struct{}{}, err
	})
	if err == nil && len(due) > 0 {
		err = tx.UpdateMany("site_token", []string{"id"}, db.Col("id", due), db.Same("last_used_at", tx.Now, len(due)))
	}
	if err != nil {
		return fmt.Errorf("record the use of %d tokens: %w", len(ids), err)
	}
	return nil
}

func compareIDs(a, b id.ID) int { return slices.Compare(a[:], b[:]) }

// Tokens gives up to limit tokens of a site ("" = the operator's) with ids above
// after, oldest first, also those that expired or were revoked.
func Tokens(tx *db.Tx, site string, after id.ID, limit int) ([]Token, error) {
	rows, err := tx.Query(selectTokens+` WHERE t.site_id = ? AND t.id > ? ORDER BY t.id LIMIT ?`, site, after[:], limit)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (Token, error) {
		t, _, err := scanToken(r)
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("list tokens of %q: %w", site, err)
	}
	return list, nil
}

// Revoke ends a token of a site ("" = the operator's) at once and for ever; one
// that is revoked already stays so. NotFound for another site's.
func Revoke(tx *db.Tx, site string, token id.ID) error {
	t, _, err := scanToken(tx.QueryRow(selectTokens+` WHERE t.site_id = ? AND t.id = ?`, site, token[:]))
	if errors.Is(err, db.ErrNoRows) {
		return fault.Missing("token", token.Text(id.Token))
	}
	if err == nil && t.RevokedAt == 0 {
		_, err = tx.Exec(`UPDATE site_token SET revoked_at = ? WHERE site_id = ? AND id = ? AND revoked_at = 0`, int64(tx.Now), site, token[:])
		if err == nil {
			err = audit.Note(tx, audit.Change{Site: site, Action: "token.revoked", Ref: token.Text(id.Token), Before: t.parts()})
		}
	}
	if err == nil && site != "" {
		err = Changed(tx, site)
	}
	if err != nil {
		return fmt.Errorf("revoke token %s: %w", token.Text(id.Token), err)
	}
	return nil
}
