package message

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// This file forgets to whom a message went and what was said to him alone: his number, his
// values, his place in finders, refusals and kept replies. What became of him stays, without
// a name, and with it every sum. It touches only messages that are over: before that, his
// number is what reports and fallbacks go by. What carriers may say of him later is in recall.go.
//
// Each batch is a transaction of its own, and forgetting twice changes nothing, so that
// whoever was interrupted begins again.

// nobody stands for a number that was forgotten; no mobile has as many digits.
const nobody uint32 = 1<<32 - 1

// numberOf is what people see of a number.
func numberOf(mobile uint32) korea.Number {
	if mobile == nobody {
		return ""
	}
	return korea.MobileNumber(mobile)
}

// Forgetting says who is forgotten.
type Forgetting struct {
	Site   string
	Number korea.Number         // "" = everybody
	Render func(Receipt) []byte // how the reply reads under which a message was accepted
	AtOnce int                  // messages that ForgetMessages looks at in one part; 0 = 1,000
}

// Forgotten is what one part of the work did.
type Forgotten struct {
	People int64     // recipients and refusals that do not tell whom they were for any more
	Open   int       // messages that are not over and may be to the number
	Next   BatchName // where the next part begins
	More   bool
}

const (
	// forgetAtOnce is the number of finders, packs of refusals or messages that one part looks into.
	forgetAtOnce = 1000
	// forgetPeople ends a part of large messages before that.
	forgetPeople = 100_000
)

// ForgetNumber forgets one number in messages of a site that are over, a part at a time:
// begin with the zero name, and go on from Next. NotFound for the site.
func (s *Service) ForgetNumber(ctx context.Context, f Forgetting, from BatchName) (out Forgotten, err error) {
	mobile, ok := f.Number.Mobile()
	if !ok {
		return out, fault.Check("/to", "want a mobile number such as 010-1234-5678")
	}
	var hits []BatchName
	open := map[id.ID]bool{}
	err = s.d.View(ctx, "message_forget_find", func(tx *db.Tx) error {
		hits = nil
		clear(open)
		key, err := s.keys.Site(tx, f.Site)
		if err != nil {
			return err
		}
		var found []BatchName
		if found, out.Next, out.More, err = finders(tx, f.Site, from, key.Fingerprint(mobile)); err != nil {
			return err
		}
		messages, err := ReadMessages(tx, pick(found, func(n BatchName) Key { return n.Message }))
		for _, n := range found {
			if m := messages[n.Message]; m == nil || m.State.Final() {
				hits = append(hits, n)
			} else {
				open[n.Message.ID] = true
			}
		}
		return err
	})
	if err != nil {
		return out, err
	}
	out.Open = len(open)
	for _, n := range hits {
		people, err := s.forgetBatch(ctx, f, n, func(p Person) bool { return p.Mobile == mobile })
		out.People += people
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// finders finds batches that may hold a number, behind one of them.
func finders(tx *db.Tx, siteID string, from BatchName, finger uint32) (hits []BatchName, next BatchName, more bool, err error) {
	rows, err := tx.Query(`SELECT message_id, no, finder FROM batch WHERE site_id = ? AND (message_id > ? OR message_id = ? AND no > ?)
		ORDER BY message_id, no LIMIT ?`, siteID, from.Message.ID[:], from.Message.ID[:], from.No, forgetAtOnce)
	looked, next := 0, from
	_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var finder []byte
		next = BatchName{Message: Key{Site: siteID}}
		if err = r.Scan(&next.Message.ID, &next.No, &finder); err == nil && inFinder(finder, finger) {
			hits = append(hits, next)
		}
		looked++
		return none, err
	})
	if err != nil {
		return nil, next, false, fmt.Errorf("search the messages of site %s: %w", siteID, err)
	}
	return hits, next, looked == forgetAtOnce, nil
}

// forgetBatch forgets people of one batch of a message that is over.
func (s *Service) forgetBatch(ctx context.Context, f Forgetting, n BatchName, who func(Person) bool) (count int64, err error) {
	err = s.d.Update(ctx, "message_forget_batch", func(tx *db.Tx) error {
		count = 0
		m, err := lockOne(tx, n.Message)
		if err != nil || !m.State.Final() {
			return err
		}
		key, err := s.keys.Site(tx, m.Site)
		if err != nil {
			return err
		}
		bodies, err := s.People(tx, map[Key]*Message{m.Key: m}, []BatchName{n})
		if err != nil {
			return err
		}
		people := bodies[n]
		gone := map[Seq]uint32{} // the numbers that they had
		for i := range people {
			if p := &people[i]; p.Mobile != nobody && who(*p) {
				gone[Seq(n.No*BatchSize+i)] = p.Mobile
				p.Mobile, p.Values = nobody, make([]string, len(p.Values))
			}
		}
		if count = int64(len(gone)); count == 0 {
			return nil
		}
		if err := rewrite(tx, key, n, people); err != nil {
			return err
		}
		if err := nameless(tx, key, m, gone); err != nil {
			return err
		}
		if f.Number == "" || m.Duplicate == 0 {
			return nil // the reply names nobody of a batch, or is written anew with everything else
		}
		return s.rewriteReply(tx, key, m, f)
	})
	if err != nil {
		return 0, fmt.Errorf("forget people of batch %d of message %s: %w", n.No, n.Message.ID, err)
	}
	return count, nil
}

