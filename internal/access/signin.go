package access

import (
	"context"
	"net/netip"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// SessionFor is how long a session lasts.
const SessionFor = 12 * time.Hour

// SignIn is what somebody shows to be let in.
type SignIn struct {
	Email    string
	Password string
	Code     string // of his second factor, or a recovery code; "" = not given
	From     netip.Addr
}

// Session is what a person gets for it.
type Session struct {
	Token  site.Token
	Secret string
	User   User
}

// secondFactor names the member of a refusal that says what a person has to do.
const secondFactor = "second_factor"

// notHim refuses in the same words whoever is not known, has another password or is disabled.
func notHim() error {
	return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "the address or the password is wrong")
}

// SignIn lets somebody in, and makes the account of who was invited and has none. Faults: Unauthenticated, with second_factor "required" where the
// password is right and the code is missing or wrong; TooMany.
func (p *People) SignIn(ctx context.Context, in SignIn) (out Session, err error) {
	email, ok := address(in.Email)
	if !ok {
		email = "" // which nobody has: what is counted of tries stays small, whatever is sent
	}
	if err := p.tries.try("from "+in.From.String(), byAddress); err != nil {
		return Session{}, err
	}
	if err := p.tries.try("as "+email, byAccount); err != nil {
		return Session{}, err
	}
	a, err := p.account(ctx, email, in.Password)
	if err != nil {
		return Session{}, err
	}
	switch same, err := p.hash.fits(ctx, in.Password, a.password); {
	case err != nil:
		return Session{}, err
	case !same || a.State != Active:
		return Session{}, notHim()
	}
	if a.Factor {
		if err := p.tryCode(a.ID, in.Code); err != nil {
			return Session{}, outside(err)
		}
	}
	err = p.d.Update(ctx, "access_begin_session", func(tx *db.Tx) error {
		now, err := p.lock(tx, a.ID)
		if err != nil {
			return err
		}
		if now.State != Active || now.password != a.password || now.Factor != a.Factor {
			return notHim() // it was changed meanwhile
		}
		if now.Factor {
			if err := p.prove(tx, now, in.Code); err != nil {
				return outside(err)
			}
		}
		out, err = p.begin(tx, now)
		return err
	})
	return out, err
}

// account finds the account of an address, and makes it for who was invited and comes in for the
// first time. What is not there has no password.
func (p *People) account(ctx context.Context, email, password string) (a account, err error) {
	var found, invited bool
	look := func(tx *db.Tx) (err error) {
		if a, found, err = p.byEmail(tx, email); err == nil && !found {
			_, invited, err = p.invitedWith(tx, email, password)
		}
		return err
	}
	if err := p.d.View(ctx, "access_sign_in", look); err != nil || !invited {
		return a, err
	}
	if err := p.settle(ctx, email, password); err != nil {
		return account{}, err
	}
	return a, p.d.View(ctx, "access_sign_in", look)
}

// tryCode counts a try of a code, if one is given.
func (p *People) tryCode(user id.ID, given string) error {
	if plainCode(given) == "" {
		return codeWanted("give the code of your second factor besides")
	}
	return p.tries.try("code of "+user.Text(id.User), byCode)
}

// codeWanted refuses for want of a code. Who is signed in is not told that nobody knows him, which
// programs take for the end of the session.
func codeWanted(words string) error { return denied("%s", words).With(secondFactor, "required") }

// outside is the refusal of a code as it is told to somebody who is not let in yet.
func outside(err error) error {
	f := fault.Of(err)
	if err == nil || f.Kind != fault.Denied {
		return err
	}
	return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "%s", f.Public).With(secondFactor, f.Extra[secondFactor])
}

// begin makes a session, which was confirmed if a code had to be given.
func (p *People) begin(tx *db.Tx, a account) (Session, error) {
	confirmed := db.Time(0)
	if a.Factor {
		confirmed = tx.Now
	}
	t, secret, err := site.CreateToken(tx, site.TokenOrder{Owner: site.OwnedBy(a.ID), Name: "session", Abilities: []string{site.Operator, site.All},
		Expires: tx.Now.Add(SessionFor), Session: true, Confirmed: confirmed})
	if err != nil {
		return Session{}, err
	}
	if err := set(tx, a.ID, db.Col("signed_in_at", []db.Time{tx.Now})); err != nil {
		return Session{}, err
	}
	a.SignedInAt = tx.Now
	return Session{t, secret, a.User}, noteSignIn(tx, a.ID)
}

// EndSession signs a person out where he signed in. NotFound for a session that is not his.
func (p *People) EndSession(tx *db.Tx, user, session id.ID) error {
	return site.EndSession(tx, user, session)
}

// Confirm takes a code for a session, which then counts as confirmed for ConfirmFor.
// Faults: Denied for a wrong one, StateConflict for who has no second factor, TooMany.
func (p *People) Confirm(ctx context.Context, me Self, given string) error {
	user, session := me.ID, me.Session
	if err := p.tryCode(user, given); err != nil {
		return err
	}
	return p.d.Update(ctx, "access_confirm", func(tx *db.Tx) error {
		a, err := p.lock(tx, user)
		if err != nil {
			return err
		}
		if err := p.prove(tx, a, given); err != nil {
			return err
		}
		return site.Confirm(tx, user, session)
	})
}

// SetPassword changes one's own password and ends one's other sessions. Faults: Denied for a
// wrong one, Invalid, TooMany.
func (p *People) SetPassword(ctx context.Context, me Self, old, password string) error {
	user, session := me.ID, me.Session
	a, err := p.proven(ctx, user, old)
	if err != nil {
		return err
	}
	if err := checkPassword("/new_password", password, a.Email); err != nil {
		return err
	}
	hash, err := p.hash.make(ctx, password)
	if err != nil {
		return err
	}
	return p.d.Update(ctx, "access_set_password", func(tx *db.Tx) error {
		now, err := p.lock(tx, user)
		if err != nil {
			return err
		}
		if now.password != a.password {
			return wrongPassword(notYours)
		}
		if err := site.RevokeSessions(tx, user, session); err != nil {
			return err
		}
		if err := set(tx, user, db.Col("password", []string{hash})); err != nil {
			return err
		}
		return noteUser(tx, "user.password_changed", user, nil)
	})
}

func wrongPassword(detail string) error {
	f := denied("the password is wrong")
	f.Fields = []fault.Field{{Pointer: "/password", Detail: detail, Code: fault.CodeForbidden}}
	return f
}

const notYours = "this is not your password"

// proven gives the account of a person who knows its password.
func (p *People) proven(ctx context.Context, user id.ID, password string) (a account, err error) {
	if err := p.tries.try("password of "+user.Text(id.User), byAccount); err != nil {
		return account{}, err
	}
	err = p.d.View(ctx, "access_password", func(tx *db.Tx) (err error) {
		a, err = p.byID(tx, user)
		return err
	})
	if err != nil {
		return account{}, err
	}
	same, err := p.hash.fits(ctx, password, a.password)
	if err == nil && !same {
		err = wrongPassword(notYours)
	}
	return a, err
}
