package delivery

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"creditmsg/internal/attachment"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// call is a planned attempt with what is needed to make it.
type call struct {
	attempt attempt
	carrier *carrier
	plan    *plan
	members []message.Recipient // in the order of their places
	phones  map[uint32]bool

	pictures map[attachment.Name]picture // of an MMS, once they are ready

	needs []need      // what another account would be asked for; none where there is no other
	taken atomic.Bool // somebody makes it or puts it back
	over  atomic.Bool // that is done
}

// callTimeout bounds one call from its first request to its last; deadlines are
// stored before the call, so that recover knows when it must be over.
func (k *carrier) callTimeout() time.Duration {
	return 4 * orElse(k.Account.Timeout, 15*time.Second)
}

// ready reports whether a call that is planned now can be made the moment its plan is
// committed: nothing holds its account back, and nobody in it has to be looked at again.
// It then begins with its plan, which saves a transaction before every hand-over. Not so
// where the provider cannot say for certain what became of a call, nor for an MMS, whose
// pictures are uploaded first: a process that dies between the two must leave a call that was
// certainly not made.
func (c *call) ready() bool {
	again := func(r message.Recipient) bool { return r.EarlierStep != 0 || r.Channel() == provider.MMS }
	return c.carrier.free() && c.carrier.caps.Lookup == provider.LookupAuthoritative && !slices.ContainsFunc(c.members, again)
}

// start makes a, the call's attempt or a copy of it, one that is being made from now on,
// with the moment at which recovery looks what became of it.
func (c *call) start(a *attempt, now db.Time, grace time.Duration) {
	a.State, a.CalledAt, a.Deadline = calling, now, now.Add(c.carrier.callTimeout())
	a.AskAt = a.Deadline.Add(grace)
	for i := range c.members {
		c.members[i].HandedAt = now
	}
}

// callsAtOnce is how many calls of one plan are under way at a time, to one account.
const callsAtOnce = 4

// make makes one call: its turn, the pictures, the guarded step to calling unless it began with
// its plan, the request outside of any transaction, and the outcome.
func (s *Service) make(ctx context.Context, c *call) error {
	sleep := func(d time.Duration) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	stops := ctx.Err() != nil && c.attempt.State == planned // what is not begun is another process's
	if stops || s.hangs(c) {
		return s.putBack(context.WithoutCancel(ctx), c, 0)
	}
	wait, err := c.carrier.admit(len(c.members), sleep)
	if err != nil || wait > 0 {
		return errors.Join(err, s.putBack(context.WithoutCancel(ctx), c, wait))
	}
	start := time.Now()
	if c.attempt.State == planned {
		if failed := s.preparePictures(ctx, c); failed != nil {
			return s.end(ctx, c, *failed, start)
		}
		if went, err := s.begin(ctx, c); err != nil || !went {
			c.carrier.forgo()
			return err
		}
	}
	if s.barred(c) {
		c.carrier.forgo()
		return s.putBack(context.WithoutCancel(ctx), c, 0)
	}
	start = time.Now()
	landed := c.carrier.health.take(c.attempt.ID, c.plan.large)
	result := s.submit(ctx, c)
	landed()
	if len(result.Gone) > 0 {
		result = s.forgetPictures(ctx, c, result)
	}
	return s.end(ctx, c, result, start)
}

// end writes what became of a call.
func (s *Service) end(ctx context.Context, c *call, result provider.Result, start time.Time) (err error) {
	if c.attempt.State == planned && result.Reason == "" {
		c.carrier.forgo() // its provider was not asked
	} else {
		s.learnCall(c.carrier, result)
	}
	if c.mixed(result) {
		err = s.split(context.WithoutCancel(ctx), c, result)
	} else {
		err = s.concludeFor(ctx, c, result, start.Add(c.carrier.callTimeout()+s.o.LookupGrace))
	}
	s.log(ctx, c, result, time.Since(start), err)
	return err
}

