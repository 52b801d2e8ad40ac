package access

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// About is what somebody is told by a mail.
type About string

// What people are told.
const (
	AboutInvitation    About = "invitation"       // somebody asks him to have roles
	AboutReset         About = "password_reset"   // he forgot his password
	AboutPassword      About = "password_changed" // by whomever
	AboutFactorAdded   About = "factor_added"
	AboutFactorRemoved About = "factor_removed"
	AboutSignIn        About = "signed_in" // from an address that his account does not know
)

// KindLetter is the job of a mail, whose key is the id of its letter.
const KindLetter = "access_letter"

// Letter is a mail that somebody is to get.
type Letter struct {
	ID         id.ID
	About      About
	To         string
	At         db.Time    // when what it tells of happened
	From       netip.Addr // of the request that it tells of; zero = not known
	Invitation Invitation // with AboutInvitation
	Secret     string     // that its link bears: an invitation's password, or a token to reset one
	ExpiresAt  db.Time    // of the link; 0 = there is none
}

// envelope is what is sealed of a letter. What a link bears is in none: it is made anew from the
// letter's id when the mail is sent.
type envelope struct {
	Email      string     `json:"email"`
	From       netip.Addr `json:"from,omitzero"`
	Site       string     `json:"site,omitempty"`
	Invitation id.ID      `json:"invitation,omitzero"`
}

func sealedLetter(of id.ID) string { return "letter " + of.String() }

// Mail has people told by mails, whose jobs go into a queue and are done by package alert. linked says
// that a mail can bear a link: without one, nobody is invited by mail, and no password is reset by it.
// It is called before anything else.
func (p *People) Mail(q *queue.Queue, linked bool) { p.mails, p.linked = q, linked }

// post has a mail sent once the transaction has committed, where mails are sent.
func (p *People) post(tx *db.Tx, about About, e envelope) error {
	if p.mails == nil {
		return nil
	}
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(e)
	if err != nil {
		return err
	}
	of := id.New()
	err = tx.InsertMany("access_letter", db.Col("id", []id.ID{of}), db.Col("kind", []About{about}),
		db.Col("sealed", [][]byte{key.Seal(sealedLetter(of), plain)}), db.Col("created_at", []db.Time{tx.Now}))
	if err != nil {
		return fmt.Errorf("write a letter: %w", err)
	}
	return p.mails.Put(tx, queue.Job{Lane: queue.Default, Kind: KindLetter, Key: of.String(), New: true})
}

// tell has somebody told of what became of his account.
func (p *People) tell(tx *db.Tx, a account, about About, from netip.Addr) error {
	return p.post(tx, about, envelope{Email: a.Email, From: from})
}

// tellInvited has who was invited told, if his mail can bear the link.
func (p *People) tellInvited(tx *db.Tx, in Invitation) error {
	if !p.linked {
		return nil
	}
	return p.post(tx, AboutInvitation, envelope{Email: in.Email, Site: in.Site, Invitation: in.ID})
}

// Letter gives a mail as it is to be sent now; !due = not any more: its invitation was answered or
// withdrawn, its link would have expired, or nobody with an account has the address. The token of a
// link counts from here on.
func (p *People) Letter(tx *db.Tx, of id.ID) (l Letter, due bool, err error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return l, false, err
	}
	rows, err := tx.Lookup("access_letter", []string{"kind", "sealed", "created_at"}, db.Col("id", []id.ID{of}))
	found, err := db.Collect(rows, err, func(r *sql.Rows) (sealed []byte, err error) { return sealed, r.Scan(&l.About, &sealed, &l.At) })
	if err != nil || len(found) == 0 {
		return l, false, readLetter(of, err)
	}
	plain, err := key.Open(sealedLetter(of), found[0])
	var e envelope
	if err == nil {
		err = json.Unmarshal(plain, &e)
	}
	if err != nil {
		return l, false, readLetter(of, err)
	}
	l.ID, l.To, l.From = of, e.Email, e.From
	switch l.About {
	case AboutInvitation:
		list, err := p.invitations(tx, key, ` WHERE site_id = ? AND id = ? AND expires_at > ?`, e.Site, e.Invitation[:], int64(tx.Now))
		if err != nil || len(list) == 0 {
			return l, false, err
		}
		l.Invitation, l.Secret, l.ExpiresAt = list[0], invitedPassword(key, e.Invitation), list[0].ExpiresAt
	case AboutReset:
		l.Secret, l.ExpiresAt = resetToken(key, of), l.At.Add(ResetFor)
		due, err := p.openReset(tx, l)
		return l, due, err
	}
	return l, true, nil
}

func readLetter(of id.ID, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read letter %s: %w", of, err)
}

// EndLetter forgets a mail that was sent, or is not to be sent.
func EndLetter(tx *db.Tx, of id.ID) error {
	if _, err := tx.Exec(`DELETE FROM access_letter WHERE id = ?`, of[:]); err != nil {
		return fmt.Errorf("end letter %s: %w", of, err)
	}
	return nil
}

// derived is a secret of the thing with an id, which is made again from the key whenever a mail is
// sent and is stored nowhere: 256 bits.
func derived(key *site.Key, what string, of id.ID) []byte {
	sum := key.MAC([]byte(what + " " + of.String()))
	return sum[:]
}

// invitedPassword is the password of an invitation: as those that are made for people, 80 bits.
func invitedPassword(key *site.Key, in id.ID) string {
	return codeOf(derived(key, "invited", in)[:codeLength])
}

// resetToken is what the link of a letter bears.
func resetToken(key *site.Key, letter id.ID) string {
	return base64.RawURLEncoding.EncodeToString(derived(key, "reset", letter))
}
