package message

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// This file keeps a site from sending somebody the same words again within its window. What
// counts is what the phone shows: the same template with other values is another message.
//
// A draft claims its words, a thousand recipients at a time, before it is accepted, and gives
// them up when it is not: so two uploads of one list at the same moment do not both go. A
// claim is a row that says until when it counts; a site without a window has none.
//
// The window lies between the times at which two messages go, not those at which they were
// accepted. Words have one claim: of two messages that go on different days, the one that was
// accepted last.

// DuplicateRecently is the code of a rejection: the recipient was sent the same words already.
const DuplicateRecently = "duplicate_recently"

// unproven is how long a claim counts whose message is not there: it may still be accepted.
const unproven = 5 * time.Minute

// claim is what a draft says of one recipient's words.
type claim struct {
	digest  id.ID
	message id.ID // of whom the claim is
	owner   id.ID // who repeats the same request is the same owner
	at      db.Time
	expires db.Time
	due     db.Time // of its message, once that was read
}

// windowed is what a draft needs for its window.
type windowed struct {
	window time.Duration // 0 = there is none
	owner  id.ID
	claims []id.ID // digests that were claimed
}

// digestOf is what a recipient's words are known by, with the site's key.
func (d *Draft) digestOf(c *candidate) id.ID {
	var text bytes.Buffer
	_ = binary.Write(&text, binary.BigEndian, c.mobile) // into memory
	part := func(name, words string) { fmt.Fprintf(&text, "\n%s %d\n%s", name, len(words), words) }
	text.WriteString("words")
	if len(d.rule.kakao) > 0 && slices.ContainsFunc(c.steps, Step.kakao) {
		part("template", d.request.TemplateCode)
		for _, p := range d.rule.kakao {
			part("alimtalk", p.fill(c.values))
		}
	}
	if d.rule.hasText {
		for _, picture := range d.request.Text.Attachments {
			part("picture", picture)
		}
		part("subject", d.rule.filled(d.rule.subject, c.values))
		part("text", d.rule.filled(d.rule.text, c.values))
	}
	sum := d.key.MAC(text.Bytes())
	return id.ID(sum[:16])
}

// claimWaiting claims the words of those who wait and could be accepted, and notes whose
// were sent already. A number is claimed once, unless the site wants duplicates.
func (d *Draft) claimWaiting(ctx context.Context) error {
	for {
		var asked []*candidate
		taken := map[uint32]bool{}
		for i := range d.waiting {
			c := &d.waiting[i]
			_, seen := d.seen[c.mobile]
			switch {
			case c.wrong, c.recent != "":
				continue
			case c.claimed:
				taken[c.mobile] = true
				continue
			case !d.request.AllowDuplicates && (seen || taken[c.mobile]):
				continue
			}
			if d.judge(c); c.code != "" {
				continue
			}
			taken[c.mobile] = true
			asked = append(asked, c)
		}
		if len(asked) == 0 {
			return nil
		}
		digests := make([]id.ID, len(asked))
		for i, c := range asked {
			digests[i] = d.digestOf(c)
		}
		theirs, err := d.claim(ctx, digests)
		if err != nil {
			return err
		}
		for i, c := range asked {
			if other, there := theirs[digests[i]]; there {
				c.recent = d.recently(other)
				continue
			}
			c.claimed = true
		}
	}
}

// recently says of whose words somebody's are.
func (d *Draft) recently(other claim) string {
	name := other.message.Text(id.Message)
	if other.due > d.now {
		return fmt.Sprintf("the same words go to this number at %s, with message %s", minute(other.due.Time()), name)
	}
	return fmt.Sprintf("the same words went to this number %s before, with message %s; resend-failed of that one reaches those whom it did not", ago(d.now.Sub(other.due)), name)
}

// ago says a time as people do.
func ago(t time.Duration) string { return max(t, time.Second).Truncate(time.Second).String() }

