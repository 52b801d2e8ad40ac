package api

import (
	"context"
	"net/http"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/idem"
)

// keepReplies is how long the reply of a write is kept; those of messages stay.
const keepReplies = 24 * time.Hour

// idemKey is the request's Idempotency-Key as it is stored; ok is false when it has
// none. The sum must be complete: the body is read.
func (x *exchange) idemKey(o operation) (k idem.Key, ok bool, err error) {
	given := x.request.Header.Values("Idempotency-Key")
	switch len(given) {
	case 0:
		return k, false, nil
	case 1:
	default:
		return k, false, fault.New(fault.Invalid, fault.CodeValidation, "send one Idempotency-Key, not %d", len(given))
	}
	k = idem.Key{Site: x.site, Scope: o.method + " " + o.path}
	if x.token.Site == "" {
		k.Scope += " operator" // a site's own keys are another name space
	}
	if k.Key, err = idem.ParseHeader(given[0]); err != nil {
		return k, false, err
	}
	k.Fingerprint = [32]byte(x.sum.Sum(nil))
	return k, true, nil
}

// replay is the reply that a key got before, or why it cannot be given.
func replay(f idem.Found) (*reply, error) {
	switch {
	case f.Mismatch:
		return nil, fault.New(fault.Invalid, fault.CodeIdempotencyMismatch,
			"this Idempotency-Key was used with another request; use a new key for a new request")
	case f.Reply.Status == 0:
		return nil, fault.New(fault.Conflict, fault.CodeIdempotencyInFlight,
			"the first request with this Idempotency-Key is not finished; repeat it in a moment")
	}
	out := &reply{Status: f.Reply.Status, Replayed: "true", Body: f.Reply.Body}
	if f.Reply.Status != http.StatusNoContent {
		out.Media = "application/json"
	}
	return out, nil
}

// once does work in one transaction together with the request's key: a repeat gets
// the first reply, and what is refused leaves the key free.
func (a *api) once(ctx context.Context, x *exchange, o operation, work func(tx *db.Tx) (*reply, error)) (*reply, error) {
	key, keyed, err := x.idemKey(o)
	if err != nil {
		return nil, err
	}
	var out *reply
	err = a.DB.Update(ctx, o.metric(), func(tx *db.Tx) (err error) {
		if !keyed {
			out, err = work(tx)
			return err
		}
		record := idem.Record{Key: key, Keep: keepReplies}
		found, err := idem.Put(tx, record)
		if err != nil {
			return err
		}
		if found[0].Exists {
			out, err = a.opened(tx, key, found[0])
			return err
		}
		if out, err = work(tx); err != nil {
			return err
		}
		if record.Reply, err = a.sealed(tx, key, out); err != nil {
			return err
		}
		return idem.SetReply(tx, record)
	})
	return out, err
}

// earlier gives the reply that the request's key got before; nil when it is new.
func (a *api) earlier(ctx context.Context, o operation, key idem.Key) (out *reply, err error) {
	err = a.DB.View(ctx, o.metric()+"_earlier", func(tx *db.Tx) error {
		found, err := idem.Find(tx, key)
		if err == nil && found[0].Exists {
			out, err = a.opened(tx, key, found[0])
		}
		return err
	})
	return out, err
}

// Replies are sealed with the site's key: they may show numbers and texts.
func replyContext(k idem.Key) string { return "reply " + k.Scope + " " + k.Key }

func (a *api) sealed(tx *db.Tx, k idem.Key, r *reply) (idem.Reply, error) {
	key, err := a.Keys.Site(tx, k.Site)
	if err != nil {
		return idem.Reply{}, err
	}
	return idem.Reply{Status: r.Status, Body: key.Seal(replyContext(k), r.Body)}, nil
}

func (a *api) opened(tx *db.Tx, k idem.Key, f idem.Found) (*reply, error) {
	if !f.Mismatch && f.Reply.Status != 0 {
		key, err := a.Keys.Site(tx, k.Site)
		if err != nil {
			return nil, err
		}
		if f.Reply.Body, err = key.Open(replyContext(k), f.Reply.Body); err != nil {
			return nil, err
		}
	}
	return replay(f)
}
