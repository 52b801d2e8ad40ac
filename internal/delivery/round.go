package delivery

import (
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/optout"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
)

// round is one try of a plan's transaction.
type round struct {
	*plan
	tx      *db.Tx
	w       *message.Writing
	batches map[message.BatchName]message.Batch

	due   []*message.Message             // scheduled messages whose time has come
	taken []message.BatchName            // waiting batches that are taken now
	loads map[string][]message.Recipient // by account, in the order of their places
	order []string                       // accounts in order of first use
	done  []queue.Claimed

	optedOut map[optout.Name]optout.Scope // of those whose message asks for it
}

// add decides about one task: put it off, end its people, or load them.
func (r *round) add(t task) error {
	m, f := r.w.Messages[t.key.Message], r.facts[t.key.Message]
	if m == nil || f == nil {
		r.done = append(r.done, t.job)
		return nil
	}
	over := r.tx.Now > m.ValidUntil()
	switch {
	case m.State.Held() && !over:
		// Resuming or approving it puts the job again; until then only its expiry matters.
		return r.putOff(t, m.ValidUntil().Add(time.Microsecond), string(m.State))
	case m.State == message.StateScheduled && m.Due() > r.tx.Now:
		return r.putOff(t, m.Due(), "not due")
	case m.State == message.StateScheduled:
		r.due = append(r.due, m)
		m.State = message.StateAccepted
	case m.State != message.StateAccepted && !m.State.Held():
		r.done = append(r.done, t.job) // cancelled or done: nobody waits here
		return nil
	}
	b := r.batches[t.batch]
	fresh := t.key.Step == 1 && b.State == message.BatchWaiting
	people, err := r.waiting(t, m, f, fresh)
	if err != nil {
		return err
	}
	if over {
		r.expire(b, people, fresh)
		r.done = append(r.done, t.job)
		return nil
	}
	if f.hold > 0 {
		return r.putOff(t, min(r.tx.Now.Add(f.hold), m.ValidUntil().Add(time.Second)), "suspended")
	}
	return r.loadAllowed(t, m, f, people, fresh)
}

func (r *round) putOff(t task, until db.Time, why string) error {
	return r.s.queue.Again(r.tx, until, why, t.job)
}

// waiting gives those whom the task can hand over: a whole waiting batch, or
// the rows of those who came back to this step.
func (r *round) waiting(t task, m *message.Message, f *facts, fresh bool) ([]message.Recipient, error) {
	if !fresh {
		return r.s.messages.LockWaiting(r.tx, m, t.key.Batch, t.key.Step)
	}
	people := r.people[t.batch]
	list := make([]message.Recipient, len(people))
	for i, p := range people {
		seq := message.Seq(t.key.Batch*message.BatchSize + i)
		list[i] = r.s.messages.Newborn(m, seq, p.Class, message.SealedMobile(f.key, m.Key, seq, p.Mobile))
	}
	return list, nil
}

func (r *round) expire(b message.Batch, people []message.Recipient, fresh bool) {
	if fresh {
		r.w.Batches = append(r.w.Batches, b.End(message.BatchExpired))
		return
	}
	for _, one := range people {
		r.w.Changes = append(r.w.Changes, message.Expire(one, r.tx.Now))
	}
}

// load gives each person to an account that carries its channel. Where no
// account is healthy the task waits; a batch of which a part can go is taken,
// and the rest of it waits as rows.
func (r *round) load(t task, m *message.Message, f *facts, people []message.Recipient, fresh bool) error {
	accounts := map[heading]string{} // "" = none now
	var wait time.Duration
	var put int
	for _, one := range people {
		w := headingOf(one)
		if f.why(w.channel) != "" {
			continue
		}
		if _, known := accounts[w]; !known {
			n := f.need(one)
			n.large = r.large
			k, rest := r.s.carriers.choose(n)
			if wait = max(wait, rest); k != nil {
				accounts[w] = k.Account.Name
			} else {
				accounts[w] = ""
			}
		}
		if accounts[w] != "" {
			put++
		}
	}
	if wait > 0 && put == 0 && r.blocked(f, people) == 0 {
		return r.putOff(t, r.tx.Now.Add(wait), "no provider")
	}
	if fresh {
		r.taken = append(r.taken, t.batch)
	}
	for _, one := range people {
		r.place(f, one, accounts[headingOf(one)])
	}
	if wait > 0 {
		r.w.RetryAt = max(r.w.RetryAt, r.tx.Now.Add(wait))
	}
	r.done = append(r.done, t.job)
	return nil
}

