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
	"creditmsg/internal/limit"
	"creditmsg/internal/queue"
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
	from      []string // the last addresses that he signed in from, by their digests
}

// personal is what is sealed of a user.
type personal struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// People keeps accounts. It is safe for concurrent use.
type People struct {
	d       *db.DB
	keys    *site.Keys
	hash    *hasher
	limiter *limit.Limiter
	mails   *queue.Queue // nil = people are sent none
	linked  bool         // they can bear a link
}

// New makes the service, which counts tries in the memory of this process: see Count.
func New(d *db.DB, keys *site.Keys) *People {
	l, _ := limit.New(limit.Options{}) // which only a registerer refuses
	return &People{d: d, keys: keys, hash: newHasher(), limiter: l}
}

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

const selectAccounts = `SELECT id, sealed, password, state, factor, factor_new, factor_step, recovery, known_from, created_at, signed_in_at FROM access_user`

func scanAccount(r interface{ Scan(...any) error }, key *site.Key) (a account, err error) {
	var sealed []byte
	var recovery, from string
	err = r.Scan(&a.ID, &sealed, &a.password, &a.State, &a.secret, &a.secretNew, &a.step, db.Maybe(&recovery), db.Maybe(&from), &a.CreatedAt, &a.SignedInAt)
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
	a.Email, a.Name, a.Factor, a.recovery, a.from = p.Email, p.Name, a.secret != nil, strings.Fields(recovery), strings.Fields(from)
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

// Lock locks an account until the transaction ends. NotFound.
func (p *People) Lock(tx *db.Tx, user id.ID) error {
	_, err := p.lock(tx, user)
	return err
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

// NewPerson is somebody who is to have roles, and an account if he has none.
type NewPerson struct {
	Email    string
	Name     string
	Site     string // "" = on all
	Roles    []string
	Password string // "" = one is made
}

// check reads what is written of a person.
func (n *NewPerson) check() error {
	var is bool
	if n.Email, is = address(n.Email); !is {
		return fault.Check("/email", "want the address of a mailbox, such as kim@example.com")
	}
	if n.Name = strings.TrimSpace(n.Name); n.Name != "" && !site.IsName(n.Name) {
		return fault.Check("/name", "want 1 to 100 characters without line breaks or other control characters")
	}
	if len(n.Roles) == 0 {
		return fault.Check("/roles", "want at least one role")
	}
	return nil
}

// Added is what became of a person.
type Added struct {
	User     User
	Password string // that was made; "" = the account was there already, or it was given
}

// Add gives somebody roles on a site at once, and an account if he has none; an account that is
// there keeps its name and its password. It is for who keeps the installation: others ask people,
// by Invite. Faults: Invalid, NotFound for the site, and Denied as of SetRoles.
func (p *People) Add(ctx context.Context, by Who, n NewPerson) (out Added, err error) {
	if err := n.check(); err != nil {
		return Added{}, err
	}
	if strings.EqualFold(n.Password, n.Email) {
		return Added{}, guessed("/password")
	}
	made, err := p.MakePassword(ctx, n.Password)
	if err != nil {
		return Added{}, err
	}
	err = p.d.Update(ctx, "access_add", func(tx *db.Tx) error {
		a, fresh, err := p.create(tx, id.New(), personal{n.Email, n.Name}, made.hash, audit.Actor{})
		if err != nil {
			return err
		}
		if out = (Added{User: a.User}); fresh && n.Password == "" {
			out.Password = made.Password
		}
		list, err := p.held(tx, by, n.Site, n.Roles)
		if err != nil {
			return err
		}
		return give(tx, a.ID, n.Site, list, audit.Actor{})
	})
	return out, err
}

// create makes an account, unless the address has one, and locks the one that is there then. by
// is who makes it; zero = whoever acts.
func (p *People) create(tx *db.Tx, user id.ID, who personal, hash string, by audit.Actor) (a account, fresh bool, err error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return account{}, false, err
	}
	plain, err := json.Marshal(who)
	if err != nil {
		return account{}, false, err
	}
	err = tx.InsertAbsent("access_user", []string{"email"}, "id", db.Col("id", []id.ID{user}), db.Col("email", []string{known(key, who.Email)}),
		db.Col("sealed", [][]byte{key.Seal(sealedOf(user, "account"), plain)}), db.Col("password", []string{hash}), db.Col("state", []State{Active}),
		db.Same("factor_step", 0, 1), db.Col("created_at", []db.Time{tx.Now}), db.Col("signed_in_at", []db.Time{0}))
	if err != nil {
		return account{}, false, fmt.Errorf("make an account: %w", err)
	}
	there, found, err := p.byEmail(tx, who.Email)
	if err == nil && !found {
		err = fmt.Errorf("make an account: it is not there")
	}
	if err == nil {
		a, err = p.lock(tx, there.ID)
	}
	if err != nil || a.ID != user {
		return a, false, err
	}
	return a, true, audit.Note(tx, audit.Change{Action: "user.created", Ref: user.Text(id.User), By: by, After: audit.Fields{"email": audit.Mail(a.Email)}})
}

// set writes columns of an account.
func set(tx *db.Tx, user id.ID, cols ...db.Column) error {
	if err := tx.UpdateMany("access_user", []string{"id"}, append(cols, db.Col("id", []id.ID{user}))...); err != nil {
		return fmt.Errorf("write user %s: %w", user.Text(id.User), err)
	}
	return nil
}