// rewrite packs a batch's people anew. Who was forgotten is in no finder.
func rewrite(tx *db.Tx, key *site.Key, n BatchName, people []Person) error {
	var p packer
	for _, who := range people {
		p.add(who, key.Fingerprint(who.Mobile))
		if who.Mobile == nobody {
			p.finder = p.finder[:len(p.finder)-1]
		}
	}
	full, err := p.seal(key, n.Message.ID, n.No)
	if err != nil {
		return err
	}
	return tx.UpdateMany("batch", []string{"site_id", "message_id", "no"},
		append(batchColumns([]BatchName{n}), db.Col("body", [][]byte{full.body}), db.Col("finder", [][]byte{full.finder}))...)
}

// nameless takes the numbers out of the rows of recipients, and keeps what carriers may still
// claim; those without a row were handed to nobody, and are passed over.
func nameless(tx *db.Tx, key *site.Key, m *Message, gone map[Seq]uint32) error {
	places := pick(slices.Sorted(maps.Keys(gone)), func(s Seq) Place { return Place{m.Key, s} })
	var born []Recipient
	if err := tx.Ask(askRecipients(places, &born)); err != nil {
		return err
	}
	if len(born) == 0 {
		return nil
	}
	err := tx.UpdateMany("recipient", []string{"site_id", "message_id", "seq"}, append(recipientKeys(born),
		db.Col("mobile", pick(born, func(r Recipient) []byte {
			sealed := SealedMobile(key, m.Key, r.Seq, nobody)
			return sealed[:]
		})))...)
	if err != nil {
		return err
	}
	return keepClaims(tx, key, m, born, gone)
}

