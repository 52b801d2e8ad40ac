package site

import (
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Token is the right of a program, or of a person who signed in, to use the API. Its secret
// is not in here.
type Token struct {
	ID          id.ID
	Site        string // empty = the operator's, or a person's
	User        id.ID  // whose it is; zero = a program's
	Session     bool   // of a person who signed in
	Name        string
	Abilities   []string
	Networks    Networks // from where it may be used
	Last4       string   // the end of the secret, to recognise it by
	ExpiresAt   db.Time
	RevokedAt   db.Time
	LastUsedAt  db.Time
	CreatedAt   db.Time
	ConfirmedAt db.Time // when the person of a session last gave a second factor; 0 = not yet
	Until       db.Time // how long the secret counts by which it was found; 0 = no end is known
	SiteRev     Rev     // of its site when the token was read; 0 for the operator's
	Limits      Limits
	SiteLimits  Limits // those of all tokens of its site together
}

// Owner is whose tokens it is listed with: a site, "" for the operator, or OwnedBy a person.
func (t Token) Owner() string {
	if t.User.IsZero() {
		return t.Site
	}
	return OwnedBy(t.User)
}

// OwnedBy is what stands in the place of a site with the tokens of a person; no site can have
// it as its id.
func OwnedBy(user id.ID) string { return user.Text(id.User) }

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
	"tokens:read", "tokens:write",
	"stats:read", "personal:read", "audit:read",
	"users:read", "users:write",
	"roles:read", "roles:write",
	Operator, All,
}

// TokenOrder is what a token is to be.
type TokenOrder struct {
	Owner     string // a site, "" = the operator, or OwnedBy a person
	Name      string
	Abilities []string
	Networks  []string // as people write them; none = usable from anywhere
	Expires   db.Time  // 0 = never
	Session   bool
	Confirmed db.Time // a session's
}

// NewToken makes a token that can be used from anywhere, as CreateToken does.
func NewToken(tx *db.Tx, site, name string, abilities []string, expires db.Time) (Token, string, error) {
	return CreateToken(tx, TokenOrder{Owner: site, Name: name, Abilities: abilities, Expires: expires})
}

// CreateToken makes a token and gives its secret, which is never shown again. Faults:
// Invalid for an unknown ability, none, a network that is none, or a time that has passed;
// NotFound for the site.
func CreateToken(tx *db.Tx, o TokenOrder) (Token, string, error) {
	t := Token{ID: id.New(), ExpiresAt: o.Expires, Session: o.Session, ConfirmedAt: o.Confirmed, CreatedAt: tx.Now}
	if err := t.own(o.Owner); err != nil {
		return Token{}, "", err
	}
	if err := t.set(tx, TokenChange{Name: &o.Name, Abilities: o.Abilities, Networks: &o.Networks}); err != nil {
		return Token{}, "", err
	}
	if len(t.Abilities) == 0 {
		return Token{}, "", fault.Check("/abilities", "want at least one ability")
	}
	if o.Expires != 0 && o.Expires <= tx.Now {
		return Token{}, "", passed()
	}
	if t.Site != "" {
		owner, err := Find(tx, t.Site)
		if err != nil {
			return Token{}, "", err
		}
		t.SiteRev = owner.Rev
	}
	secret := newSecret(t.Site)
	t.Last4, t.Until = last4(secret), t.ExpiresAt
	t.Limits, t.SiteLimits = NoLimits, NoLimits
	session := 0
	if t.Session {
		session = 1
	}
	err := tx.InsertMany("site_token", db.Col("id", []id.ID{t.ID}), db.Col("site_id", []string{t.Owner()}),
		db.Col("name", []string{t.Name}), db.Col("abilities", []string{strings.Join(t.Abilities, " ")}),
		db.Col("networks", []string{strings.Join(t.Networks.Texts(), " ")}), db.Same("session", session, 1),
		db.Col("confirmed_at", []db.Time{t.ConfirmedAt}), db.Col("digest", []string{digest(secret)}), db.Col("last4", []string{t.Last4}),
		db.Col("created_at", []db.Time{t.CreatedAt}), db.Col("expires_at", []db.Time{t.ExpiresAt}),
		db.Col("revoked_at", []db.Time{0}), db.Col("last_used_at", []db.Time{0}))
	if err != nil {
		return Token{}, "", fmt.Errorf("create token %q: %w", t.Name, err)
	}
	return t, secret, t.note(tx, "token.created", nil, t.parts())
}

