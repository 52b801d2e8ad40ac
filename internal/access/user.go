package access

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strings"

	"golang.org/x/text/unicode/norm"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// State is whether an account can be used.
type State string

// The states of an account.
const (
	Active   State = "active"
	Disabled State = "disabled"
)

// User is somebody's account. It holds no secret.
type User struct {
	ID         id.ID
	Email      string
	Name       string
	State      State
	Factor     bool // he has a second factor
	CreatedAt  db.Time
	SignedInAt db.Time // last; 0 = never
}

// account is a user with what proves him.
type account struct {
	User
	password  string
	secret    []byte // of his second factor, sealed; nil = he has none
	secretNew []byte // likewise, not confirmed yet
	step      int64  // the last code of the second factor that counted
	recovery  []string
}

// personal is what is sealed of a user.
type personal struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// People keeps accounts. It is safe for concurrent use.
type People struct {
	d     *db.DB
	keys  *site.Keys
	hash  *hasher
	tries throttle
}

// New makes the service.
func New(d *db.DB, keys *site.Keys) *People { return &People{d: d, keys: keys, hash: newHasher()} }

// address reads an address of a mail: it is the same in capitals.
func address(text string) (string, bool) {
	text = strings.ToLower(norm.NFC.String(strings.TrimSpace(text)))
	a, err := mail.ParseAddress(text)
	return text, err == nil && a.Address == text && len(text) <= 254
}

// known is what an address is found by: a keyed digest, so that nobody who reads the
// database can try addresses.
func known(key *site.Key, email string) string {
	sum := key.MAC([]byte("address " + email))
	return hex.EncodeToString(sum[:])
}

func sealedOf(user id.ID, what string) string { return what + " of " + user.Text(id.User) }

const selectAccounts = `SELECT id, sealed, password, state, factor, factor_new, factor_step, recovery, created_at, signed_in_at FROM access_user`

func scanAccount(r interface{ Scan(...any) error }, key *site.Key) (a account, err error) {
	var sealed []byte
	var recovery string
	err = r.Scan(&a.ID, &sealed, &a.password, &a.State, &a.secret, &a.secretNew, &a.step, db.Maybe(&recovery), &a.CreatedAt, &a.SignedInAt)
	if err != nil {
		return account{}, err
	}
	plain, err := key.Open(sealedOf(a.ID, "account"), sealed)
	var p personal
	if err == nil {
		err = json.Unmarshal(plain, &p)
	}
	if err != nil {
		return account{}, fmt.Errorf("open the account %s: %w", a.ID.Text(id.User), err)
	}
	a.Email, a.Name, a.Factor, a.recovery = p.Email, p.Name, a.secret != nil, strings.Fields(recovery)
	return a, nil
}

// byID reads an account. NotFound.
func (p *People) byID(tx *db.Tx, user id.ID) (account, error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return account{}, err
	}
	a, err := scanAccount(tx.QueryRow(selectAccounts+` WHERE id = ?`, user[:]), key)
	if errors.Is(err, db.ErrNoRows) {
		return account{}, fault.Missing("user", user.Text(id.User))
	}
	if err != nil {
		return account{}, fmt.Errorf("read user %s: %w", user.Text(id.User), err)
	}
	return a, nil
}

// byEmail finds an account; !found = there is none.
func (p *People) byEmail(tx *db.Tx, email string) (a account, found bool, err error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return account{}, false, err
	}
	a, err = scanAccount(tx.QueryRow(selectAccounts+` WHERE email = ?`, known(key, email)), key)
	if errors.Is(err, db.ErrNoRows) {
		return account{}, false, nil
	}
	if err != nil {
		return account{}, false, fmt.Errorf("find a user: %w", err)
	}
	return a, true, nil
}

// lock is byID with the row locked until the transaction ends.
func (p *People) lock(tx *db.Tx, user id.ID) (account, error) {
	rows, err := tx.LookupForUpdate("access_user", []string{"id"}, db.Col("id", []id.ID{user}))
	if _, err = db.Collect(rows, err, func(r *sql.Rows) (one id.ID, err error) { return one, r.Scan(&one) }); err != nil {
		return account{}, fmt.Errorf("lock user %s: %w", user.Text(id.User), err)
	}
	return p.byID(tx, user)
}

// Find gives an account. NotFound.
func (p *People) Find(tx *db.Tx, user id.ID) (User, error) {
	a, err := p.byID(tx, user)
	return a.User, err
}