// ForgetRefused forgets a number among those who were not accepted, a part at a time, as
// ForgetNumber does. A number is the same however it was written.
func (s *Service) ForgetRefused(ctx context.Context, f Forgetting, from BatchName) (out Forgotten, err error) {
	var packs []BatchName
	err = s.d.View(ctx, "message_forget_refused", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT message_id, no FROM reject WHERE site_id = ? AND (message_id > ? OR message_id = ? AND no > ?)
			ORDER BY message_id, no LIMIT ?`, f.Site, from.Message.ID[:], from.Message.ID[:], from.No, forgetAtOnce)
		packs, err = db.Collect(rows, err, func(r *sql.Rows) (n BatchName, err error) {
			n.Message.Site = f.Site
			return n, r.Scan(&n.Message.ID, &n.No)
		})
		return err
	})
	if err != nil {
		return out, fmt.Errorf("find refusals of site %s: %w", f.Site, err)
	}
	for _, n := range packs {
		people, err := s.forgetRefusals(ctx, f, n)
		out.People += people
		if err != nil {
			return out, err
		}
		out.Next = n
	}
	out.More = len(packs) == forgetAtOnce
	return out, nil
}

// forgetRefusals forgets whom a pack of refusals names. Refusals change nothing any more from
// the accept on, so the message need not be over.
func (s *Service) forgetRefusals(ctx context.Context, f Forgetting, n BatchName) (count int64, err error) {
	err = s.d.Update(ctx, "message_forget_refusals", func(tx *db.Tx) error {
		count = 0
		m, err := lockOne(tx, n.Message)
		if fault.Is(err, fault.NotFound) {
			return nil // a draft, which is accepted with what it refused, or swept
		}
		if err != nil {
			return err
		}
		key, err := s.keys.Site(tx, m.Site)
		if err != nil {
			return err
		}
		pack, err := readRejects(tx, key, n)
		if err != nil {
			return err
		}
		again := refuser{no: n.No}
		for _, r := range pack {
			if r.To != "" && (f.Number == "" || sameNumber(r.To, f.Number)) {
				r.To, r.Detail = "", ""
				count++
			}
			again.add(r)
		}
		if count == 0 {
			return nil
		}
		full, err := again.seal(key, m.ID)
		if err != nil {
			return err
		}
		if _, err = tx.Exec(`UPDATE reject SET body = ? WHERE site_id = ? AND message_id = ? AND no = ?`, full.body, m.Site, m.ID, n.No); err != nil {
			return err
		}
		return s.rewriteReply(tx, key, m, f)
	})
	if err != nil {
		return 0, fmt.Errorf("forget refusals %d of message %s: %w", n.No, n.Message.ID, err)
	}
	return count, nil
}

func sameNumber(text string, number korea.Number) bool {
	n, err := korea.ParseMobile(text)
	return err == nil && n == number
}

func readRejects(tx *db.Tx, key *site.Key, n BatchName) ([]Rejection, error) {
	var body []byte
	err := tx.QueryRow(`SELECT body FROM reject WHERE site_id = ? AND message_id = ? AND no = ?`, n.Message.Site, n.Message.ID, n.No).Scan(&body)
	if err != nil {
		return nil, fmt.Errorf("read refusals: %w", err)
	}
	return openRejects(key, n.Message.ID, n.No, body)
}

// rewriteReply writes the reply anew that stands under the key of a message's accept: it may
// name who was forgotten. Duplicates stand nowhere else, so it lists none any more.
func (s *Service) rewriteReply(tx *db.Tx, key *site.Key, m *Message, f Forgetting) error {
	var slot id.ID
	err := tx.QueryRow(`SELECT reply FROM message WHERE site_id = ? AND id = ?`, m.Site, m.ID).Scan(db.Maybe(&slot))
	if err != nil || slot.IsZero() {
		return err // zero: it was accepted without a key, or its reply names nobody
	}
	r, err := s.receiptOf(tx, key, m)
	if err != nil {
		return err
	}
	return idem.Rewrite(tx, m.Site, slot, key.Seal(rewrittenContext(slot), f.Render(r)))
}

// receiptOf is the receipt of a message as its rows tell it.
func (s *Service) receiptOf(tx *db.Tx, key *site.Key, m *Message) (Receipt, error) {
	c, err := m.Content(key)
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{Message: m.Key, State: StateAccepted, Strategy: m.Strategy, Total: m.Total, Accepted: m.Accepted, Duplicate: m.Duplicate, Rejected: m.Rejected,
		RejectedBy: m.RejectedBy, ScheduledAt: m.ScheduledAt, CreatedAt: m.CreatedAt}
	switch {
	case c.Reviewed:
		r.State = StateReview
	case m.ScheduledAt > 0:
		r.State = StateScheduled
	}
	if c.Policy != nil {
		r.Policy = c.Policy.Name
	}
	if r.Tally, err = m.Tally(); err != nil {
		return Receipt{}, err
	}
	r.Rejections, _, err = s.Rejections(tx, m, 0, maxShown)
	return r, err
}

// ForgetMessages forgets everybody in messages that were over before a time, a part at a
// time, in the order of their ids: begin with the zero id and go on from the one given back.
// Up to upto all of them are forgotten, so that a later run may begin there; it is not
// out.Next where one was not over.
func (s *Service) ForgetMessages(ctx context.Context, f Forgetting, before db.Time, from id.ID) (out Forgotten, upto id.ID, err error) {
	var list []*Message
	limit := cmp.Or(f.AtOnce, forgetAtOnce)
	err = s.d.View(ctx, "message_forget_old", func(tx *db.Tx) error {
		list, err = scanMessages(tx.Query(`SELECT site_id, id, `+messageColumns+` FROM message
			WHERE site_id = ? AND id > ? AND id < ? AND forgotten_at = 0 ORDER BY id LIMIT ?`, f.Site, from[:], bound(before), limit))
		return err
	})
	if err != nil {
		return out, from, fmt.Errorf("find old messages of site %s: %w", f.Site, err)
	}
	out.Next.Message, out.More, upto = Key{f.Site, from}, len(list) == limit, from
	for _, m := range list {
		old := m.State.Final() && m.DoneAt < before
		if old {
			people, err := s.forgetMessage(ctx, f, m)
			out.People += people
			if err != nil {
				return out, upto, err
			}
		}
		if old && upto == out.Next.Message.ID {
			upto = m.ID
		}
		out.Next.Message = m.Key
		if out.People >= forgetPeople {
			out.More = true
			break
		}
	}
	return out, upto, nil
}

// forgetMessage forgets everybody in a message that is over, and notes that it did.
func (s *Service) forgetMessage(ctx context.Context, f Forgetting, m *Message) (people int64, err error) {
	for no := range m.Batches {
		n, err := s.forgetBatch(ctx, f, BatchName{m.Key, no}, func(Person) bool { return true })
		people += n
		if err != nil {
			return people, err
		}
	}
	for no := range int((m.Rejected + BatchSize - 1) / BatchSize) {
		n, err := s.forgetRefusals(ctx, f, BatchName{m.Key, no})
		people += n
		if err != nil {
			return people, err
		}
	}
	return people, s.d.Update(ctx, "message_forgotten", func(tx *db.Tx) error {
		key, err := s.keys.Site(tx, m.Site)
		if err != nil {
			return err
		}
		if err := s.rewriteReply(tx, key, m, f); err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE message SET forgotten_at = ? WHERE site_id = ? AND id = ?`, tx.Now, m.Site, m.ID)
		return err
	})
}
