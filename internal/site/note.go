package site

import (
	"maps"
	"slices"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// This file says what the audit log is told of changes of this package's tables.

// mostNoted is how many words of a list an entry names.
const mostNoted = 50

func noteSite(tx *db.Tx, id, action, name string, was, now any) error {
	return audit.Note(tx, audit.Change{Site: id, Action: action, Ref: id, Before: audit.Fields{name: was}, After: audit.Fields{name: now}})
}

func noteRules(tx *db.Tx, id string, was, now Rules) error {
	of := func(r Rules) audit.Fields {
		return audit.Fields{"duplicate_window": r.DuplicateWindow, "review_above": r.ReviewAbove}
	}
	before, after := of(was), of(now)
	audit.Masked(before, after, "opt_out_number", string(was.OptOutNumber), string(now.OptOutNumber), korea.Mask)
	return audit.Note(tx, audit.Change{Site: id, Action: "rules.updated", Ref: id, Before: before, After: after})
}

// parts are what is told of a token; its secret is not among them.
func (t Token) parts() audit.Fields {
	f := audit.Fields{"name": t.Name, "abilities": t.Abilities, "expires_at": t.ExpiresAt}
	if len(t.Networks) > 0 {
		f["networks"] = t.Networks.Texts()
	}
	return f
}

// note tells of a change of a token, of its site or of the installation. A session is told
// of where somebody signs in.
func (t Token) note(tx *db.Tx, action string, was, now audit.Fields) error {
	if t.Session {
		return nil
	}
	return audit.Note(tx, audit.Change{Site: t.Site, Action: action, Ref: t.ID.Text(id.Token), Before: was, After: now})
}

// senderRef is how an entry names a sender number: masked, since it may be a person's.
func senderRef(n korea.Number) string { return korea.Mask(string(n)) }

// noteSender tells of a change of a number's state. Who asked for the number is in it, and who
// decided is whoever acts.
func noteSender(tx *db.Tx, was, now Sender) error {
	of := func(s Sender) audit.Fields {
		return audit.Fields{"state": s.State, "reason": audit.Said(s.Reason)}
	}
	c := audit.Change{Site: now.Site, Action: "sender.updated", Ref: senderRef(now.Number), AskedBy: now.AskedBy, Before: of(was), After: of(now)}
	if was.State != now.State {
		c.Action = "sender." + now.State
		if now.State == Approved {
			c.ApprovedBy = audit.Acting(tx).String()
		}
	}
	return audit.Note(tx, c)
}

func noteChannel(tx *db.Tx, action string, was, now *Channel) error {
	one, key := now, [2]string{}
	of := func(c *Channel, key *string) audit.Fields {
		if c == nil {
			return nil
		}
		one, *key = c, c.SenderKey
		return audit.Fields{"providers": maps.Clone(c.Providers)}
	}
	before, after := of(was, &key[0]), of(now, &key[1])
	if before != nil && after != nil {
		audit.Secret(before, after, "sender_key", key[0], key[1])
	}
	return audit.Note(tx, audit.Change{Site: one.Site, Action: action, Ref: one.Name, Before: before, After: after})
}

func noteWords(tx *db.Tx, siteID, action string, words map[id.ID]string) error {
	list := slices.Sorted(maps.Values(words))
	f := audit.Fields{"count": len(list), "words": list[:min(len(list), mostNoted)]}
	c := audit.Change{Site: siteID, Action: action, After: f}
	if action == wordsRemoved {
		c.Before, c.After = f, nil
	}
	return audit.Note(tx, c)
}

const (
	wordsAdded   = "words.added"
	wordsRemoved = "words.removed"
)
