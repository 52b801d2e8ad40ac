package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// Invitation is somebody who was asked to have roles on a site, and has not said yet. Whether
// there is an account of his address, nobody who reads one can tell.
type Invitation struct {
	ID        id.ID
	Site      string // "" = on all
	Email     string
	Name      string
	Roles     []string
	By        string // who asks, as Actor names him
	CreatedAt db.Time
	ExpiresAt db.Time

	password string // the digest of the one that was made
}

// InvitedFor is how long an invitation waits for an answer.
const InvitedFor = 14 * 24 * time.Hour

// mostInvitations bounds those of a site that wait, and with them what somebody finds who is
// asked by everybody.
const mostInvitations = 200

func sealedInvitation(in id.ID) string { return "invitation " + in.Text(id.Invitation) }

// passwordDigest is what is stored of a password that was made, which is random enough for a plain
// hash, until somebody comes in with it.
func passwordDigest(made string) string {
	sum := sha256.Sum256([]byte(made))
	return hex.EncodeToString(sum[:])
}

func (in Invitation) fits(password string) bool {
	return subtle.ConstantTimeCompare([]byte(in.password), []byte(passwordDigest(password))) == 1
}

// Invite asks somebody to have roles on a site. Nothing is given before he says yes, with the
// password that is made here and handed to him: who has an account signs in and accepts; who has
// none makes it by signing in with that password, and accepts by that. Which of both he is makes
// no difference that the caller could see. That he has the password shows that he is meant:
// somebody else may have made an account of his address before. Where mails are sent he gets it by one, too. Several
// invitations of one address stand beside each other. Faults: as Add, and StateConflict where too many wait.
func (p *People) Invite(tx *db.Tx, by Who, n NewPerson) (in Invitation, password string, err error) {
	if err := n.check(); err != nil {
		return Invitation{}, "", err
	}
	list, err := givable(tx, by, n.Site, n.Roles)
	if err != nil {
		return Invitation{}, "", err
	}
	if err := room(tx, n.Site); err != nil {
		return Invitation{}, "", err
	}
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return Invitation{}, "", err
	}
	plain, err := json.Marshal(personal{n.Email, n.Name})
	if err != nil {
		return Invitation{}, "", err
	}
	in = Invitation{ID: id.New(), Site: n.Site, Email: n.Email, Name: n.Name, Roles: namesOf(list), By: by.Actor(),
		CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(InvitedFor)}
	password = invitedPassword(key, in.ID)
	err = tx.InsertMany("access_invitation", db.Col("site_id", []string{in.Site}), db.Col("id", []id.ID{in.ID}),
		db.Col("email", []string{known(key, in.Email)}), db.Col("sealed", [][]byte{key.Seal(sealedInvitation(in.ID), plain)}),
		db.Col("roles", []string{strings.Join(in.Roles, " ")}), db.Col("password", []string{passwordDigest(password)}),
		db.Col("invited_by", []string{in.By}), db.Col("created_at", []db.Time{in.CreatedAt}), db.Col("expires_at", []db.Time{in.ExpiresAt}))
	if err != nil {
		return Invitation{}, "", fmt.Errorf("invite somebody: %w", err)
	}
	if err := p.tellInvited(tx, in); err != nil {
		return Invitation{}, "", err
	}
	return in, password, noteInvitation(tx, "user.invited", in, audit.Fields{"email": audit.Mail(in.Email), "roles": in.Roles})
}

