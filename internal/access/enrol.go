package access

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// Enrolment is what a program on a telephone needs to make codes.
type Enrolment struct {
	Secret string // in base 32, to be typed
	URI    string // otpauth://…, to be shown as a picture
}

// Self is somebody who changes something of his own account.
type Self struct {
	ID      id.ID
	Session id.ID // in which he does
	From    netip.Addr
}

// Enrol begins to set up a second factor, in the place of an earlier one if there is one: that
// counts until the first code of the new one came. It asks for the password, so that who finds a
// session open cannot make himself a key to its money, and where there is a second factor for a
// session that it was given in. Faults: Denied, TooMany.
func (p *People) Enrol(ctx context.Context, me Self, password string) (out Enrolment, err error) {
	a, err := p.proven(ctx, me, password)
	if err != nil {
		return Enrolment{}, err
	}
	if out.Secret, out.URI, err = newFactor(a.Email); err != nil {
		return Enrolment{}, err
	}
	err = p.d.Update(ctx, "access_enrol", func(tx *db.Tx) error {
		now, err := p.lock(tx, me.ID)
		if err != nil {
			return err
		}
		if now.password != a.password {
			return wrongPassword(notYours)
		}
		if err := me.mayReplace(tx, now); err != nil {
			return err
		}
		key, err := p.keys.Installation(tx, site.PeopleKey)
		if err != nil {
			return err
		}
		return set(tx, me.ID, db.Col("factor_new", [][]byte{key.Seal(sealedOf(me.ID, "factor"), []byte(out.Secret))}))
	})
	return out, err
}

// mayReplace makes sure that the second factor of an account that is locked, if it has one, was
// given in the session.
func (me Self) mayReplace(tx *db.Tx, a account) error {
	if !a.Factor {
		return nil
	}
	s, err := site.FindSession(tx, me.ID, me.Session)
	if err != nil {
		return err
	}
	return Call{Who: Who{Token: s, Person: &Person{ID: me.ID, Factor: true}, Now: tx.Now}}.confirmed()
}

// FinishEnrolment takes the first code of a new second factor, which counts from then on, and
// gives the recovery codes, which are never shown again; those of an earlier one end. The
// session counts as confirmed. Faults: StateConflict where nothing was begun, Denied for a wrong
// code, TooMany.
func (p *People) FinishEnrolment(ctx context.Context, me Self, given string) (codes []string, err error) {
	err = p.withCode(ctx, me, given, "access_finish_enrolment", func(tx *db.Tx, a account) (err error) {
		codes, err = p.finish(tx, a, given)
		if err == nil {
			err = p.tell(tx, a, AboutFactorAdded, me.From)
		}
		if err == nil {
			err = site.Confirm(tx, me.ID, me.Session)
		}
		return err
	})
	return codes, err
}

func (p *People) finish(tx *db.Tx, a account, given string) ([]string, error) {
	if a.secretNew == nil {
		return nil, fault.New(fault.Conflict, fault.CodeStateConflict, "no second factor is being set up; begin with POST /v1/me/second-factor")
	}
	secret, err := p.opened(tx, a, a.secretNew)
	if err != nil {
		return nil, err
	}
	step := stepOf(secret, plainCode(given), tx.Now.Time(), 0)
	if step == 0 {
		return nil, codeWanted("this is no code of the new second factor; look whether the clock of the telephone is right")
	}
	codes, digests := newRecovery()
	err = set(tx, a.ID, db.Col("factor", [][]byte{a.secretNew}), db.Opt("factor_new", [][]byte{nil}), db.Col("factor_step", []int64{step}),
		db.Col("recovery", []string{strings.Join(digests, " ")}))
	if err != nil {
		return nil, err
	}
	return codes, noteUser(tx, "user.second_factor_added", a.ID, nil)
}

// opened gives the secret of a second factor.
func (p *People) opened(tx *db.Tx, a account, sealed []byte) (string, error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return "", err
	}
	secret, err := key.Open(sealedOf(a.ID, "factor"), sealed)
	if err != nil {
		return "", fmt.Errorf("open the second factor of %s: %w", a.ID.Text(id.User), err)
	}
	return string(secret), nil
}

// prove takes a code of an account that is locked, or one of its recovery codes: each counts
// once. Faults: Denied for a wrong one, StateConflict for who has no second factor.
func (p *People) prove(tx *db.Tx, a account, given string) error {
	if a.secret == nil {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "you have no second factor; set one up at POST /v1/me/second-factor").With(secondFactor, "enrol")
	}
	secret, err := p.opened(tx, a, a.secret)
	if err != nil {
		return err
	}
	if step := stepOf(secret, plainCode(given), tx.Now.Time(), a.step); step > 0 {
		return set(tx, a.ID, db.Col("factor_step", []int64{step}))
	}
	if left, ok := spend(a.recovery, given); ok {
		return set(tx, a.ID, db.Col("recovery", []string{strings.Join(left, " ")}))
	}
	return codeWanted("the code is wrong, or it was used already; take the next one")
}

// Disable takes one's own second factor off, with a code of it. Faults: as Confirm.
func (p *People) Disable(ctx context.Context, me Self, given string) error {
	return p.withCode(ctx, me, given, "access_disable_factor", func(tx *db.Tx, a account) error {
		if err := p.prove(tx, a, given); err != nil {
			return err
		}
		if err := noFactor(tx, a.ID); err != nil {
			return err
		}
		if err := p.tell(tx, a, AboutFactorRemoved, me.From); err != nil {
			return err
		}
		return noteUser(tx, "user.second_factor_removed", a.ID, nil)
	})
}

// noFactor takes a second factor off, with what was begun of another one.
func noFactor(tx *db.Tx, user id.ID) error {
	return set(tx, user, db.Opt("factor", [][]byte{nil}), db.Opt("factor_new", [][]byte{nil}), db.Opt("recovery", []string{""}))
}

// RecoveryLeft says how many recovery codes a user has not used.
func (p *People) RecoveryLeft(tx *db.Tx, user id.ID) (int, error) {
	a, err := p.byID(tx, user)
	return len(a.recovery), err
}
