package access

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/limit"
	"creditmsg/internal/site"
)

// ResetFor is how long a link to set a forgotten password counts.
const ResetFor = 30 * time.Minute

// forgotten is how often somebody may say that he forgot his password. Each time counts: whoever
// asks learns nothing, and mails of which one knows nothing are no attack, but a nuisance.
var forgotten = pace{
	address: limit.Rule{Name: "address-resets", Limit: 20, Period: time.Minute, Burst: 40},
	account: limit.Rule{Name: "resets", Limit: 6, Period: time.Hour, Burst: 3},
	all:     limit.Rule{Name: "account-resets", Limit: 12, Period: time.Hour, Burst: 12},
}

// AskReset has a link sent to who forgot his password, if somebody has an account of the address.
// Whether somebody does makes no difference that the caller could see: it is looked for when the
// mail is about to be sent. Faults: Invalid, not_supported where no mails with links are sent;
// TooMany.
func (p *People) AskReset(ctx context.Context, email string, from netip.Addr) error {
	if p.mails == nil || !p.linked {
		return fault.New(fault.Invalid, fault.CodeNotSupported, "this installation sends no mails that could bear a link; ask whoever keeps its accounts for a new password")
	}
	email, ok := address(email)
	if !ok {
		return fault.Check("/email", "want the address of a mailbox, such as kim@example.com")
	}
	tried, err := p.try(ctx, forgotten, email, from)
	if err != nil {
		return err
	}
	familiar := false
	err = p.d.View(ctx, "access_ask_reset", func(tx *db.Tx) error {
		a, found, err := p.byEmail(tx, email)
		if err == nil && found {
			familiar, err = p.familiar(tx, a, from)
		}
		return err
	})
	if err != nil {
		tried.forgive(ctx)
		return err
	}
	if err := tried.strange(ctx, familiar); err != nil {
		return err
	}
	return p.d.Update(ctx, "access_post_reset", func(tx *db.Tx) error {
		return p.post(tx, AboutReset, envelope{Email: email, From: from})
	})
}

// openReset makes the token of a letter count, if somebody has an account of its address and it has
// not expired. A mail that is sent again bears the same one.
func (p *People) openReset(tx *db.Tx, l Letter) (due bool, err error) {
	a, found, err := p.byEmail(tx, l.To)
	if err != nil || !found || a.State != Active || tx.Now >= l.ExpiresAt {
		return false, err
	}
	rows, err := tx.Lookup("access_reset", []string{"id"}, db.Col("id", []id.ID{l.ID}))
	before, err := db.Collect(rows, err, func(r *sql.Rows) (one id.ID, err error) { return one, r.Scan(&one) })
	if err != nil || len(before) > 0 {
		return err == nil, readLetter(l.ID, err)
	}
	err = tx.InsertMany("access_reset", db.Col("id", []id.ID{l.ID}), db.Col("user_id", []id.ID{a.ID}),
		db.Col("digest", []string{passwordDigest(l.Secret)}), db.Col("expires_at", []db.Time{l.ExpiresAt}))
	if err != nil {
		return false, fmt.Errorf("write a link to reset a password: %w", err)
	}
	asked := audit.Actor{Operation: "access_post_reset"} // by nobody that is known
	if l.From.IsValid() {
		asked.Address = l.From.String()
	}
	return true, audit.Note(tx, audit.Change{Action: "user.password_forgotten", Ref: a.ID.Text(id.User), By: asked})
}

// Reset is what somebody shows to set a forgotten password.
type Reset struct {
	Token    string // that his mail bore
	Password string // the new one
	Code     string // of his second factor, or a recovery code; "" = not given
	From     netip.Addr
}

// staleLink refuses every token that does not count in the same words.
func staleLink() error {
	return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "the link does not count any more: it was used, or is older than half an hour; ask for another one")
}

