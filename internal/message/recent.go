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
	goes    db.Time // when its message goes; 0 = of before that was kept
	expires db.Time
}

// windowed is what a draft needs for its window.
type windowed struct {
	window time.Duration // 0 = there is none
	owner  id.ID
	claims []id.ID // digests that were claimed
	stood  []claim // those of accepted messages, going at other times, that stood there before
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
	if other.goes > d.now {
		return because("the same words go to this number at %s, with message %s", minute(other.goes.Time()), name)
	}
	return because("the same words went to this number %s before, with message %s; resend-failed of that one reaches those whom it did not", ago(d.now.Sub(other.goes)), name)
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
				theirs, _, err = d.counted(tx, found)
			}
			return err
		})
		return theirs, err
	}
	var over []claim
	err = d.s.d.Update(ctx, "message_claim", func(tx *db.Tx) (err error) {
		theirs, over, err = d.claimAll(tx, digests)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim the words of message %s: %w", d.Message.ID, err)
	}
	d.stood = append(d.stood, over...)
	for _, one := range digests {
		if _, there := theirs[one]; !there {
			d.claims = append(d.claims, one)
		}
	}
	return theirs, nil
}

// claimAll claims what is not another message's. Of what it takes over it gives the claims
// whose messages still go.
func (d *Draft) claimAll(tx *db.Tx, digests []id.ID) (theirs map[id.ID]claim, over []claim, err error) {
	if err := tx.InsertAbsent("recent", []string{"site_id", "digest"}, "site_id", d.claimColumns(tx, digests)...); err != nil {
		return nil, nil, err
	}
	found, err := readClaims(tx.LookupForUpdate, d.Message.Site, digests)
	if err != nil {
		return nil, nil, err
	}
	theirs, over, err = d.counted(tx, found)
	if err != nil {
		return nil, nil, err
	}
	var taken []id.ID // claims of others that do not count against this message
	for _, c := range found {
		if _, counts := theirs[c.digest]; !counts && c.message != d.Message.ID && c.owner != d.owner {
			taken = append(taken, c.digest)
		}
	}
	return theirs, over, tx.UpdateMany("recent", []string{"site_id", "digest"}, d.claimColumns(tx, taken)...)
}

func (d *Draft) claimColumns(tx *db.Tx, digests []id.ID) []db.Column {
	n, goes := len(digests), d.goesAt(tx.Now)
	return []db.Column{db.Same("site_id", d.Message.Site, n), db.Col("digest", digests), db.Same("message_id", d.Message.ID, n), db.Same("owner", d.owner, n),
		db.Same("claimed_at", tx.Now, n), db.Same("goes_at", goes, n), db.Same("expires_at", goes.Add(d.lingers()+d.window), n)}
}

// goesAt is when the message goes that is accepted now: in its hours, and an advertisement not
// in the night.
func (d *Draft) goesAt(now db.Time) db.Time {
	at, _ := d.content.NextHour(Consent{}, d.s.o.Night, max(now, db.At(d.rule.due)).Time())
	return db.At(at)
}

// movable is how much later a scheduled message may be made to go without losing its claims.
const movable = 7 * 24 * time.Hour

// lingers is how much later than that it may go after all.
func (d *Draft) lingers() time.Duration {
	switch {
	case !d.request.ScheduledAt.IsZero():
		return movable
	case d.reviewAbove > 0, d.request.Tempo.PerMinute > 0:
		return d.request.ValidFor
	}
	return 0
}

type lookedUp func(table string, cols []string, key ...db.Column) (*sql.Rows, error)

func readClaims(look lookedUp, siteID string, digests []id.ID) ([]claim, error) {
	rows, err := look("recent", []string{"digest", "message_id", "owner", "claimed_at", "goes_at", "expires_at"}, db.Same("site_id", siteID, len(digests)), db.Col("digest", digests))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (c claim, err error) {
		return c, r.Scan(&c.digest, &c.message, &c.owner, &c.at, &c.goes, &c.expires)
	})
	if err != nil {
		return nil, fmt.Errorf("read what was sent recently: %w", err)
	}
	return list, nil
}

