package message

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// Receipt is what a site is told of an accepted message.
type Receipt struct {
	Message     Key
	State       State
	Strategy    Strategy
	Policy      string
	Total       int64
	Accepted    int64
	Duplicate   int64
	Rejected    int64
	Rejections  []Rejection // the first 10,000
	RejectedBy  map[string]int64
	Duplicates  []Duplicate // the first 10,000
	Tally       Tally
	ScheduledAt db.Time
	CreatedAt   db.Time
	Day         credit.DayStanding // how the site's day stands with it
}

// Truncated reports whether the rejections listed are not all of them.
func (r Receipt) Truncated() bool { return r.Rejected > int64(len(r.Rejections)) }

// Once makes an accept idempotent: the key it is known by, and how the reply of
// this receipt reads, so that a repeat gets the same bytes.
type Once struct {
	Key    idem.Key
	Render func(Receipt) []byte

	nameless bool // the reply names nobody, so it stays as it is when people are forgotten
}

// ByID is a key whose reply is the message's public id and nothing else: what whoever sends on
// behalf of others finds its message by, for ever.
func ByID(k idem.Key) Once {
	return Once{Key: k, Render: func(r Receipt) []byte { return []byte(r.Message.ID.Text(id.Message)) }, nameless: true}
}

// joining is a draft that waits for the accept group.
type joining struct {
	draft *Draft
	once  *Once
}

// joined is a draft's own answer.
type joined struct {
	receipt Receipt
	earlier *idem.Found // the key was taken: the first's reply
	refusal *credit.Refusal
	day     credit.DayStanding
	reply   idem.Reply // as it was stored under the key
	// What the draft was known to go by has changed, or a picture of it is gone: nothing of it
	// is written.
	outdated bool
}

// Replay carries the reply that an idempotency key got before.
type Replay struct{ Reply idem.Reply }

// Error says what happened.
func (e *Replay) Error() string { return "the idempotency key was used before; its reply stands" }