// FindByEmail gives an account by its address. NotFound.
func (p *People) FindByEmail(tx *db.Tx, email string) (User, error) {
	email, _ = address(email)
	a, found, err := p.byEmail(tx, email)
	if err == nil && !found {
		err = fault.Missing("user", email)
	}
	return a.User, err
}

// List gives up to limit accounts with ids above after, oldest first: of those who have a role
// on a site, or of all with "".
func (p *People) List(tx *db.Tx, siteID string, after id.ID, limit int) ([]User, error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return nil, err
	}
	query, args := selectAccounts+` WHERE id > ? ORDER BY id LIMIT ?`, []any{after[:], limit}
	if siteID != "" {
		query = selectAccounts + ` WHERE id > ? AND id IN (SELECT user_id FROM access_member WHERE site_id = ?) ORDER BY id LIMIT ?`
		args = []any{after[:], siteID, limit}
	}
	rows, err := tx.Query(query, args...)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (User, error) {
		a, err := scanAccount(r, key)
		return a.User, err
	})
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return list, nil
}

// Invitation is a person who is to have an account, or to have roles besides.
type Invitation struct {
	Email    string
	Name     string
	Site     string // "" = on all
	Roles    []string
	Password string // "" = one is made
}

// Invited is what became of it.
type Invited struct {
	User     User
	Password string // that was made; "" = the account was there already, or it was given
}

// Invite gives somebody roles on a site, and an account if he has none; an account that is
// there keeps its name and its password. The password that is made is shown to whoever invites,
// once. Faults: Invalid, NotFound for the site, and Denied as of SetRoles.
func (p *People) Invite(ctx context.Context, by Who, in Invitation) (out Invited, err error) {
	email, ok := address(in.Email)
	if !ok {
		return Invited{}, fault.Check("/email", "want the address of a mailbox, such as kim@example.com")
	}
	in.Name = strings.TrimSpace(in.Name)
	if in.Name != "" && !site.IsName(in.Name) {
		return Invited{}, fault.Check("/name", "want 1 to 100 characters without line breaks or other control characters")
	}
	made := in.Password
	if made == "" {
		made = newPassword()
	}
	if err := checkPassword("/password", made, email); err != nil {
		return Invited{}, err
	}
	hash, err := p.hash.make(ctx, made)
	if err != nil {
		return Invited{}, err
	}
	err = p.d.Update(ctx, "access_invite", func(tx *db.Tx) error {
		out = Invited{}
		a, found, err := p.byEmail(tx, email)
		if err != nil {
			return err
		}
		if !found {
			if a, err = p.create(tx, personal{email, in.Name}, hash); err != nil {
				return err
			}
			if in.Password == "" {
				out.Password = made
			}
		}
		if out.User = a.User; len(in.Roles) == 0 {
			return fault.Check("/roles", "want at least one role")
		}
		return p.give(tx, by, a.ID, in.Site, in.Roles)
	})
	return out, err
}

// create makes an account. A second one of the same address is a conflict of the database, and
// the transaction runs again and finds it.
func (p *People) create(tx *db.Tx, who personal, hash string) (account, error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return account{}, err
	}
	a := account{User: User{ID: id.New(), Email: who.Email, Name: who.Name, State: Active, CreatedAt: tx.Now}, password: hash}
	plain, err := json.Marshal(who)
	if err != nil {
		return account{}, err
	}
	err = tx.InsertMany("access_user", db.Col("id", []id.ID{a.ID}), db.Col("email", []string{known(key, who.Email)}),
		db.Col("sealed", [][]byte{key.Seal(sealedOf(a.ID, "account"), plain)}), db.Col("password", []string{hash}), db.Col("state", []State{a.State}),
		db.Same("factor_step", 0, 1), db.Col("created_at", []db.Time{a.CreatedAt}), db.Col("signed_in_at", []db.Time{0}))
	if _, twice := errors.AsType[*db.Duplicate](err); twice {
		return account{}, fault.Wrap(err, fault.Conflict, fault.CodeAlreadyExists, "somebody made this account at the same moment; repeat the request")
	}
	if err != nil {
		return account{}, fmt.Errorf("make an account: %w", err)
	}
	return a, noteUser(tx, "user.created", a.ID, audit.Fields{"email": audit.Mail(a.Email)})
}

// set writes columns of an account.
func set(tx *db.Tx, user id.ID, cols ...db.Column) error {
	if err := tx.UpdateMany("access_user", []string{"id"}, append(cols, db.Col("id", []id.ID{user}))...); err != nil {
		return fmt.Errorf("write user %s: %w", user.Text(id.User), err)
	}
	return nil
}