// FinishReset sets a forgotten password and ends all sessions. Each link counts once, and with one
// all others of the account end. Faults: Unauthenticated for a link that does not count, and with
// second_factor "required" where the code is missing or wrong; Invalid, TooMany.
func (p *People) FinishReset(ctx context.Context, r Reset) error {
	digest := passwordDigest(r.Token)
	tried, err := p.try(ctx, passwords, digest, r.From)
	if err != nil {
		return err
	}
	var a account
	var familiar bool
	err = p.d.View(ctx, "access_finish_reset", func(tx *db.Tx) (err error) {
		if a, err = p.resetting(tx, digest); err == nil {
			familiar, err = p.familiar(tx, a, r.From)
		}
		return err
	})
	if err != nil {
		return tried.unless(ctx, err)
	}
	tried.forgive(ctx)
	if err := checkPassword("/password", r.Password, a.Email); err != nil {
		return err
	}
	var given *trial
	if a.Factor {
		if given, err = p.tryCode(ctx, a, r.Code, r.From, familiar); err != nil {
			return outside(err)
		}
	}
	err = p.recover(ctx, digest, a.ID, r)
	if given != nil {
		err = given.unless(ctx, err)
	}
	return err
}

// resetting finds the account of a link that counts.
func (p *People) resetting(tx *db.Tx, digest string) (account, error) {
	rows, err := tx.Query(`SELECT user_id FROM access_reset WHERE digest = ? AND expires_at > ?`, digest, int64(tx.Now))
	users, err := db.Collect(rows, err, func(r *sql.Rows) (one id.ID, err error) { return one, r.Scan(&one) })
	if err != nil {
		return account{}, fmt.Errorf("find a link to reset a password: %w", err)
	}
	if len(users) == 0 {
		return account{}, staleLink()
	}
	a, err := p.byID(tx, users[0])
	if err == nil && a.State != Active {
		err = staleLink()
	}
	return a, err
}

// recover writes the new password of somebody whose link counts.
func (p *People) recover(ctx context.Context, digest string, user id.ID, r Reset) error {
	hash, err := p.hash.make(ctx, r.Password)
	if err != nil {
		return err
	}
	return p.d.Update(ctx, "access_recover", func(tx *db.Tx) error {
		if _, err := p.lock(tx, user); err != nil {
			return err
		}
		a, err := p.resetting(tx, digest) // it may have been used meanwhile
		if err != nil {
			return err
		}
		if a.Factor {
			if err := p.prove(tx, a, r.Code); err != nil {
				return outside(err)
			}
		}
		if err := site.RevokeSessions(tx, user, id.ID{}); err != nil {
			return err
		}
		if err := p.setPassword(tx, a, hash, r.From); err != nil {
			return err
		}
		return audit.Note(tx, audit.Change{Action: "user.password_recovered", Ref: user.Text(id.User), By: himself(tx, user)})
	})
}

// setPassword writes the password of an account that is locked, and tells its person. Links that set
// the one that was forgotten count no more.
func (p *People) setPassword(tx *db.Tx, a account, hash string, from netip.Addr) error {
	if err := set(tx, a.ID, db.Col("password", []string{hash})); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM access_reset WHERE user_id = ?`, a.ID[:]); err != nil {
		return fmt.Errorf("end the links of %s: %w", a.ID.Text(id.User), err)
	}
	return p.tell(tx, a, AboutPassword, from)
}

// lettersFor is how long a letter is kept whose job is not there any more.
const lettersFor = 7 * 24 * time.Hour

// SweepLetters deletes links that expired and letters that nobody sends, and says whether there may be more.
func SweepLetters(tx *db.Tx) (more bool, err error) {
	for _, old := range []struct {
		table, query string
		until        db.Time
	}{
		{"access_reset", `SELECT id FROM access_reset WHERE expires_at <= ? ORDER BY id LIMIT ?`, tx.Now},
		{"access_letter", `SELECT id FROM access_letter WHERE created_at <= ? ORDER BY id LIMIT ?`, tx.Now.Add(-lettersFor)},
	} {
		rows, err := tx.Query(old.query, int64(old.until), sweepMost)
		ids, err := db.Collect(rows, err, func(r *sql.Rows) (one id.ID, err error) { return one, r.Scan(&one) })
		if err == nil && len(ids) > 0 {
			_, err = tx.DeleteMany(old.table, db.Col("id", ids))
		}
		if err != nil {
			return false, fmt.Errorf("sweep %s: %w", old.table, err)
		}
		more = more || len(ids) == sweepMost
	}
	return more, nil
}