func (s *Service) submit(ctx context.Context, c *call) (result provider.Result) {
	legs := make([]provider.Leg, len(c.members))
	for i, r := range c.members {
		f := c.plan.facts[r.Key]
		legs[i] = f.wording.Leg(r.Channel(), c.plan.person(r), c.carrier.Account.Name)
		legs[i].Ref = r.Reference()
		c.show(&legs[i], r.Site, f.wording.Shows())
	}
	// The call outlives a stop signal: what was begun is brought to its end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.carrier.callTimeout())
	defer cancel()
	store := func(ctx context.Context, upstream string) error {
		if s.barred(c) {
			return errBarred
		}
		return s.d.Update(ctx, "delivery_begun", func(tx *db.Tx) error { return begun(tx, c.attempt.ID, upstream) })
	}
	err := fault.Contain("the adapter", func() error {
		result = c.carrier.Adapter.Submit(ctx, provider.Call{ID: c.attempt.ID, Legs: legs}, store)
		return nil
	})
	if err != nil { // what it had sent by then nobody knows: the vendor is asked
		s.o.Log.ErrorContext(ctx, "a call broke off", slog.String("provider", c.carrier.Account.Name), slog.Any("error", err))
		return provider.Result{Outcome: provider.Unknown, Text: "the adapter broke off"}
	}
	return result
}

// begun notes what the provider calls a call, unless recovery has taken that over. It has
// not, as a rule: so the row is only asked for when an update of it has met none.
func begun(tx *db.Tx, attempt id.ID, upstream string) error {
	if tx.Rerun {
		found, err := readAttempts(tx, []id.ID{attempt})
		if err != nil {
			return err
		}
		if found[attempt].State != calling {
			return errTaken
		}
	}
	return tx.Later(nil, func() error {
		return tx.UpdateMany("attempt", []string{"id", "state"}, db.Col("id", []id.ID{attempt}),
			db.Same("state", string(calling), 1), db.Same("upstream_id", upstream, 1))
	})
}

var errTaken = errors.New("the attempt was taken over by recovery")

// begin moves the attempt from planned to calling, without those whose message
// was paused or cancelled meanwhile, or whose earlier leg was delivered after all.
func (s *Service) begin(ctx context.Context, c *call) (went bool, err error) {
	all := c.members
	err = s.d.Update(ctx, "delivery_call", func(tx *db.Tx) error {
		went = false
		w := message.Writing{}
		if w.Messages, err = message.Lock(tx, c.attempt.messages()); err != nil {
			return err
		}
		a := c.attempt
		c.members, w.Changes, err = s.stillWanted(tx, w.Messages, a, all)
		if err != nil {
			return err
		}
		c.start(&a, tx.Now, s.o.LookupGrace)
		if len(c.members) == 0 {
			a.State, a.AskAt = closed, 0
		}
		a.Groups, a.Legs = groupsOf(c.members), len(c.members)
		ours, err := move(tx, a, planned, a.State)
		if err != nil || !ours {
			return err
		}
		went, c.attempt = a.State == calling, a
		return s.messages.Record(tx, w)
	})
	return went, err
}

// stillWanted parts the members of a planned call into those to hand over and
// the changes of the others.
func (s *Service) stillWanted(tx *db.Tx, messages map[message.Key]*message.Message, a attempt, all []message.Recipient) (keep []message.Recipient, changes []message.Change, err error) {
	now, err := s.current(tx, messages, all)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range now {
		m := messages[r.Key]
		switch {
		case r.State != message.Pending || r.Attempt != a.ID:
			// Moved on without this call; nothing of it is ours.
		case r.EarlierStep != 0:
			changes = append(changes, message.DeliverEarlier(r, tx.Now))
		case m == nil || m.State != message.StateAccepted:
			changes = append(changes, message.Release(r))
		default:
			keep = append(keep, r)
		}
	}
	return keep, changes, nil
}

