package message

import (
	"context"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	"creditmsg/internal/site"
)

func replyContext(k idem.Key) string { return "reply " + k.Scope + " " + k.Key }

// earlier is what stands under an idempotency key, its reply opened.
type earlier struct {
	found idem.Found
	err   error
}

// Earlier looks whether an idempotency key was used before, and opens its reply.
func (s *Service) Earlier(ctx context.Context, k idem.Key) (idem.Found, error) {
	e, err := s.keyed.Join(ctx, k)
	if err == nil {
		err = e.err
	}
	return e.found, err
}

func (s *Service) findEarlier(tx *db.Tx, keys []idem.Key) ([]earlier, error) {
	list, err := idem.Find(tx, keys...)
	if err != nil {
		return nil, err
	}
	out := make([]earlier, len(keys))
	for i, f := range list {
		if f.Exists && !f.Mismatch {
			f.Reply.Body, out[i].err = s.OpenReply(tx, keys[i], f.Reply.Body)
		}
		out[i].found = f
	}
	return out, nil
}

// OpenReply unseals the reply that Accept stored under a key.
func (s *Service) OpenReply(tx *db.Tx, k idem.Key, sealed []byte) ([]byte, error) {
	key, err := s.keys.Site(tx, k.Site)
	if err != nil {
		return nil, err
	}
	return openReply(key, k, sealed)
}

// openReply unseals a reply as it was given first, or as it was written anew.
func openReply(key *site.Key, k idem.Key, sealed []byte) ([]byte, error) {
	plain, err := key.Open(replyContext(k), sealed)
	if err != nil {
		if again, second := key.Open(rewrittenContext(k.Digest()), sealed); second == nil {
			return again, nil
		}
	}
	return plain, err
}

// rewrittenContext binds a reply that was written anew, when its key was known by its digest
// alone.
func rewrittenContext(digest id.ID) string { return "reply again " + digest.String() }