// claim claims digests, and gives those that are another message's.
func (d *Draft) claim(ctx context.Context, digests []id.ID) (theirs map[id.ID]claim, err error) {
	digests = slices.Clone(digests)
	slices.SortFunc(digests, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	digests = slices.Compact(digests)
	if d.counting {
		err = d.s.d.View(ctx, "message_recent", func(tx *db.Tx) error {
			found, err := readClaims(tx.Lookup, d.Message.Site, digests)
			if err == nil {
				theirs, err = d.counted(tx, found)
			}
			return err
		})
		return theirs, err
	}
	err = d.s.d.Update(ctx, "message_claim", func(tx *db.Tx) (err error) {
		theirs, err = d.claimAll(tx, digests)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim the words of message %s: %w", d.Message.ID, err)
	}
	for _, one := range digests {
		if _, there := theirs[one]; !there {
			d.claims = append(d.claims, one)
		}
	}
	return theirs, nil
}

func (d *Draft) claimAll(tx *db.Tx, digests []id.ID) (map[id.ID]claim, error) {
	if err := tx.InsertAbsent("recent", []string{"site_id", "digest"}, "site_id", d.claimColumns(tx, digests)...); err != nil {
		return nil, err
	}
	found, err := readClaims(tx.LookupForUpdate, d.Message.Site, digests)
	if err != nil {
		return nil, err
	}
	theirs, err := d.counted(tx, found)
	if err != nil {
		return nil, err
	}
	var over []id.ID // claims of others that do not count any more
	for _, c := range found {
		if _, counts := theirs[c.digest]; !counts && c.message != d.Message.ID && c.owner != d.owner {
			over = append(over, c.digest)
		}
	}
	return theirs, tx.UpdateMany("recent", []string{"site_id", "digest"}, d.claimColumns(tx, over)...)
}

func (d *Draft) claimColumns(tx *db.Tx, digests []id.ID) []db.Column {
	n := len(digests)
	return []db.Column{db.Same("site_id", d.Message.Site, n), db.Col("digest", digests), db.Same("message_id", d.Message.ID, n), db.Same("owner", d.owner, n),
		db.Same("claimed_at", tx.Now, n), db.Same("expires_at", d.dueFrom(tx.Now).Add(d.lingers()+d.window), n)}
}

// dueFrom is when the message goes that is accepted now.
func (d *Draft) dueFrom(now db.Time) db.Time { return max(now, db.At(d.rule.due)) }

// lingers is how much later than that some of it may go, as far as that is to be expected.
func (d *Draft) lingers() time.Duration {
	if d.reviewAbove > 0 || d.request.Tempo != (Tempo{}) {
		return d.request.ValidFor
	}
	return 0
}

type lookedUp func(table string, cols []string, key ...db.Column) (*sql.Rows, error)

func readClaims(look lookedUp, siteID string, digests []id.ID) ([]claim, error) {
	rows, err := look("recent", []string{"digest", "message_id", "owner", "claimed_at", "expires_at"}, db.Same("site_id", siteID, len(digests)), db.Col("digest", digests))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (c claim, err error) {
		return c, r.Scan(&c.digest, &c.message, &c.owner, &c.at, &c.expires)
	})
	if err != nil {
		return nil, fmt.Errorf("read what was sent recently: %w", err)
	}
	return list, nil
}

// counted gives those of claims that are another message's and count: it was accepted, not
// cancelled, and goes within the window, or it may still be accepted.
func (d *Draft) counted(tx *db.Tx, found []claim) (map[id.ID]claim, error) {
	var keys []Key
	others := slices.DeleteFunc(slices.Clone(found), func(c claim) bool {
		return c.message == d.Message.ID || c.message == d.request.Resends.ID || c.owner == d.owner || c.expires <= tx.Now
	})
	for _, c := range others {
		keys = append(keys, Key{d.Message.Site, c.message})
	}
	messages, err := ReadMessages(tx, keys)
	if err != nil {
		return nil, err
	}
	theirs := map[id.ID]claim{}
	for key, m := range messages {
		went, err := went(tx, m)
		if err != nil {
			return nil, err
		}
		if !went {
			delete(messages, key)
			others = slices.DeleteFunc(others, func(c claim) bool { return c.message == key.ID })
		}
	}
	for _, c := range others {
		m := messages[Key{d.Message.Site, c.message}]
		if stands(m, c, tx.Now, d.dueFrom(tx.Now), d.window) {
			if c.due = c.at; m != nil {
				c.due = m.Due()
			}
			theirs[c.digest] = c
		}
	}
	return theirs, nil
}

// went reports whether a message went to anybody or still may.
func went(tx *db.Tx, m *Message) (yes bool, err error) {
	if !m.State.Final() || m.Counts.Delivered+m.Counts.Failed > 0 {
		return true, nil
	}
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM recipient WHERE site_id = ? AND message_id = ? AND handed_at <> 0)`, m.Site, m.ID).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("ask whether message %s went to anybody: %w", m.ID, err)
	}
	return yes, nil
}

// stands reports whether a claim counts that has not expired, for a message that goes when it
// is due; m is the claim's own, nil = it is not there. It is pure.
func stands(m *Message, c claim, now, due db.Time, window time.Duration) bool {
	switch {
	case m == nil:
		return now < c.at.Add(unproven)
	case m.State == StateDraft:
		return now < m.CreatedAt.Add(staleDraft)
	case m.State == StateCancelled, m.State == StateCancelling:
		return false
	}
	from, until := m.Due(), m.Due()
	if m.State.Held() || m.Released > 0 && m.Released < m.Accepted { // it still goes
		until = max(until, now)
	}
	return due.Add(window) > from && due < until.Add(window)
}

// unclaim gives up what a draft claimed that is not accepted. What cannot be given up now
// ends by itself, soon.
func (d *Draft) unclaim(ctx context.Context) error {
	for part := range slices.Chunk(d.claims, BatchSize) {
		err := d.s.d.Update(ctx, "message_unclaim", func(tx *db.Tx) error {
			n := len(part)
			_, err := tx.DeleteMany("recent", db.Same("site_id", d.Message.Site, n), db.Col("digest", part), db.Same("message_id", d.Message.ID, n))
			return err
		})
		if err != nil {
			return fmt.Errorf("give up the words of message %s: %w", d.Message.ID, err)
		}
	}
	d.claims = nil
	return nil
}

// sweepAtOnce is how many claims one transaction sweeps.
const sweepAtOnce = 1000

// SweepRecent deletes claims whose time is over.
func (s *Service) SweepRecent(ctx context.Context) error {
	for more := true; more; {
		err := s.d.Update(ctx, "message_sweep_recent", func(tx *db.Tx) error {
			type old struct {
				site    string
				digest  id.ID
				expires db.Time
			}
			rows, err := tx.Query(`SELECT site_id, digest, expires_at FROM recent WHERE expires_at <= ? ORDER BY expires_at, site_id, digest LIMIT ?`, tx.Now, sweepAtOnce)
			list, err := db.Collect(rows, err, func(r *sql.Rows) (o old, err error) { return o, r.Scan(&o.site, &o.digest, &o.expires) })
			if err != nil {
				return err
			}
			more = len(list) == sweepAtOnce
			// One that was claimed anew has another time, and stays.
			_, err = tx.DeleteMany("recent", db.Col("site_id", pick(list, func(o old) string { return o.site })),
				db.Col("digest", pick(list, func(o old) id.ID { return o.digest })), db.Col("expires_at", pick(list, func(o old) db.Time { return o.expires })))
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep what was sent recently: %w", err)
		}
	}
	return nil
}