// current gives the members as they stand: those with a row are read and locked.
func (s *Service) current(tx *db.Tx, messages map[message.Key]*message.Message, all []message.Recipient) ([]message.Recipient, error) {
	var places []message.Place
	for _, r := range all {
		if r.Born() {
			places = append(places, r.Place)
		}
	}
	rows, err := s.messages.LockRecipients(tx, messages, places)
	if err != nil {
		return nil, err
	}
	byPlace := make(map[message.Place]message.Recipient, len(rows))
	for _, r := range rows {
		byPlace[r.Place] = r
	}
	out := make([]message.Recipient, 0, len(all))
	for _, r := range all {
		if !r.Born() {
			out = append(out, r)
		} else if row, ok := byPlace[r.Place]; ok {
			out = append(out, row)
		}
	}
	return out, nil
}

// putBack gives up a call that may not go now; it was not made, even if it had begun
// with its plan.
func (s *Service) putBack(ctx context.Context, c *call, wait time.Duration) error {
	return s.d.Update(ctx, "delivery_put_back", func(tx *db.Tx) error {
		w := message.Writing{RetryAt: tx.Now.Add(wait)}
		var err error
		if w.Messages, err = message.Lock(tx, c.attempt.messages()); err != nil {
			return err
		}
		a := c.attempt
		a.AskAt, a.CalledAt, a.Deadline, a.AnsweredAt = 0, 0, 0, tx.Now
		ours, err := move(tx, a, a.State, notSent)
		if err != nil || !ours {
			return err
		}
		members, err := s.current(tx, w.Messages, c.members)
		if err != nil {
			return err
		}
		for _, r := range members {
			if r.State == message.Pending && r.Attempt == a.ID {
				r.HandedAt = 0
				w.Changes = append(w.Changes, message.Release(r))
			}
		}
		return s.messages.Record(tx, w)
	})
}

// concludeFor writes the outcome of a call, which nobody else knows: while the database
// is away it tries again, until the process stops or recovery takes the call over.
func (s *Service) concludeFor(ctx context.Context, c *call, result provider.Result, until time.Time) error {
	for {
		err := s.conclude(context.WithoutCancel(ctx), c, result)
		if !fault.Is(err, fault.Unavailable) || time.Now().After(until) {
			return err
		}
		rest := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			rest.Stop()
			return err
		case <-rest.C:
		}
	}
}

// conclude writes the outcome of a call with everyone's change.
func (s *Service) conclude(ctx context.Context, c *call, result provider.Result) error {
	defer s.step(ctx)()
	return s.d.Update(ctx, "delivery_outcome", func(tx *db.Tx) error {
		tx.OnCommit(func() { s.learnLegs(handed(c, result)) })
		w := message.Writing{RetryAt: retryAt(tx.Now, result.RetryAfter), Elsewhere: result.Outcome != provider.Accepted && s.elsewhere(c)}
		members, err := s.answer(tx, c, result, &w)
		if err != nil {
			return err
		}
		byPlace := make(map[message.Place]int, len(c.members))
		for i, r := range c.members {
			byPlace[r.Place] = i
		}
		for _, r := range members {
			r.HandedAt = c.attempt.CalledAt
			w.Changes = append(w.Changes, outcome(r, result, byPlace[r.Place], tx.Now))
		}
		w.Jobs = s.awaitJobs(w.Changes, tx.Now)
		if err := s.messages.Record(tx, w); err != nil {
			return err
		}
		return alert(tx, c, result)
	})
}

// alert tells the operator of a failure that only the operator can mend: the
// provider's balance, credentials or quota.
func alert(tx *db.Tx, c *call, r provider.Result) error {
	if !r.Reason.Operators() {
		return nil
	}
	data := jsonText(map[string]any{"provider": c.carrier.Account.Name, "reason": r.Reason, "code": code(r.Code), "waiting": len(c.members)})
	return event.Append(tx, event.Event{Site: site.Operator, Type: "provider.failing", Ref: c.carrier.Account.Name, Data: []byte(data)})
}