// heading is what people of one task are alike in who go with one account.
type heading struct {
	channel provider.Channel
	not     string // the account that could not take them
}

func headingOf(r message.Recipient) heading { return heading{r.Channel(), r.Provider} }

// need is what an account is chosen for that can carry one person's leg. One that is
// named in the row certainly did not take the leg.
func (f *facts) need(r message.Recipient) need {
	ch := r.Channel()
	n := need{site: r.Site, channel: ch, not: r.Provider, usable: func(account string) bool { return f.carries(ch, account) }}
	if ch == provider.MMS {
		n.pictures = len(f.wording.Shows())
	}
	return n
}

// blocked counts those whose leg cannot be sent at all any more.
func (r *round) blocked(f *facts, people []message.Recipient) (n int) {
	for _, one := range people {
		if f.why(one.Channel()) != "" {
			n++
		}
	}
	return n
}

// place puts one person into the load of an account, ends a leg that may not be
// sent any more, or lets the person wait as a row.
func (r *round) place(f *facts, one message.Recipient, account string) {
	ch := one.Channel()
	if why := f.why(ch); why != "" {
		r.w.Changes = append(r.w.Changes, fails(one, why, "", r.tx.Now))
		return
	}
	if account == "" {
		r.w.Changes = append(r.w.Changes, message.Release(one))
		return
	}
	if _, seen := r.loads[account]; !seen {
		r.order = append(r.order, account)
	}
	r.loads[account] = append(r.loads[account], one)
}

// cut makes calls of the loads, within what each account takes at once.
func (r *round) cut() error {
	for _, account := range r.order {
		k := r.s.carriers.byName[account]
		open := map[string][]*call{}
		for _, one := range r.loads[account] {
			c := r.room(open, k, one)
			c.members = append(c.members, one)
		}
	}
	for n, c := range r.calls {
		for i, one := range c.members {
			planned := message.Plan(one, c.attempt.ID, c.carrier.Account.Name)
			c.members[i] = planned.To
			if one.Born() {
				r.w.Changes = append(r.w.Changes, planned)
			}
		}
		c.attempt.Groups, c.attempt.Legs = groupsOf(c.members), len(c.members)
		if n < r.begins && c.ready() {
			c.start(&c.attempt, r.tx.Now, r.s.o.LookupGrace)
		}
	}
	return nil
}

// room finds the first call with a place for one more leg: of the same kind, and site where
// its clock may be moved, below the account's limit, and without the same phone where the account refuses to send it twice.
func (r *round) room(open map[string][]*call, k *carrier, one message.Recipient) *call {
	phone, kind := r.phone(one), ""
	if k.caps.Together != nil {
		leg := r.facts[one.Key].wording.Leg(one.Channel(), r.person(one), k.Account.Name)
		kind = k.caps.Together(&leg)
	}
	if k.Account.Test {
		kind = one.Site + "\n" + kind // a call is shifted with its site's clock as a whole
	}
	for _, c := range open[kind] {
		if len(c.members) < k.caps.MaxLegs && !(k.caps.DistinctPhones && c.phones[phone]) {
			c.phones[phone] = true
			return c
		}
	}
	c := &call{carrier: k, plan: r.plan, attempt: attempt{ID: id.New(), Provider: k.Account.Name, State: planned},
		phones: map[uint32]bool{phone: true}}
	open[kind] = append(open[kind], c)
	r.calls = append(r.calls, c)
	return c
}

func (r *round) phone(one message.Recipient) uint32 { return r.person(one).Mobile }

// person finds the unpacked body of one recipient.
func (p *plan) person(one message.Recipient) message.Person {
	people := p.people[message.BatchName{Message: one.Key, No: one.Seq.Batch()}]
	return people[int(one.Seq)%message.BatchSize]
}