func last4(secret string) string { return secret[len(secret)-4:] }

func passed() error { return fault.Check("/expires_at", "the time has passed already") }

// own reads whose token it is.
func (t *Token) own(owner string) error {
	if !strings.HasPrefix(owner, id.User+"_") {
		t.Site = owner
		return nil
	}
	var err error
	t.User, err = id.Parse(id.User, owner)
	return err
}

// checkAbilities gives the list in the order of Abilities, each once. What is the operator's
// is not for the tokens of a site.
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
	return out, nil
}

// selectTokens reads tokens and the Rev in one statement, so that no token is older than
// its Rev.
const (
	tokenColumns = `t.id, t.site_id, t.name, t.abilities, t.networks, t.session, t.last4, t.created_at, t.expires_at, t.revoked_at,
	t.last_used_at, t.confirmed_at, COALESCE(r.rev, 0), t.limit_requests, t.limit_recipients, COALESCE(s.limit_requests, -1), COALESCE(s.limit_recipients, -1)`
	fromTokens   = ` FROM site_token t LEFT JOIN site_rev r ON r.site_id = t.site_id LEFT JOIN site s ON s.id = t.site_id`
	selectTokens = `SELECT ` + tokenColumns + fromTokens
)

// scanToken gives a token, and what else is selected before it.
func scanToken(r interface{ Scan(...any) error }, before ...any) (t Token, err error) {
	var owner, abilities, networks string
	err = r.Scan(append(before, &t.ID, &owner, &t.Name, &abilities, db.Maybe(&networks), (*flag)(&t.Session), &t.Last4, &t.CreatedAt,
		&t.ExpiresAt, &t.RevokedAt, &t.LastUsedAt, &t.ConfirmedAt, &t.SiteRev,
		&t.Limits.Requests, &t.Limits.Recipients, &t.SiteLimits.Requests, &t.SiteLimits.Recipients)...)
	if err != nil {
		return Token{}, err
	}
	t.Abilities, t.Until = strings.Fields(abilities), t.ExpiresAt
	if t.Networks, err = readNetworks(networks); err != nil {
		return Token{}, fmt.Errorf("read the networks of token %s: %w", t.ID.Text(id.Token), err)
	}
	return t, t.own(owner)
}

// Unknown says the same of every secret that does not count, so that nobody can
// tell why.
func Unknown() error {
	return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated,
		"the token is unknown, has expired or was revoked: send Authorization: Bearer with a valid one")
}

