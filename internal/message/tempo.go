package message

import (
	"context"
	"errors"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// This file spreads a message over time, where its site wants that: it goes in a part of the
// Korean day alone, and at a pace. The pace is of first hand-overs; a fallback and another
// try follow as soon as they can, within the hours.
//
// The row of a paced message says how many of its recipients are let go, in their order. A
// job lets more go every few seconds, as long as the message is under way: after a pause, a
// night or a standstill it goes on from there, and never makes up for lost time. Through the
// night of an advertisement it rests, unless all of its recipients may be reached then: who is
// let go and has to wait would go with everybody else at eight in the morning.

// Tempo is when and how fast a message is handed over, beyond its time; zero = as fast as it
// goes.
type Tempo struct {
	Window    *Hours `json:"window,omitempty"`     // nil = at any hour
	PerMinute int64  `json:"per_minute,omitempty"` // recipients; 0 = as they come
}

// Bounds of a pace.
const (
	LeastPace = 1
	MostPace  = 1_000_000
)

// paceStep is how often recipients are let go.
const paceStep = 10 * time.Second

// kindPace lets recipients of a paced message go.
const kindPace = "pace"

// check refuses hours and a pace that cannot be.
func (t Tempo) check() error {
	if t.Window != nil {
		if _, err := t.Window.parse(); err != nil {
			return fault.Check("/send_window", "%s", err)
		}
	}
	if t.PerMinute != 0 && (t.PerMinute < LeastPace || t.PerMinute > MostPace) {
		return fault.Check("/per_minute", "want %d to %d", LeastPace, MostPace)
	}
	return nil
}

// Hours are those in which the message may be handed over; the whole day without a window.
func (t Tempo) Hours() (h korea.Hours) {
	if t.Window != nil {
		h, _ = t.Window.parse() // it was checked
	}
	return h
}

// allowance is how many are let go in the step of a moment: over a minute as many as the pace
// says.
func (t Tempo) allowance(now db.Time) int64 {
	const steps = int64(time.Minute / paceStep)
	k := now.Time().Unix() / int64(paceStep/time.Second) % steps
	return t.PerMinute*(k+1)/steps - t.PerMinute*k/steps
}

// Released reports whether a recipient's first hand-over is due by the pace of its message.
func (c *Content) Released(m *Message, r Recipient) bool {
	return c.Tempo == nil || c.Tempo.PerMinute == 0 || r.Step > 1 || r.Try > 1 || int64(r.Seq) < m.Released
}

func paceJob(m Key, due db.Time) queue.Job {
	return queue.Job{Lane: queue.Send, Kind: kindPace, Key: m.ID.String(), Site: m.Site, Due: due, Rank: due}
}

// pace lets some more recipients go, and comes again until all of them are.
func (s *Service) pace(ctx context.Context, j queue.Claimed) error {
	key, err := keyOf(j)
	if err != nil {
		return err
	}
	err = s.d.Update(ctx, "message_pace", func(tx *db.Tx) error {
		found, err := Lock(tx, []Key{key})
		if err != nil {
			return err
		}
		m := found[key]
		switch {
		case m == nil || m.State != StateAccepted && !m.State.Held() || m.Released >= m.Accepted:
			return s.queue.Done(tx, j)
		case tx.Now > m.ValidUntil(): // nobody goes any more, and launching ends whoever waits
			return errors.Join(s.queue.Put(tx, launchJob(m.Key, tx.Now)), s.queue.Done(tx, j))
		case m.State.Held(): // until it is resumed, which puts the job again
			return s.queue.Again(tx, m.ValidUntil().Add(time.Microsecond), string(m.State), j)
		}
		content, err := s.Content(tx, m)
		if err != nil {
			return err
		}
		next := content.nextPace(m, s.o.Night, tx.Now.Time())
		if next.After(tx.Now.Time()) {
			return s.queue.Again(tx, min(db.At(next), m.ValidUntil().Add(time.Microsecond)), "hours", j)
		}
		if err := s.letGo(tx, m, content.Tempo.allowance(tx.Now)); err != nil {
			return err
		}
		if m.Released >= m.Accepted {
			return s.queue.Done(tx, j)
		}
		step := db.Time(paceStep.Microseconds())
		return s.queue.Again(tx, tx.Now/step*step+step, "pace", j)
	})
	if err != nil {
		return fmt.Errorf("pace message %s: %w", key.ID, err)
	}
	return nil
}

// nextPace is when the pace goes on: not in the night, unless nobody of the message has another
// time; then those who may be reached go, and the others are held as ever.
func (c *Content) nextPace(m *Message, night korea.Night, from time.Time) time.Time {
	next, ok := c.NextHour(c.slowest(m.Accepted), night, from)
	if ok && !next.After(m.ValidUntil().Time()) {
		return next
	}
	return c.Tempo.Hours().Next(from)
}

// letGo lets the next recipients go, and puts the jobs of their batches.
func (s *Service) letGo(tx *db.Tx, m *Message, more int64) error {
	from, to := m.Released, min(m.Released+more, m.Accepted)
	if from == to {
		return nil
	}
	m.Released = to
	if _, err := tx.Exec(`UPDATE message SET released = ? WHERE site_id = ? AND id = ?`, to, m.Site, m.ID); err != nil {
		return err
	}
	home, err := site.Find(tx, m.Site)
	if err != nil {
		return err
	}
	var jobs []queue.Job
	for no := from / BatchSize; no <= (to-1)/BatchSize; no++ {
		job := SendJob(m, int(no), 1, tx.Now)
		job.Weight = int(min(int64(job.Weight), to-from))
		jobs = append(jobs, job)
	}
	s.inTurn(m, home.Weight, jobs)
	return s.queue.Put(tx, jobs...)
}
