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
	tried, err := p.try(ctx, passwords, email, in.From)
	if err != nil {
		return Session{}, err
	}
	a, familiar, err := p.account(ctx, email, in)
	if err != nil {
		return Session{}, tried.unless(ctx, err)
	}
	if err := tried.strange(ctx, familiar); err != nil {
		return Session{}, err
	}
	switch same, err := p.hash.fits(ctx, in.Password, a.password); {
	case err != nil:
		return Session{}, tried.unless(ctx, err)
	case !same || a.State != Active:
		return Session{}, notHim()
	}
	tried.forgive(ctx)
	if !a.Factor {
		return p.enter(ctx, a, in)
	}
	given, err := p.tryCode(ctx, a, in.Code, in.From, familiar)
	if err != nil {
		return Session{}, outside(err)
	}
	out, err = p.enter(ctx, a, in)
	return out, given.unless(ctx, err)
}

// enter begins the session of somebody whose password was right.
func (p *People) enter(ctx context.Context, a account, in SignIn) (out Session, err error) {
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
		confirmed := db.Time(0)
		if now.Factor {
			confirmed = tx.Now
		}
		out, err = p.begin(tx, now, in.From, confirmed)
		return err
	})
	return out, err
}

// account finds the account of an address, and makes it for who was invited and comes in for the
// first time; familiar = he signed in from there before. What is not there has no password.
func (p *People) account(ctx context.Context, email string, in SignIn) (a account, familiar bool, err error) {
	var found, invited bool
	look := func(tx *db.Tx) (err error) {
		switch a, found, err = p.byEmail(tx, email); {
		case err != nil:
		case found:
			familiar, err = p.familiar(tx, a, in.From)
		default:
			_, invited, err = p.invitedWith(tx, email, in.Password)
		}
		return err
	}
	// Of one moment: otherwise the invitation could be gone that the account was not there for yet.
	if err := p.d.Snapshot(ctx, "access_sign_in", look); err != nil || !invited {
		return a, familiar, err
	}
	if err := p.settle(ctx, email, in.Password); err != nil {
		return account{}, false, err
	}
	err = p.d.View(ctx, "access_sign_in", look)
	return a, familiar, err
}

// tryCode counts a try of a code, if one is given.
func (p *People) tryCode(ctx context.Context, a account, given string, from netip.Addr, familiar bool) (*trial, error) {
	if plainCode(given) == "" {
		return nil, codeWanted("give the code of your second factor besides")
	}
	t, err := p.try(ctx, codes, a.ID.Text(id.User), from)
	if err == nil {
		err = t.strange(ctx, familiar)
	}
	return t, err
}

// withCode does something for which somebody who is signed in gives a code.
func (p *People) withCode(ctx context.Context, me Self, given, name string, act func(tx *db.Tx, a account) error) error {
	a, familiar, err := p.look(ctx, me)
	if err != nil {
		return err
	}
	t, err := p.tryCode(ctx, a, given, me.From, familiar)
	if err != nil {
		return err
	}
	return t.unless(ctx, p.d.Update(ctx, name, func(tx *db.Tx) error {
		now, err := p.lock(tx, me.ID)
		if err != nil {
			return err
		}
		return act(tx, now)
	}))
}

// look reads one's own account, and whether it knows where one is.
func (p *People) look(ctx context.Context, me Self) (a account, familiar bool, err error) {
	err = p.d.View(ctx, "access_look", func(tx *db.Tx) (err error) {
		if a, err = p.byID(tx, me.ID); err == nil {
			familiar, err = p.familiar(tx, a, me.From)
		}
		return err
	})
	return a, familiar, err
}

// codeWanted refuses for want of a code. Who is signed in is not told that nobody knows him, which
// programs take for the end of the session.
func codeWanted(words string) error {
	return denied("%s", fault.Word(words)).With(secondFactor, "required")
}

// outside is the refusal of a code as it is told to somebody who is not let in yet.
func outside(err error) error {
	f := fault.Of(err)
	if err == nil || f.Kind != fault.Denied {
		return err
	}
	return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "%s", f.Sentence()).With(secondFactor, f.Extra[secondFactor])
}

// begin makes a session; confirmed is when a code was given, 0 = none was. Who comes from an address
// that his account does not know is told, but the first time.
func (p *People) begin(tx *db.Tx, a account, from netip.Addr, confirmed db.Time) (Session, error) {
	familiar, err := p.familiar(tx, a, from)
	if err == nil && !familiar && a.SignedInAt != 0 {
		err = p.tell(tx, a, AboutSignIn, from)
	}
	if err != nil {
		return Session{}, err
	}
	t, secret, err := site.CreateToken(tx, site.TokenOrder{Owner: site.OwnedBy(a.ID), Name: "session", Abilities: []string{site.Operator, site.All},
		Expires: tx.Now.Add(SessionFor), Session: true, Confirmed: confirmed})
	if err != nil {
		return Session{}, err
	}
	known, err := p.remember(tx, a, from)
	if err != nil {
		return Session{}, err
	}
	if err := set(tx, a.ID, db.Col("signed_in_at", []db.Time{tx.Now}), known); err != nil {
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
	return p.withCode(ctx, me, given, "access_confirm", func(tx *db.Tx, a account) error {
		if err := p.prove(tx, a, given); err != nil {
			return err
		}
		return site.Confirm(tx, me.ID, me.Session)
	})
}

// SetPassword changes one's own password and ends one's other sessions. Faults: Denied for a
// wrong one, Invalid, TooMany.
func (p *People) SetPassword(ctx context.Context, me Self, old, password string) error {
	a, err := p.proven(ctx, me, old)
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
		now, err := p.lock(tx, me.ID)
		if err != nil {
			return err
		}
		if now.password != a.password {
			return wrongPassword(notYours)
		}
		if err := site.RevokeSessions(tx, me.ID, me.Session); err != nil {
			return err
		}
		if err := p.setPassword(tx, now, hash, me.From); err != nil {
			return err
		}
		return noteUser(tx, "user.password_changed", me.ID, nil)
	})
}

func wrongPassword(detail string) error {
	f := denied("the password is wrong")
	f.Fields = []fault.Field{fault.Place("/password", fault.CodeForbidden, "%s", fault.Word(detail))}
	return f
}

const notYours = "this is not your password"

// proven gives the account of a person who knows its password.
func (p *People) proven(ctx context.Context, me Self, password string) (account, error) {
	a, familiar, err := p.look(ctx, me)
	if err != nil {
		return account{}, err
	}
	t, err := p.try(ctx, passwords, a.Email, me.From)
	if err == nil {
		err = t.strange(ctx, familiar)
	}
	if err != nil {
		return account{}, err
	}
	same, err := p.hash.fits(ctx, password, a.password)
	if err == nil && !same {
		err = wrongPassword(notYours)
	}
	return a, t.unless(ctx, err)
}
