package delivery

import (
	"context"
	"errors"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
)

// maxLegs bounds the recipients that one claim hands over.
// maxCall bounds one call, whatever the account would take: its outcome is one
// transaction, and the one writer of SQLite must not be held for long.
const (
	maxLegs = 2_000
	maxCall = 1_000
)

// sendSingles is send of messages to one person each: somebody waits for them.
func (s *Service) sendSingles(ctx context.Context, jobs []queue.Claimed) error {
	defer s.calm.rush()()
	return s.send(ctx, jobs)
}

// sendCalmly is send of all others.
func (s *Service) sendCalmly(ctx context.Context, jobs []queue.Claimed) error {
	return s.send(context.WithValue(ctx, calmly{}, true), jobs)
}

// calmly marks the context of plans and calls whose steps stand aside.
type calmly struct{}

// step lets a plan or an outcome wait for single messages, unless it is of one. What is asked
// of a provider waits for nobody: it needs little of this machine, and may take long.
func (s *Service) step(ctx context.Context) (end func()) {
	if ctx.Value(calmly{}) == nil {
		return func() {}
	}
	return s.calm.step(ctx)
}

// send hands over the steps of batches that were claimed together. Recipients of
// different messages and sites share calls, so a thousand messages to one person
// each become a handful of calls. The jobs end in the transaction that plans the
// calls: from then on the attempts carry the people.
//
// When the jobs cannot be planned together they are planned in halves, until the
// one that cannot stands alone: a damaged message must not hold up others.
func (s *Service) send(ctx context.Context, jobs []queue.Claimed) error {
	p, err := s.plan(ctx, jobs)
	if err == nil {
		return s.callAll(ctx, p.calls)
	}
	if len(jobs) == 1 || ctx.Err() != nil || fault.Is(err, fault.Unavailable) {
		return err
	}
	half := len(jobs) / 2
	return errors.Join(s.send(ctx, jobs[:half]), s.send(ctx, jobs[half:]))
}

func (s *Service) plan(ctx context.Context, jobs []queue.Claimed) (*plan, error) {
	defer s.step(ctx)()
	p := &plan{s: s, large: ctx.Value(calmly{}) != nil, begins: callsAtOnce}
	if err := p.read(ctx, jobs); err != nil {
		return nil, fmt.Errorf("read what to send: %w", err)
	}
	if err := s.d.Update(ctx, "delivery_plan", p.write); err != nil {
		return nil, fmt.Errorf("plan what to send: %w", err)
	}
	return p, nil
}

// task is one claimed job: one step of one batch.
type task struct {
	job   queue.Claimed
	key   message.BatchKey
	batch message.BatchName
}

// plan turns claimed jobs into calls: read loads what never changes, without a
// lock; write decides and stores in one transaction.
type plan struct {
	s      *Service
	large  bool // it is not of messages to one person
	begins int  // so many calls, that are made as soon as this is committed, begin in the plan's own transaction
	tasks  []task
	stray  []queue.Claimed // jobs whose message is gone
	people map[message.BatchName][]message.Person
	facts  map[message.Key]*facts

	calls []*call
}

func (p *plan) read(ctx context.Context, jobs []queue.Claimed) error {
	for _, j := range jobs {
		k, err := message.ReadBatchKey(j.Site, j.Key)
		if err != nil {
			return err
		}
		p.tasks = append(p.tasks, task{j, k, message.BatchName{Message: k.Message, No: k.Batch}})
	}
	return p.s.d.View(ctx, "delivery_read", func(tx *db.Tx) error {
		messages, err := message.ReadMessages(tx, pick(p.tasks, func(t task) message.Key { return t.key.Message }))
		if err != nil {
			return err
		}
		p.choose(messages)
		q, bodies := message.AskBodies(pick(p.tasks, func(t task) message.BatchName { return t.batch }))
		if p.facts, err = p.s.readFacts(tx, messages, q); err != nil {
			return err
		}
		p.people, err = p.s.messages.Unpack(tx, messages, *bodies)
		return err
	})
}

// choose keeps the jobs whose message is there.
func (p *plan) choose(messages map[message.Key]*message.Message) {
	var keep []task
	for _, t := range p.tasks {
		m := messages[t.key.Message]
		if m == nil || t.key.Batch >= m.Batches {
			p.stray = append(p.stray, t.job)
			continue
		}
		keep = append(keep, t)
	}
	p.tasks = keep
}

// write is the planning transaction.
func (p *plan) write(tx *db.Tx) error {
	p.calls = nil
	w := message.Writing{}
	var err error
	r := &round{plan: p, tx: tx, w: &w, loads: map[string][]message.Recipient{}}
	w.Messages, r.batches, err = message.LockBatches(tx, pick(p.tasks, func(t task) message.Key { return t.key.Message }),
		pick(p.tasks, func(t task) message.BatchName { return t.batch }), r.askOptOuts())
	if err != nil {
		return err
	}
	for _, t := range p.tasks {
		if err := r.add(t); err != nil {
			return err
		}
	}
	if err := message.MarkAccepted(tx, r.due); err != nil {
		return err
	}
	if err := message.TakeBatches(tx, r.taken); err != nil {
		return err
	}
	if err := r.cut(); err != nil {
		return err
	}
	if err := insertAttempts(tx, pick(p.calls, func(c *call) attempt { return c.attempt }), p.s.o.Lease); err != nil {
		return err
	}
	if err := p.s.queue.Done(tx, append(r.done, p.stray...)...); err != nil {
		return err
	}
	return p.s.messages.Record(tx, w)
}