// counted gives those of claims that are another message's and count: it was accepted, not
// cancelled, and goes within the window, or it may still be accepted. And it gives those that
// do not count only since their messages go at other times.
func (d *Draft) counted(tx *db.Tx, found []claim) (theirs map[id.ID]claim, other []claim, err error) {
	var keys []Key
	others := slices.DeleteFunc(slices.Clone(found), func(c claim) bool {
		return c.message == d.Message.ID || c.owner == d.owner || c.expires <= tx.Now
	})
	for _, c := range others {
		keys = append(keys, Key{d.Message.Site, c.message})
	}
	messages, err := ReadMessages(tx, keys)
	if err != nil {
		return nil, nil, err
	}
	theirs = map[id.ID]claim{}
	known := map[id.ID]standing{}
	for _, c := range others {
		m := messages[Key{d.Message.Site, c.message}]
		if !claims(m, c, tx.Now) {
			continue
		}
		if m == nil {
			c.goes = max(c.at, c.goes)
			theirs[c.digest] = c
			continue
		}
		is, asked := known[c.message]
		if !asked {
			if is, err = d.standing(tx, m, c); err != nil {
				return nil, nil, err
			}
			known[c.message] = is
		}
		switch c.goes = is.goes; {
		case !is.went:
		case is.near && c.message != d.request.Resends.ID:
			theirs[c.digest] = c
		default:
			other = append(other, c)
		}
	}
	return theirs, other, nil
}

// standing is how another message stands to a draft.
type standing struct {
	goes db.Time
	near bool // so close to the draft's that the same words count
	went bool // to anybody, or it still may
}

// standing asks how a message stands whose claim is met.
func (d *Draft) standing(tx *db.Tx, m *Message, c claim) (is standing, err error) {
	if is.goes, err = d.s.goes(tx, m, c); err != nil {
		return is, err
	}
	is.near = near(m, is.goes, tx.Now, d.goesAt(tx.Now), d.window)
	is.went, err = went(tx, m)
	return is, err
}

// went reports whether a message went to anybody, or still may.
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

// claims reports whether a claim is its message's, which has not expired: it was accepted and
// not cancelled, or it may still be accepted; m = nil: it is not there. It is pure.
func claims(m *Message, c claim, now db.Time) bool {
	switch {
	case m == nil:
		return now < c.at.Add(unproven)
	case m.State == StateDraft:
		return now < m.CreatedAt.Add(staleDraft)
	}
	return m.State != StateCancelled && m.State != StateCancelling
}

// goes is when the message of a claim goes. Nearly always it is due then; otherwise it has hours,
// or was moved to an earlier time since the claim.
func (s *Service) goes(tx *db.Tx, m *Message, c claim) (db.Time, error) {
	switch {
	case m.State == StateDraft:
		return c.goes, nil
	case c.goes <= m.Due():
		return m.Due(), nil
	}
	content, err := s.Content(tx, m)
	at, _ := content.NextHour(Consent{}, s.o.Night, m.Due().Time())
	return db.At(at), err
}

// near reports whether a message that goes at one time goes within the window of another one
// that goes at a time. It is pure.
func near(m *Message, goes, now, at db.Time, window time.Duration) bool {
	if m.State == StateDraft {
		return true // its time is not known yet
	}
	until := goes
	if m.State.Held() || m.Released > 0 && m.Released < m.Accepted { // it still goes
		until = max(until, now)
	}
	return at.Add(window) > goes && at < until.Add(window)
}

// unclaim gives up what a draft claimed that is not accepted, to those from whom it was taken.
// What cannot be given up now ends by itself, soon.
func (d *Draft) unclaim(ctx context.Context) error {
	before := map[id.ID]claim{}
	for _, c := range d.stood {
		before[c.digest] = c
	}
	for part := range slices.Chunk(d.claims, BatchSize) {
		err := d.s.d.Update(ctx, "message_unclaim", func(tx *db.Tx) error {
			n := len(part)
			_, err := tx.DeleteMany("recent", db.Same("site_id", d.Message.Site, n), db.Col("digest", part), db.Same("message_id", d.Message.ID, n))
			if err != nil {
				return err
			}
			return d.giveBack(tx, part, before)
		})
		if err != nil {
			return fmt.Errorf("give up the words of message %s: %w", d.Message.ID, err)
		}
	}
	d.claims, d.stood = nil, nil
	return nil
}

// giveBack has the claims stand again that stood there before.
func (d *Draft) giveBack(tx *db.Tx, digests []id.ID, before map[id.ID]claim) error {
	var list []claim
	for _, one := range digests {
		if c, stood := before[one]; stood {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return tx.InsertAbsent("recent", []string{"site_id", "digest"}, "site_id", db.Same("site_id", d.Message.Site, len(list)),
		db.Col("digest", pick(list, func(c claim) id.ID { return c.digest })), db.Col("message_id", pick(list, func(c claim) id.ID { return c.message })),
		db.Col("owner", pick(list, func(c claim) id.ID { return c.owner })), db.Col("claimed_at", pick(list, func(c claim) db.Time { return c.at })),
		db.Col("goes_at", pick(list, func(c claim) db.Time { return c.goes })), db.Col("expires_at", pick(list, func(c claim) db.Time { return c.expires })))
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
