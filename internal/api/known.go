package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/fault"
	"creditmsg/internal/idem"
	"creditmsg/internal/message"
)

// This file saves the most frequent request, a small message by a program that sends all
// day, its questions to the database: who calls, and what his site may send, is what it
// was the last time, and the transaction that accepts the message confirms it. Whenever
// that is not so, and before anything is refused, everything is asked anew: what is
// remembered never decides against a caller, and never for one without being confirmed.

// mostCallers bounds the callers that are remembered, and quickBody the bodies that may
// have to be gone through twice.
const (
	mostCallers = 10_000
	quickBody   = 64 << 10
)

// callers remembers who was behind a token, by the token's digest.
type callers struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]caller // guarded by mu
}

// recall gives the caller that a claim was true of; one that names a site is not remembered.
func (m *callers) recall(c claim) (caller, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	who, ok := m.known[sha256.Sum256([]byte(c.secret))]
	return who, ok && c.site == ""
}

// learn remembers a token of a site. An operator's may be for any site, and is rare; so is a
// person's, and what he may depends on more than his site.
func (m *callers) learn(c claim, who caller) {
	if c.site != "" || who.Token.Site == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= mostCallers {
		m.known = map[[sha256.Size]byte]caller{}
	}
	who.at = time.Now()
	m.known[sha256.Sum256([]byte(c.secret))] = who
}

// forget makes a token one that has to be asked for.
func (m *callers) forget(c claim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, sha256.Sum256([]byte(c.secret)))
}

// presume notes who calls if that is remembered, for a request that can do with it.
func (a *api) presume(r *http.Request, x *exchange, o operation) bool {
	if !o.quick || r.ContentLength < 0 || r.ContentLength > quickBody {
		return false
	}
	c, err := claimOf(r)
	if err != nil {
		return false
	}
	who, ok := a.remembered.recall(c)
	if !ok || access.Decide(access.Call{Who: who.Who, Site: who.site, From: a.client(r)}, o.need()) != nil {
		return false
	}
	a.admitted(r, x, who)
	x.asked = who.at
	x.known = &message.Known{Rev: who.Token.SiteRev, Until: who.Token.Until}
	return true
}

// quickly tries to accept a message by what is known. Without an answer that counts it
// reports so, and nothing has happened.
func (a *api) quickly(ctx context.Context, x *exchange, body []byte, key idem.Key, keyed bool) (out *reply, counts bool, err error) {
	order, err := wholeOrder(body)
	if err != nil || len(order.groups) > 0 || order.list != nil { // whose members have to be read anyway
		return nil, false, nil
	}
	order.sentBy(x, key, keyed)
	draft, err := a.Messages.DraftKnown(x.site, *x.known, order.Request)
	if err != nil {
		return nil, false, nil
	}
	if err := order.addTo(ctx, a, draft); err != nil {
		_ = a.discarded(ctx, draft, err)
		return nil, false, nil
	}
	out, err = a.accept(ctx, draft, key, keyed)
	switch {
	case err == nil, fault.Is(err, fault.NoCredit): // which only the accepting transaction says
		return out, true, err
	case errors.Is(err, message.ErrOutdated), fault.Is(err, fault.Invalid), isOver(err) && !x.certainly(keyed):
		return nil, false, nil
	}
	return nil, true, err // trouble of the database, or of this process
}
