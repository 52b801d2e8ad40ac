package message

import (
	"fmt"
	"slices"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/stat"
)

// Writing is what one transaction does to messages whose rows it has locked.
type Writing struct {
	Messages map[Key]*Message
	Changes  []Change    // in the order decided; several may move one recipient
	Batches  []BatchEnd  // batches whose recipients end without a row
	Jobs     []queue.Job // further jobs of the same transaction
	RetryAt  db.Time     // earliest time for those who wait again; 0 = as each change asks
	// Elsewhere says that another account is there for those who wait again: they need not
	// wait for the one that did not take them.
	Elsewhere bool
}

// BatchEnd ends a waiting batch whose recipients have no rows.
type BatchEnd struct {
	Message Key
	No      int
	State   BatchState // BatchCancelled or BatchExpired
	Size    int64
	Counts  []int64 // by class
}

// fallbackDelay lets the reports of one wave share a fallback job.
const fallbackDelay = 2 * time.Second

// Record writes changes with everything that follows from them, in the lock
// order: rows of recipients and batches, counters, jobs for those who wait again,
// the money, then statistics and events. What a recipient spends or releases is settled in the
// transaction that makes it final, so nobody can be charged twice.
func (s *Service) Record(tx *db.Tx, w Writing) error {
	changes := merge(w.Changes)
	w.takeBack(changes, tx.Now)
	sums := newSums(w.Messages, s.o.Cost)
	legs := map[leg]int{}
	for _, c := range changes {
		if err := sums.count(c); err != nil {
			return err
		}
		for _, l := range ended(w.Messages[c.From.Key], c) {
			legs[l]++
		}
	}
	for _, b := range w.Batches {
		if err := sums.end(b); err != nil {
			return err
		}
	}
	err := tx.Later(nil, func() error {
		if err := endBatches(tx, w.Batches); err != nil {
			return err
		}
		if err := writeRecipients(tx, changes); err != nil {
			return err
		}
		return sums.writeMessages(tx)
	})
	if err != nil {
		return err
	}
	if err := releaseAttachments(tx, sums.done); err != nil {
		return err
	}
	if err := s.noteOffKakao(tx, w.Messages, changes); err != nil {
		return err
	}
	if err := s.queue.Put(tx, append(waitingJobs(w, changes, tx.Now), w.Jobs...)...); err != nil {
		return err
	}
	if err := s.ledger.Settle(tx, sums.settlements()); err != nil {
		return err
	}
	if err := stat.Append(tx, sums.figures.deltas()...); err != nil {
		return err
	}
	tx.OnCommit(func() { s.meter.add(legs, sums.done) })
	return s.tell(tx, w, changes, sums)
}

// merge joins the changes of one recipient: the first's before, the last's after.
func merge(list []Change) []Change {
	at := make(map[Place]int, len(list))
	out := make([]Change, 0, len(list))
	for _, c := range list {
		if c.What == Ignored {
			continue
		}
		i, seen := at[c.From.Place]
		if !seen {
			at[c.From.Place] = len(out)
			out = append(out, c)
			continue
		}
		c.From = out[i].From
		c.What = max(c.What, out[i].What)
		out[i] = c
	}
	slices.SortFunc(out, func(a, b Change) int { return comparePlaces(a.From.Place, b.From.Place) })
	return out
}

// takeBack cancels those who would wait again although their message is being
// cancelled.
func (w Writing) takeBack(changes []Change, now db.Time) {
	for i, c := range changes {
		m := w.Messages[c.To.Key]
		if m != nil && m.State == StateCancelling && c.To.State == Pending && c.To.Attempt.IsZero() {
			changes[i].To = Cancel(c.To, now).To
		}
	}
}

// waitingJobs gives the send jobs of those who wait for a hand-over again.
func waitingJobs(w Writing, changes []Change, now db.Time) []queue.Job {
	var jobs []queue.Job
	seen := map[string]int{}
	for _, c := range changes {
		if c.To.State != Pending || !c.To.Attempt.IsZero() || c.What != Moved {
			continue
		}
		due := max(now, w.RetryAt, c.Until)
		switch {
		case c.To.Step > c.From.Step:
			due = now.Add(fallbackDelay)
		case c.To.Try > c.From.Try && w.Elsewhere && c.To.Try <= elsewhereTries:
			due = now.Add(elsewhereDelay)
		case c.To.Try > c.From.Try:
			due = max(w.RetryAt, now.Add(retryDelay(c.To.Try)))
		}
		job := SendJob(w.Messages[c.To.Key], c.To.Seq.Batch(), c.To.Step, due)
		if i, ok := seen[job.Key]; ok {
			jobs[i].Due, jobs[i].Rank = min(jobs[i].Due, job.Due), min(jobs[i].Rank, job.Rank)
			continue
		}
		seen[job.Key] = len(jobs)
		jobs = append(jobs, job)
	}
	return jobs
}

// Those who were not taken by one account go to another one so soon, and so often before
// they wait like everybody else.
const (
	elsewhereDelay = time.Second
	elsewhereTries = 4
)

// retryDelay grows from 5 s to 5 min with the number of tries.
func retryDelay(try int) time.Duration {
	return min(5*time.Second<<min(max(try-2, 0), 6), 5*time.Minute)
}

// sums is what the changes of one transaction add up to, by message.
type sums struct {
	messages map[Key]*Message
	order    []Key
	money    map[Key]*credit.Settlement
	figures  figures
	final    map[Key]bool // something became final
	done     []*Message   // messages that ended
}

