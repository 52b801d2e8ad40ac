package access

import (
	"context"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/limit"
	"creditmsg/internal/site"
)

// pace is how often something may be tried in vain. Who is right spends nothing.
//
// What one address tries of one account is bound tightly. What all addresses together try of it is
// bound loosely, against who guesses from many: then one try passes now and then, whosever it is.
// That would let anybody keep a person out, so addresses that he signed in from before are not
// asked for it. From a new one he waits with those who guess.
type pace struct {
	address limit.Rule // of an address, which many people may share
	account limit.Rule // of an address, for one account
	all     limit.Rule // of all addresses that an account does not know, for it
}

// A code of six digits must not be found by trying, though whoever tries one knows the password.
var (
	passwords = pace{
		address: limit.Rule{Name: "address-tries", Limit: 30, Period: time.Minute, Burst: 60},
		account: limit.Rule{Name: "tries", Limit: 60, Period: time.Hour, Burst: 10},
		all:     limit.Rule{Name: "account-tries", Limit: 30, Period: time.Hour, Burst: 100},
	}
	codes = pace{
		account: limit.Rule{Name: "code-tries", Limit: 20, Period: time.Hour, Burst: 5},
		all:     limit.Rule{Name: "account-code-tries", Limit: 10, Period: time.Hour, Burst: 20},
	}
)

// trial is a try, with what was taken for it.
type trial struct {
	p       *People
	pace    pace
	account string
	taken   []taken
}

type taken struct {
	key   limit.Key
	takes []limit.Take
}

// try counts a try of an account from an address. TooMany: there were too many of late.
func (p *People) try(ctx context.Context, c pace, account string, from netip.Addr) (*trial, error) {
	t := &trial{p: p, pace: c, account: account}
	return t, t.take(ctx, limit.Address(from), limit.Take{Rule: c.address, N: 1}, limit.Take{Rule: c.account, Part: account, N: 1})
}

// strange counts it for the account too, where that does not know the address.
func (t *trial) strange(ctx context.Context, familiar bool) error {
	if familiar {
		return nil
	}
	return t.take(ctx, limit.Of("account", t.account), limit.Take{Rule: t.pace.all, N: 1})
}

func (t *trial) take(ctx context.Context, k limit.Key, takes ...limit.Take) error {
	answer := t.p.limiter.Take(ctx, k, takes...)
	if answer.OK {
		t.taken = append(t.taken, taken{k, takes})
		return nil
	}
	t.forgive(ctx)
	f := fault.New(fault.TooMany, fault.CodeRateLimited, "there were too many tries; wait a moment")
	f.RetryAfter = answer.Wait()
	var names []string
	for _, s := range answer.States {
		if s.Wait > 0 {
			names = append(names, s.Name)
		}
	}
	return f.With("violated_policies", names)
}

// forgive gives the try back.
func (t *trial) forgive(ctx context.Context) {
	for _, one := range t.taken {
		t.p.limiter.Return(ctx, one.key, one.takes...)
	}
	t.taken = nil
}

// unless gives the try back but where it was in vain, which err says then.
func (t *trial) unless(ctx context.Context, err error) error {
	if !fault.Is(err, fault.Denied) && !fault.Is(err, fault.Unauthenticated) {
		t.forgive(ctx)
	}
	return err
}

// Count has tries counted by a limiter that others have too. It is called before anything else.
func (p *People) Count(l *limit.Limiter) { p.limiter = l }

// mostKnown is how many addresses an account remembers: those of the telephone, of the office, of
// the way between.
const mostKnown = 8

// knownFrom is what an account remembers an address by: a keyed digest, since where somebody was is
// his own business.
func knownFrom(key *site.Key, user id.ID, from netip.Addr) string {
	sum := key.MAC([]byte("from " + user.Text(id.User) + " " + limit.Network(from).String()))
	return hex.EncodeToString(sum[:8])
}

// familiar reports whether somebody signed in from an address before.
func (p *People) familiar(tx *db.Tx, a account, from netip.Addr) (bool, error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	return err == nil && slices.Contains(a.from, knownFrom(key, a.ID, from)), err
}

// remember puts an address before the others that an account knows.
func (p *People) remember(tx *db.Tx, a account, from netip.Addr) (db.Column, error) {
	key, err := p.keys.Installation(tx, site.PeopleKey)
	if err != nil {
		return db.Column{}, err
	}
	own := knownFrom(key, a.ID, from)
	list := append([]string{own}, slices.DeleteFunc(slices.Clone(a.from), func(one string) bool { return one == own })...)
	return db.Opt("known_from", []string{strings.Join(list[:min(len(list), mostKnown)], " ")}), nil
}