// answer moves the attempt on from calling, or from planned where it could not be made at
// all, and gives the members that the answer is about: a report may have been quicker than
// the reply.
func (s *Service) answer(tx *db.Tx, c *call, result provider.Result, w *message.Writing) (members []message.Recipient, err error) {
	if w.Messages, err = message.Lock(tx, c.attempt.messages()); err != nil {
		return nil, err
	}
	a := c.attempt
	a.AnsweredAt, a.Reason, a.Code, a.AskAt, a.UpstreamID = tx.Now, result.Reason, code(result.Code), 0, result.UpstreamID
	next := outcomeState(result.Outcome)
	switch next {
	case unknown:
		a.AnsweredAt, a.AskAt = 0, tx.Now.Add(s.o.LookupGrace)
	case answered:
		a.AskAt = s.firstPoll(a, tx.Now)
	}
	ours, err := move(tx, a, c.attempt.State, next)
	if err == nil && !ours {
		err = errTaken
	}
	if err != nil {
		return nil, err
	}
	members, err = s.current(tx, w.Messages, c.members)
	return slices.DeleteFunc(members, func(r message.Recipient) bool { return r.State.Final() || r.Attempt != a.ID }), err
}

func retryAt(now db.Time, after time.Duration) db.Time {
	if after <= 0 {
		return 0
	}
	return now.Add(min(after, 10*time.Minute))
}

func outcomeState(o provider.Outcome) attemptState {
	switch o {
	case provider.Accepted:
		return answered
	case provider.Refused:
		return refused
	case provider.NotSent:
		return notSent
	default:
		return unknown
	}
}

// outcome says what the answer to a call does to its i-th member. It is pure.
func outcome(r message.Recipient, result provider.Result, i int, now db.Time) message.Change {
	switch result.Outcome {
	case provider.Accepted:
		if m := result.Members[i]; m.Refused {
			return fails(r, m.Reason, code(m.Code), now)
		}
		if r.State == message.Sent {
			return message.Ignore(r, "reported on its way before the reply")
		}
		return message.HandOver(r, now)
	case provider.Refused:
		return fails(r, result.Reason, code(result.Code), now)
	case provider.NotSent:
		return message.Again(r, result.Reason, code(result.Code), now)
	default:
		if r.State == message.Sent {
			return message.Ignore(r, "reported on its way, whatever became of the reply")
		}
		return message.Doubt(r)
	}
}

// awaitJobs gives one job for each step of each batch that now waits for reports.
func (s *Service) awaitJobs(changes []message.Change, now db.Time) []queue.Job {
	seen := map[message.BatchKey]bool{}
	var jobs []queue.Job
	for _, c := range changes {
		r := c.To
		k := message.BatchKey{Message: r.Key, Batch: r.Seq.Batch(), Step: r.Step}
		if r.State != message.Sent && r.State != message.Unknown || seen[k] {
			continue
		}
		seen[k] = true
		due := min(now.Add(lookAfter[0]), r.HandedAt.Add(s.expiry(r.Channel())))
		jobs = append(jobs, message.AwaitJob(k.Message, k.Batch, k.Step, due))
	}
	return jobs
}

// log writes the one wide line of a call.
func (s *Service) log(ctx context.Context, c *call, r provider.Result, took time.Duration, err error) {
	level := slog.LevelInfo
	if r.Outcome != provider.Accepted || err != nil {
		level = slog.LevelWarn
	}
	refusals := 0
	for _, m := range r.Members {
		if m.Refused {
			refusals++
		}
	}
	attrs := []slog.Attr{slog.String("context", "provider call"), slog.String("attempt", c.attempt.ID.Text(id.Attempt)),
		slog.String("provider", c.carrier.Account.Name), slog.Int("legs", len(c.members)), slog.Int("refused", refusals),
		slog.String("outcome", r.Outcome.String()), slog.Duration("took", took)}
	if r.Reason != "" {
		attrs = append(attrs, slog.String("reason", string(r.Reason)), slog.String("code", code(r.Code)), slog.String("text", korea.MaskIn(r.Text)))
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	s.o.Log.LogAttrs(ctx, level, "provider call", attrs...)
}