// room makes sure that a site has not too many invitations that wait.
func room(tx *db.Tx, siteID string) error {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM access_invitation WHERE site_id = ? AND expires_at > ?`, siteID, int64(tx.Now)).Scan(&n)
	if err != nil {
		return fmt.Errorf("count invitations: %w", err)
	}
	if n >= mostInvitations {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "%d invitations wait for an answer, which is the most; withdraw some: DELETE /v1/invitations/{id}", n)
	}
	return nil
}

const selectInvitations = `SELECT site_id, id, sealed, roles, password, invited_by, created_at, expires_at FROM access_invitation`

// invitations reads those that wait, by the end of a statement.
func (p *People) invitations(tx *db.Tx, key *site.Key, where string, args ...any) ([]Invitation, error) {
	rows, err := tx.Query(selectInvitations+where, args...)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (in Invitation, err error) {
		var sealed []byte
		var roles string
		if err := r.Scan(&in.Site, &in.ID, &sealed, &roles, &in.password, &in.By, &in.CreatedAt, &in.ExpiresAt); err != nil {
			return in, err
		}
		plain, err := key.Open(sealedInvitation(in.ID), sealed)
		var who personal
		if err == nil {
			err = json.Unmarshal(plain, &who)
		}
		in.Email, in.Name, in.Roles = who.Email, who.Name, strings.Fields(roles)
		return in, err
	})
	if err != nil {
		return nil, fmt.Errorf("read invitations: %w", err)
	}
	return list, nil
}

// Invitations gives up to limit invitations of a site ("" = to all sites) that wait, with ids
// above after, oldest first.
func (p *People) Invitations(tx *db.Tx, siteID string, after id.ID, limit int) ([]Invitation, error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return nil, err
	}
	return p.invitations(tx, key, ` WHERE site_id = ? AND id > ? AND expires_at > ? ORDER BY id LIMIT ?`, siteID, after[:], int64(tx.Now), limit)
}

// InvitationsOf gives up to limit invitations of a person that wait for his answer, with ids above
// after, oldest first.
func (p *People) InvitationsOf(tx *db.Tx, user id.ID, after id.ID, limit int) ([]Invitation, error) {
	a, err := p.byID(tx, user)
	if err != nil {
		return nil, err
	}
	return p.asked(tx, a.Email, after, limit)
}

func (p *People) asked(tx *db.Tx, email string, after id.ID, limit int) ([]Invitation, error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return nil, err
	}
	return p.invitations(tx, key, ` WHERE email = ? AND id > ? AND expires_at > ? ORDER BY id LIMIT ?`, known(key, email), after[:], int64(tx.Now), limit)
}

// Accept says yes to an invitation of one's own, with its password, and gives its roles. One that
// was removed since gives nothing. Faults: NotFound for one that does not wait, or is another's,
// and Denied for another password.
func (p *People) Accept(tx *db.Tx, user, invitation id.ID, password string) error {
	a, in, err := p.answered(tx, user, invitation)
	if err != nil {
		return err
	}
	if !in.fits(password) {
		return wrongPassword("this is not the password that came with the invitation; ask who invited you")
	}
	return p.accept(tx, a.ID, in, audit.Actor{})
}

// Decline says no to one. Faults: as Accept.
func (p *People) Decline(tx *db.Tx, user, invitation id.ID) error {
	_, in, err := p.answered(tx, user, invitation)
	if err != nil {
		return err
	}
	if err := end(tx, in); err != nil {
		return err
	}
	return noteInvitation(tx, "user.invitation_declined", in, nil)
}

// answered locks the account of who answers, and finds the invitation.
func (p *People) answered(tx *db.Tx, user, invitation id.ID) (a account, in Invitation, err error) {
	if a, err = p.lock(tx, user); err != nil {
		return a, in, err
	}
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return a, in, err
	}
	list, err := p.invitations(tx, key, ` WHERE email = ? AND id = ? AND expires_at > ?`, known(key, a.Email), invitation[:], int64(tx.Now))
	if err == nil && len(list) == 0 {
		err = noInvitation(invitation)
	}
	if err != nil {
		return a, in, err
	}
	return a, list[0], nil
}

func noInvitation(in id.ID) error { return fault.Missing("invitation", in.Text(id.Invitation)) }

// accept gives what an invitation says to an account that is locked. Roles that were made after it
// are none that were meant, whatever they are called.
func (p *People) accept(tx *db.Tx, user id.ID, in Invitation, by audit.Actor) error {
	if err := end(tx, in); err != nil {
		return err
	}
	there, err := Roles(tx, in.Site)
	if err != nil {
		return err
	}
	meant := slices.DeleteFunc(there, func(r Role) bool { return !slices.Contains(in.Roles, r.Name) || r.CreatedAt > in.CreatedAt })
	list, err := holdRoles(tx, meant)
	if err != nil || len(list) == 0 {
		return err
	}
	return give(tx, user, in.Site, list, by)
}

// end takes an invitation away. NotFound: somebody did meanwhile.
func end(tx *db.Tx, in Invitation) error {
	n, err := tx.Exec(`DELETE FROM access_invitation WHERE site_id = ? AND id = ?`, in.Site, in.ID[:])
	if err != nil {
		return fmt.Errorf("end invitation %s: %w", in.ID.Text(id.Invitation), err)
	}
	if n == 0 {
		return noInvitation(in.ID)
	}
	return nil
}

// Withdraw takes an invitation of a site back ("" = to all). Faults: NotFound, Denied for one to
// roles that may more than who does it.
func (p *People) Withdraw(tx *db.Tx, by Who, siteID string, invitation id.ID) error {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return err
	}
	list, err := p.invitations(tx, key, ` WHERE site_id = ? AND id = ? AND expires_at > ?`, siteID, invitation[:], int64(tx.Now))
	if err == nil && len(list) == 0 {
		err = noInvitation(invitation)
	}
	if err != nil {
		return err
	}
	there, err := Roles(tx, siteID)
	if err != nil {
		return err
	}
	for _, r := range there {
		if slices.Contains(list[0].Roles, r.Name) {
			if err := by.mayGive(siteID, r.Patterns); err != nil {
				return err
			}
		}
	}
	if err := end(tx, list[0]); err != nil {
		return err
	}
	return noteInvitation(tx, "user.invitation_withdrawn", list[0], nil)
}

// invitedWith finds the invitation of an address whose password this is; !found = there is none.
func (p *People) invitedWith(tx *db.Tx, email, password string) (in Invitation, found bool, err error) {
	const enough = 1000 // of one address
	list, err := p.asked(tx, email, id.ID{}, enough)
	i := slices.IndexFunc(list, func(in Invitation) bool { return in.fits(password) })
	if err != nil || i < 0 {
		return Invitation{}, false, err
	}
	return list[i], true, nil
}

// settle makes the account of somebody who comes in with the password of an invitation, which he
// accepts by that. If he is there already, as where two of his requests meet, nothing is done.
func (p *People) settle(ctx context.Context, email, password string) error {
	hash, err := p.hash.make(ctx, password)
	if err != nil {
		return err
	}
	return p.d.Update(ctx, "access_settle", func(tx *db.Tx) error {
		in, found, err := p.invitedWith(tx, email, password)
		if err != nil || !found {
			return err // it was withdrawn meanwhile, or is accepted
		}
		user := id.New()
		a, fresh, err := p.create(tx, user, personal{email, in.Name}, hash, himself(tx, user))
		if err != nil || !fresh {
			return err
		}
		return p.accept(tx, a.ID, in, himself(tx, user))
	})
}

// sweepMost bounds what one sweep deletes in one transaction.
const sweepMost = 500

// Sweep deletes invitations that nobody answered in time, and says whether there may be more.
func Sweep(tx *db.Tx) (more bool, err error) {
	rows, err := tx.Query(`SELECT site_id, id FROM access_invitation WHERE expires_at <= ? ORDER BY site_id, id LIMIT ?`, int64(tx.Now), sweepMost)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (in Invitation, err error) { return in, r.Scan(&in.Site, &in.ID) })
	if err == nil && len(list) > 0 {
		sites, ids := make([]string, len(list)), make([]id.ID, len(list))
		for i, in := range list {
			sites[i], ids[i] = in.Site, in.ID
		}
		_, err = tx.DeleteMany("access_invitation", db.Col("site_id", sites), db.Col("id", ids))
	}
	if err != nil {
		return false, fmt.Errorf("sweep invitations: %w", err)
	}
	return len(list) == sweepMost, nil
}