// Authenticate gives the token of a secret, or an Unauthenticated fault. One whose
// checksum is wrong is refused before the database is asked. A secret that was rotated away
// counts until its time. From where the token is used is the caller's to look at.
func Authenticate(tx *db.Tx, secret string) (Token, error) {
	if !wellFormed(secret) {
		return Token{}, Unknown()
	}
	want := digest(secret)
	var got string
	t, err := scanToken(tx.QueryRow(`SELECT t.digest, `+tokenColumns+fromTokens+` WHERE t.digest = ?`, want), &got)
	if errors.Is(err, db.ErrNoRows) {
		t, got, err = bySecretBefore(tx, want)
	}
	if errors.Is(err, db.ErrNoRows) {
		return Token{}, Unknown()
	}
	if err != nil {
		return Token{}, fmt.Errorf("authenticate a token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 || t.ended(tx.Now) {
		return Token{}, Unknown()
	}
	return t, nil
}

// ended reports whether the token, or the secret that it was found by, counts no more.
func (t Token) ended(now db.Time) bool { return t.RevokedAt != 0 || t.Until != 0 && t.Until <= now }

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

// Tokens gives up to limit tokens of an owner with ids above after, oldest first, also those
// that expired or were revoked; of a person without his sessions.
func Tokens(tx *db.Tx, owner string, after id.ID, limit int) ([]Token, error) {
	return tokensOf(tx, owner, 0, after, limit)
}

// Sessions gives up to limit sessions of a person with ids above after, oldest first, also
// those that ended.
func Sessions(tx *db.Tx, user id.ID, after id.ID, limit int) ([]Token, error) {
	return tokensOf(tx, OwnedBy(user), 1, after, limit)
}

func tokensOf(tx *db.Tx, owner string, session int, after id.ID, limit int) ([]Token, error) {
	rows, err := tx.Query(selectTokens+` WHERE t.site_id = ? AND t.session = ? AND t.id > ? ORDER BY t.id LIMIT ?`, owner, session, after[:], limit)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (Token, error) { return scanToken(r) })
	if err != nil {
		return nil, fmt.Errorf("list tokens of %q: %w", owner, err)
	}
	return list, nil
}

// FindToken gives a token of an owner, which no session is. NotFound for another one's.
func FindToken(tx *db.Tx, owner string, token id.ID) (Token, error) {
	return find(tx, owner, 0, "token", token)
}

// FindSession gives a session of a person. NotFound for another one's, and for his tokens.
func FindSession(tx *db.Tx, user, session id.ID) (Token, error) {
	return find(tx, OwnedBy(user), 1, "session", session)
}

func find(tx *db.Tx, owner string, session int, what string, token id.ID) (Token, error) {
	t, err := scanToken(tx.QueryRow(selectTokens+` WHERE t.site_id = ? AND t.id = ? AND t.session = ?`, owner, token[:], session))
	if errors.Is(err, db.ErrNoRows) {
		return Token{}, fault.Missing(what, token.Text(id.Token))
	}
	if err != nil {
		return Token{}, fmt.Errorf("find %s %s: %w", what, token.Text(id.Token), err)
	}
	return t, nil
}

// OwnerOf tells whose a token is, for who may ask about everybody's. NotFound.
func OwnerOf(tx *db.Tx, token id.ID) (owner string, err error) {
	err = tx.QueryRow(`SELECT site_id FROM site_token WHERE id = ?`, token[:]).Scan(&owner)
	if errors.Is(err, db.ErrNoRows) {
		return "", fault.Missing("token", token.Text(id.Token))
	}
	if err != nil {
		return "", fmt.Errorf("find the owner of token %s: %w", token.Text(id.Token), err)
	}
	return owner, nil
}

// Revoke ends a token of an owner at once and for ever, with all secrets that it had; one
// that is revoked already stays so. NotFound for another owner's, and for a session.
func Revoke(tx *db.Tx, owner string, token id.ID) error {
	t, err := FindToken(tx, owner, token)
	if err != nil {
		return err
	}
	return t.revoke(tx)
}

// EndSession ends a session of a person at once; one that has ended stays so. NotFound for another
// one's, and for his tokens.
func EndSession(tx *db.Tx, user, session id.ID) error {
	t, err := FindSession(tx, user, session)
	if err != nil {
		return err
	}
	return t.revoke(tx)
}

func (t Token) revoke(tx *db.Tx) (err error) {
	if t.RevokedAt == 0 {
		_, err = tx.Exec(`UPDATE site_token SET revoked_at = ? WHERE site_id = ? AND id = ? AND revoked_at = 0`, int64(tx.Now), t.Owner(), t.ID[:])
		if err == nil {
			err = t.note(tx, "token.revoked", t.parts(), nil)
		}
	}
	if err == nil {
		err = t.changed(tx)
	}
	if err != nil {
		return fmt.Errorf("revoke token %s: %w", t.ID.Text(id.Token), err)
	}
	return nil
}
