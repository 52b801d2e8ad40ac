package access

import (
	"context"
	"net/netip"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// SignInVerified lets in whose address somebody else has verified, whom the installation believes in
// that: a provider at which people sign in (package identity). There has to be an account of the
// address, or an invitation that waits: that makes the account, which has no password and no roles
// before the invitation is accepted. A session counts as any other, and what moves money or makes keys
// asks for the second factor in it. Faults: Unauthenticated for an address with neither, or whose
// account is disabled.
func (p *People) SignInVerified(ctx context.Context, email string, from netip.Addr) (out Session, err error) {
	email, ok := address(email)
	if !ok {
		return Session{}, stranger()
	}
	err = p.d.Update(ctx, "access_begin_session", func(tx *db.Tx) error {
		a, found, err := p.byEmail(tx, email)
		if err == nil && !found {
			a, err = p.welcome(tx, email)
		} else if err == nil {
			a, err = p.lock(tx, a.ID)
		}
		if err != nil {
			return err
		}
		if a.State != Active {
			return stranger()
		}
		out, err = p.begin(tx, a, from, 0)
		return err
	})
	return out, err
}

// stranger refuses in the same words whoever has no account, no invitation, or one that is disabled.
func stranger() error {
	return fault.New(fault.Unauthenticated, fault.CodeUnauthenticated, "nobody with this address can sign in here; ask whoever keeps the accounts to invite you")
}

// welcome makes the account of who is invited and comes in without a password of ours. Which
// invitation he says yes to, and whether, is his own matter.
func (p *People) welcome(tx *db.Tx, email string) (account, error) {
	waiting, err := p.asked(tx, email, id.ID{}, 1)
	if err == nil && len(waiting) == 0 {
		err = stranger()
	}
	if err != nil {
		return account{}, err
	}
	user := id.New()
	a, _, err := p.create(tx, user, personal{email, waiting[0].Name}, "", himself(tx, user))
	return a, err
}