// NewService makes the use cases of messages over one database.
func NewService(d *db.DB, keys *site.Keys, ledger *credit.Ledger, q *queue.Queue, o Options) (*Service, error) {
	if o.FallbackWithin == 0 {
		o.FallbackWithin = 30 * time.Minute
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	m, err := newMeter(o.Registerer)
	if err != nil {
		return nil, err
	}
	s := &Service{d: d, keys: keys, ledger: ledger, queue: q, o: o, meter: m}
	s.group = db.NewApartGroup(d, "message_accept", joining.size, joining.site, s.acceptAll)
	s.facts = db.NewReadGroup(d, "message_draft", s.readWhole)
	s.keyed = db.NewReadGroup(d, "message_earlier", s.findEarlier)
	s.asked = db.NewReadGroup(d, "message_recipients", readAnswers)
	return s, nil
}

// Drain refuses new drafts and waits for those in the accept group.
func (s *Service) Drain(ctx context.Context) error { return s.group.Drain(ctx) }

// site is whose account a member needs.
func (j joining) site() string { return j.draft.Message.Site }

// size is what a member adds to the group's transaction: its own rows (message,
// reservation, entry, event, job, idempotency key, batches) and bytes.
func (j joining) size() (rows, bytes int) {
	rows = 6 + len(j.draft.kept) + len(j.draft.keptRejects) + len(j.draft.shows)
	if !j.draft.request.SavedText.IsZero() {
		rows++ // the job that counts its use
	}
	for _, b := range j.draft.kept {
		bytes += len(b.body) + len(b.finder)
	}
	for _, r := range j.draft.keptRejects {
		bytes += len(r.body)
	}
	return rows, bytes
}

// Accept holds the credit for the draft's worst case and makes it a message, in
// one transaction with other drafts of the moment. Not enough credit is a
// NoCredit fault and leaves nothing behind, the idempotency key free. A key that
// was used before gives *Replay with the first reply, or a mismatch fault.
func (d *Draft) Accept(ctx context.Context, once *Once) (Receipt, error) {
	receipt, err := d.accept(ctx, once)
	if err != nil && (d.staged || len(d.claims) > 0) {
		// The sweep would delete it in an hour; the space is wanted now.
		if drop := d.Discard(context.WithoutCancel(ctx)); drop != nil {
			d.s.o.Log.WarnContext(ctx, "discard draft", "message_id", d.Message.ID.Text(id.Message), "error", drop)
		}
	}
	return receipt, err
}

func (d *Draft) accept(ctx context.Context, once *Once) (Receipt, error) {
	if err := d.ready(ctx); err != nil {
		return Receipt{}, err
	}
	out, recharge, err := d.join(ctx, once)
	if err != nil {
		return Receipt{}, err
	}
	switch {
	case out.outdated && len(d.shows) > 0:
		return Receipt{}, d.unknownAttachments(nil)
	case out.outdated:
		return Receipt{}, ErrOutdated
	case out.earlier != nil && out.earlier.Mismatch:
		return Receipt{}, fault.New(fault.Invalid, fault.CodeIdempotencyMismatch,
			"this Idempotency-Key was used with another request; use a new key for a new request")
	case out.earlier != nil:
		body, err := openReply(d.key, once.Key, out.earlier.Reply.Body)
		if err != nil {
			return Receipt{}, fmt.Errorf("open the earlier reply: %w", err)
		}
		return Receipt{}, &Replay{idem.Reply{Status: out.earlier.Reply.Status, Body: body}}
	case out.refusal != nil:
		return Receipt{}, noCredit(*out.refusal, recharge)
	}
	r := out.receipt
	r.Day = out.day
	d.s.o.Log.InfoContext(ctx, "message accepted", slog.String("context", "message accepted"), slog.String("site_id", r.Message.Site),
		slog.String("message_id", r.Message.ID.Text(id.Message)), slog.Int64("recipient_count", r.Accepted),
		slog.String("routing_strategy", string(r.Strategy)), slog.String("estimated_cost", r.Tally.Estimated.String()))
	return r, nil
}

// finish packs what is left and sums up. No recipient left is a fault.
func (d *Draft) finish(ctx context.Context) error {
	if err := d.settle(ctx); err != nil {
		return err
	}
	if d.accepted == 0 {
		return d.nobody()
	}
	if err := d.timingFits(); err != nil {
		return err
	}
	tally, err := tally(d.classes.list, d.classes.count)
	if errors.Is(err, money.ErrOverflow) {
		return fault.Wrap(err, fault.Invalid, fault.CodeValidation, "the message would cost more than can be counted")
	}
	if err != nil {
		return err
	}
	if err := d.closeBatch(ctx); err != nil {
		return err
	}
	if err := d.closeRefused(ctx); err != nil {
		return err
	}
	r := &d.receipt
	r.Message, r.Strategy, r.Accepted, r.Tally = d.Message, d.request.Strategy, d.accepted, tally
	r.Policy = d.request.Policy
	d.content.Reviewed = d.reviewed()
	d.sealed = nil // a large draft was sealed when its first part was staged, and something may have been counted since
	d.seal()
	return nil
}

func (d *Draft) nobody() error {
	f := fault.New(fault.Invalid, fault.CodeNoRecipients, "no recipient is left to send to")
	if d.receipt.Total == 0 {
		f = f.Says("the message names no recipient")
	}
	for i, r := range d.receipt.Rejections {
		if i == 100 {
			break
		}
		f.Fields = append(f.Fields, fault.Place(fmt.Sprintf("/recipients/%d", r.Index), r.Code, "%s", fault.Finished(r.Detail)))
	}
	return f.With("rejected_by_code", d.receipt.RejectedBy).With("rejections", d.receipt.Rejections[:min(100, len(d.receipt.Rejections))])
}

// seal gives the sealed content. It does not change any more, so that it is sealed once,
// and by the caller rather than in the group that others wait for.
func (d *Draft) seal() []byte {
	if d.sealed == nil {
		d.sealed = d.key.Seal(contentContext(d.Message.ID), []byte(jsonText(d.content)))
	}
	return d.sealed
}

// row is the draft as its message row will be.
func (d *Draft) row(state State, now db.Time) *Message {
	m := &Message{Key: d.Message, State: state, Strategy: d.request.Strategy, CreatedAt: now, ValidFor: d.request.ValidFor,
		Classes: d.classes.list, ClassCounts: d.classes.count, RejectedBy: d.receipt.RejectedBy, Estimated: d.receipt.Tally.Estimated,
		Batches: d.batches, Total: d.receipt.Total, Accepted: d.accepted, Duplicate: d.receipt.Duplicate, Rejected: d.receipt.Rejected}
	if at := db.At(d.request.ScheduledAt); !d.request.ScheduledAt.IsZero() && at > now {
		m.ScheduledAt = at
	}
	if state != StateDraft && m.ScheduledAt > 0 {
		m.State = StateScheduled
	}
	if state != StateDraft && d.reviewed() {
		m.State = StateReview
	}
	m.Notify, m.sealed = d.notify, d.seal()
	return m
}

// acceptAll is the accept group's transaction: idempotency keys and messages,
// then the credit decision under the accounts' locks, and after it only fresh
// rows and the removal of those that do not fit.
func (s *Service) acceptAll(tx *db.Tx, in []joining) ([]joined, error) {
	out := make([]joined, len(in))
	if err := confirm(tx, in, out); err != nil {
		return nil, err
	}
	if err := holdAttachments(tx, in, out); err != nil {
		return nil, err
	}
	fresh, err := s.takeKeys(tx, in, out)
	if err != nil {
		return nil, err
	}
	messages := make([]*Message, len(in))
	for _, i := range fresh {
		messages[i] = in[i].draft.row(StateAccepted, tx.Now)
		if once := in[i].once; once != nil && !once.nameless {
			messages[i].reply = once.Key.Digest()
		}
	}
	if err := writeDrafts(tx, in, messages, fresh); err != nil {
		return nil, err
	}
	holds := make([]credit.Hold, len(fresh))
	for n, i := range fresh {
		m := messages[i]
		holds[n] = credit.Hold{Site: m.Site, Message: m.ID, Amount: in[i].draft.receipt.Tally.Held, Recipients: m.Accepted, Classes: frozen(m.Classes), Day: &out[i].day}
	}
	listeners, heard := event.AskListeners(pick(holds, func(h credit.Hold) string { return h.Site }))
	refusals, err := s.ledger.Reserve(tx, holds, append(askUnasked(in, fresh, holds), listeners)...)
	if err != nil {
		return nil, err
	}
	var held []int
	for n, i := range fresh {
		switch r := refusals[n]; {
		case r == nil:
			held = append(held, i)
		case r.Void:
			out[i].outdated = true
		default:
			out[i].refusal = r
		}
	}
	if err := s.dropRefused(tx, in, out, fresh); err != nil {
		return nil, err
	}
	if err := s.follow(tx, in, out, messages, held, heard); err != nil {
		return nil, err
	}
	answerTwins(in, out)
	return out, nil
}

// answerTwins gives the second of two equal keys in one group what the first got.
func answerTwins(in []joining, out []joined) {
	first, voided := map[idem.Key]int{}, map[idem.Key]bool{}
	for i, j := range in {
		if j.once == nil {
			continue
		}
		f := out[i].earlier
		if out[i].outdated {
			voided[j.once.Key] = true
			continue
		}
		if f == nil {
			first[j.once.Key] = i
			continue
		}
		if f.Mismatch || f.Reply.Status != 0 {
			continue
		}
		if w, ok := first[j.once.Key]; !ok && voided[j.once.Key] {
			out[i].earlier, out[i].outdated = nil, true
		} else if ok && out[w].refusal != nil {
			out[i].earlier, out[i].refusal = nil, out[w].refusal
		} else if ok {
			f.Reply = out[w].reply
		}
	}
}

// takeKeys claims the idempotency keys and gives the members that go on.
func (s *Service) takeKeys(tx *db.Tx, in []joining, out []joined) (fresh []int, err error) {
	var records []idem.Record
	var owner []int
	for i, j := range in {
		if j.once != nil && !out[i].outdated {
			records = append(records, idem.Record{Key: j.once.Key})
			owner = append(owner, i)
		}
	}
	found, err := idem.Put(tx, records...)
	if err != nil {
		return nil, err
	}
	for n, f := range found {
		if f.Exists || f.Mismatch {
			out[owner[n]].earlier = &found[n]
		}
	}
	for i := range in {
		if out[i].earlier == nil && !out[i].outdated {
			fresh = append(fresh, i)
		}
	}
	return fresh, nil
}

// writeDrafts writes the rows of new drafts and turns staged ones into messages.
func writeDrafts(tx *db.Tx, in []joining, messages []*Message, fresh []int) error {
	var insert, update []*Message
	var batches []staged
	var refused []stagedRejects
	for _, i := range fresh {
		d := in[i].draft
		if d.staged {
			update = append(update, messages[i])
		} else {
			insert = append(insert, messages[i])
		}
		for _, b := range d.kept {
			batches = append(batches, staged{d.Message, b})
		}
		for _, r := range d.keptRejects {
			refused = append(refused, stagedRejects{d.Message, r})
		}
	}
	sortByKey(insert)
	sortByKey(update)
	sortBatches(batches)
	return tx.Later(nil, func() error { return writeRows(tx, insert, update, batches, refused) })
}

func writeRows(tx *db.Tx, insert, update []*Message, batches []staged, refused []stagedRejects) error {
	if err := insertMessages(tx, insert); err != nil {
		return fmt.Errorf("insert messages: %w", err)
	}
	if err := updateStaged(tx, update); err != nil {
		return fmt.Errorf("accept staged messages: %w", err)
	}
	if err := insertBatches(tx, batches); err != nil {
		return fmt.Errorf("insert batches: %w", err)
	}
	if err := insertRejects(tx, refused); err != nil {
		return fmt.Errorf("insert rejections: %w", err)
	}
	return nil
}

// dropRefused takes back the rows of drafts that the credit does not cover, so
// that a refusal leaves nothing and its idempotency key stays free.
func (s *Service) dropRefused(tx *db.Tx, in []joining, out []joined, fresh []int) error {
	var keys []idem.Key
	var gone []Key
	for _, i := range fresh {
		if out[i].refusal == nil && !out[i].outdated {
			continue
		}
		if in[i].once != nil {
			keys = append(keys, in[i].once.Key)
		}
		if in[i].draft.staged {
			if _, err := tx.Exec(`UPDATE message SET state = 'draft' WHERE site_id = ? AND id = ?`, in[i].draft.Message.Site, in[i].draft.Message.ID); err != nil {
				return fmt.Errorf("return draft %s: %w", in[i].draft.Message.ID, err)
			}
			continue
		}
		gone = append(gone, in[i].draft.Message)
	}
	if err := idem.Forget(tx, keys...); err != nil {
		return err
	}
	if len(gone) == 0 {
		return nil
	}
	sites, ids := columns(gone)
	for _, part := range [][2]string{{"batch", "message_id"}, {"reject", "message_id"}, {"message", "id"}} {
		if _, err := tx.DeleteMany(part[0], db.Col("site_id", sites), db.Col(part[1], ids)); err != nil {
			return fmt.Errorf("drop refused messages: %w", err)
		}
	}
	return nil
}

// directBatches is the number of batches whose jobs are made in the accepting
// transaction; larger and scheduled messages get one launch job that makes them.
const directBatches = 8

// follow writes what comes after the hold: events, jobs, replies of keys.
func (s *Service) follow(tx *db.Tx, in []joining, out []joined, messages []*Message, held []int, heard event.Listeners) error {
	var events []event.Event
	var jobs []queue.Job
	var replies []idem.Record
	for _, i := range held {
		d, m := in[i].draft, messages[i]
		r := d.receipt
		r.State, r.CreatedAt, r.ScheduledAt = m.State, m.CreatedAt, m.ScheduledAt
		out[i].receipt = r
		events = append(events, messageEvent(m, "message.accepted"))
		jobs = append(jobs, s.firstJobs(m, d)...)
		if in[i].once != nil {
			body := d.key.Seal(replyContext(in[i].once.Key), in[i].once.Render(r))
			out[i].reply = idem.Reply{Status: 202, Body: body}
			replies = append(replies, idem.Record{Key: in[i].once.Key, Reply: out[i].reply})
		}
	}
	if err := useAttachments(tx, in, held); err != nil {
		return err
	}
	if err := s.askReviews(tx, in, messages, held); err != nil {
		return err
	}
	if err := heard.Append(tx, events...); err != nil {
		return err
	}
	if err := s.queue.Put(tx, jobs...); err != nil {
		return err
	}
	return idem.SetReply(tx, replies...)
}