func newSums(messages map[Key]*Message, cost Cost) *sums {
	return &sums{messages: messages, money: map[Key]*credit.Settlement{}, figures: figures{map[about]stat.Figures{}, cost}, final: map[Key]bool{}}
}

func (s *sums) message(k Key) (*Message, *credit.Settlement, error) {
	m, ok := s.messages[k]
	if !ok {
		return nil, nil, fmt.Errorf("record a change of message %s: its row is not locked", k.ID)
	}
	if s.money[k] == nil {
		s.money[k] = &credit.Settlement{Site: k.Site, Message: k.ID}
		s.order = append(s.order, k)
	}
	return m, s.money[k], nil
}

// count moves one recipient between the counters and, when it becomes final,
// adds what it spends and gives back.
func (s *sums) count(c Change) error {
	m, pay, err := s.message(c.From.Key)
	if err != nil {
		return err
	}
	if err := s.figures.change(m, c); err != nil {
		return fmt.Errorf("count a recipient of message %s: %w", m.ID, err)
	}
	if c.What == Late {
		m.Late++
	}
	m.Counts.add(c.From.State, -1)
	m.Counts.add(c.To.State, 1)
	if c.From.State.Final() || !c.To.State.Final() {
		return nil
	}
	s.final[c.From.Key] = true
	hold := c.From.Hold()
	if c.To.State == Delivered {
		step := c.To.Steps[c.To.Step-1]
		m.By[step.Channel]++
		pay.Delivered = addDelivered(pay.Delivered, step)
		hold -= step.Price
	}
	pay.Released, err = pay.Released.Plus(hold)
	return err
}

func addDelivered(list []credit.Delivered, s Step) []credit.Delivered {
	for i := range list {
		if list[i].Channel == s.Channel && list[i].Price == s.Price {
			list[i].Count++
			return list
		}
	}
	return append(list, credit.Delivered{Channel: s.Channel, Count: 1, Price: s.Price})
}

// end gives back what was held for a batch whose recipients have no rows.
func (s *sums) end(b BatchEnd) error {
	m, pay, err := s.message(b.Message)
	if err != nil {
		return err
	}
	if err := s.figures.end(m, b); err != nil {
		return fmt.Errorf("count a batch of message %s: %w", m.ID, err)
	}
	s.final[b.Message] = true
	if b.State == BatchCancelled {
		m.Counts.Cancelled += b.Size
	} else {
		m.Counts.Expired += b.Size
	}
	var held money.Amount
	for class, n := range b.Counts {
		if held, err = addTimes(held, m.Classes[class].Hold(), n); err != nil {
			return err
		}
	}
	pay.Released, err = pay.Released.Plus(held)
	return err
}

func (c *Counts) add(p Progress, n int64) {
	switch p {
	case Sent:
		c.Sent += n
	case Unknown:
		c.Unknown += n
	case Delivered:
		c.Delivered += n
	case Failed:
		c.Failed += n
	case Expired:
		c.Expired += n
	case Cancelled:
		c.Cancelled += n
	case Pending: // what is in no counter is pending
	}
}

func (s *sums) writeMessages(tx *db.Tx) error {
	list := make([]*Message, 0, len(s.order))
	for _, k := range s.order {
		m := s.messages[k]
		if m.Counts.final() == m.Accepted && !m.State.Final() {
			m.DoneAt = tx.Now
			s.done = append(s.done, m)
			if m.State == StateCancelling {
				m.State = StateCancelled
			} else {
				m.State = StateDone
			}
		}
		list = append(list, m)
	}
	return updateCounters(tx, list)
}

func (s *sums) settlements() []credit.Settlement {
	var list []credit.Settlement
	for _, k := range s.order {
		if p := s.money[k]; len(p.Delivered) > 0 || p.Released > 0 {
			list = append(list, *p)
		}
	}
	return list
}

// events tells of each message that somebody's end moved, once a transaction; told are those
// of which people want to be told, too.
func (s *sums) events() (told, list []event.Event) {
	for _, k := range s.order {
		if !s.final[k] {
			continue
		}
		m := s.messages[k]
		kind := "message.progress"
		if m.State.Final() {
			kind = "message." + string(m.State)
		}
		if m.tells() && slices.Contains(s.done, m) {
			told = append(told, messageEvent(m, kind))
		} else {
			list = append(list, messageEvent(m, kind))
		}
	}
	return told, list
}

// eventData is the body of a message's event: no number, no text.
type eventData struct {
	Message   string                     `json:"message_id"`
	Status    State                      `json:"status"`
	Accepted  int64                      `json:"accepted"`
	Pending   int64                      `json:"pending"`
	Sent      int64                      `json:"sent"`
	Unknown   int64                      `json:"unknown"`
	Delivered int64                      `json:"delivered"`
	Failed    int64                      `json:"failed"`
	Expired   int64                      `json:"expired"`
	Cancelled int64                      `json:"cancelled"`
	By        map[provider.Channel]int64 `json:"delivered_by"`
	Cost      *money.Amount              `json:"actual_cost,omitempty"` // of one that is done
	Notify    string                     `json:"notify,omitempty"`      // why people are told
}

func messageEvent(m *Message, kind string) event.Event {
	public := m.ID.Text("msg")
	by := map[provider.Channel]int64{}
	for c, n := range m.By {
		by[provider.Channel(c)] = n
	}
	c := m.Counts
	return event.Event{Site: m.Site, Type: kind, Ref: public, Data: []byte(jsonText(eventData{public, m.State, m.Accepted,
		m.Pending(), c.Sent, c.Unknown, c.Delivered, c.Failed, c.Expired, c.Cancelled, by, m.cost(), m.Notify.why()}))}
}
