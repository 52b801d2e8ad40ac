package api

import (
	"context"
	"net/http"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/idem"
	"creditmsg/internal/site"
)

// keepReplies is how long the reply of a write is kept; those of messages stay.
const keepReplies = 24 * time.Hour

// idemKey is the request's Idempotency-Key as it is stored; ok is false when it has
// none. The sum must be complete: the body is read. The programs of a site share its keys, so
// that a job that moves to another token does nothing twice; but a secret is repeated to who
// asked for it alone.
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
	switch { // a site's own keys are another name space
	case x.call.Person != nil, x.shape.secret:
		k.Scope += " " + x.actor()
	case x.token.Site == "":
		k.Scope += " operator"
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
	out := &reply{Status: f.Reply.Status, Replayed: "true", Tag: f.Reply.Tag, Body: f.Reply.Body}
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
			out, err = a.underCondition(tx, x, o, work)
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
		// A repeat got the first reply above, whatever has become of the thing since.
		if out, err = a.underCondition(tx, x, o, work); err != nil {
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

// Replies are sealed with the site's key: they may show numbers and texts. Those about the
// installation have one of its own.
func replyContext(k idem.Key) string { return "reply " + k.Scope + " " + k.Key }

func (a *api) replyKey(tx *db.Tx, k idem.Key) (*site.Key, error) {
	if k.Site == "" || k.Site == everySite {
		return a.Keys.Installation(tx, site.ReplyKey)
	}
	return a.Keys.Site(tx, k.Site)
}

func (a *api) sealed(tx *db.Tx, k idem.Key, r *reply) (idem.Reply, error) {
	key, err := a.replyKey(tx, k)
	if err != nil {
		return idem.Reply{}, err
	}
	return idem.Reply{Status: r.Status, Body: key.Seal(replyContext(k), r.Body), Tag: r.Tag}, nil
}

func (a *api) opened(tx *db.Tx, k idem.Key, f idem.Found) (*reply, error) {
	if !f.Mismatch && f.Reply.Status != 0 {
		key, err := a.replyKey(tx, k)
		if err != nil {
			return nil, err
		}
		if f.Reply.Body, err = key.Open(replyContext(k), f.Reply.Body); err != nil {
			return nil, err
		}
	}
	return replay(f)
}

// perform declares a route whose act has transactions of its own, such as one that speaks to
// the outside. Repeating it with its key (empty = it has none) changes nothing more, so the
// reply is kept under the request's key right after it: a crash between the two costs a
// repeat of the act, not of its effect.
func perform[I, T, O any](a *api, o operation, act func(ctx context.Context, x *exchange, in *I, key string) (T, error), show func(*db.Tx, T) (O, error)) {
	register[I, O](a, o, func(ctx context.Context, x *exchange, in *I) (*reply, error) {
		key, keyed, err := x.idemKey(o)
		if err != nil {
			return nil, err
		}
		name := ""
		if keyed {
			if out, err := a.earlier(ctx, o, key); out != nil || err != nil {
				return out, err
			}
			name = key.Scope + " " + key.Key
		}
		done, err := act(ctx, x, in, name)
		if err != nil {
			return nil, err
		}
		return a.keep(ctx, o, key, keyed, func(tx *db.Tx) (*reply, error) {
			view, err := show(tx, done)
			if err != nil {
				return nil, err
			}
			return rendered(o.status, view)
		})
	})
}

// keep makes a reply, and keeps it under the request's key if it has one.
func (a *api) keep(ctx context.Context, o operation, key idem.Key, keyed bool, show func(*db.Tx) (*reply, error)) (out *reply, err error) {
	if !keyed {
		err = a.DB.View(ctx, o.metric()+"_show", func(tx *db.Tx) (err error) {
			out, err = show(tx)
			return err
		})
		return out, err
	}
	err = a.DB.Update(ctx, o.metric()+"_keep", func(tx *db.Tx) error {
		if out, err = show(tx); err != nil {
			return err
		}
		record := idem.Record{Key: key, Keep: keepReplies}
		if record.Reply, err = a.sealed(tx, key, out); err != nil {
			return err
		}
		found, err := idem.Put(tx, record)
		if err == nil && found[0].Exists {
			out, err = a.opened(tx, key, found[0])
		}
		return err
	})
	return out, err
}
