package alert

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// errand is one alert to one contact.
type errand struct {
	event   event.Stored
	mark    mark
	kind    string // of wording
	contact        // without an address it is not to be told any more
	written letter
	age     time.Duration
}

// read gathers what a contact's job is about, as it stands now: who was taken out meanwhile
// is told nothing.
func (s *Service) read(ctx context.Context, j queue.Claimed) (e errand, err error) {
	of, m, err := named(j)
	if err != nil {
		return e, err
	}
	err = s.d.View(ctx, "alert_read", func(tx *db.Tx) (err error) {
		e = errand{mark: m}
		if e.event, err = event.Find(tx, j.Site, of); err != nil {
			return err
		}
		e.age = tx.Now.Sub(e.event.At)
		n, err := noticeOf(e.event.Event)
		if err != nil {
			return err
		}
		e.kind = n.wording(m)
		all, err := s.audience(tx, j.Site, n)
		if e.contact = all[m]; err != nil || e.address == "" {
			return err
		}
		v := view{facts: n.facts, ID: j.Site, Name: j.Site, Link: s.o.Link, Number: of.Text(id.Event), At: e.event.At.Time()}
		if j.Site != site.Operator {
			found, err := site.Find(tx, j.Site)
			if err != nil {
				return err
			}
			v.Name = found.Name
		}
		if v.Title, err = s.title(tx, e.event, n.facts); err != nil {
			return err
		}
		e.written, err = write(e.language, e.kind, v)
		if site.IsTest(j.Site) {
			e.written.Subject = "[TEST] " + e.written.Subject
		}
		return err
	})
	return e, err
}

// conclude writes down what a try came to.
func (s *Service) conclude(ctx context.Context, j queue.Claimed, e errand, r result) error {
	r, pause := r.again(e.age)
	err := s.d.Update(context.WithoutCancel(ctx), "alert_conclude", func(tx *db.Tx) error {
		if r.outcome == delayed {
			return s.queue.Again(tx, tx.Now.Add(pause), r.why, j)
		}
		return s.queue.Done(tx, j)
	})
	if err != nil {
		return fmt.Errorf("write down what became of an alert: %w", err)
	}
	s.told.WithLabelValues(e.kind, string(r.outcome)).Inc()
	s.note(ctx, j, e, r)
	return nil
}

func (s *Service) note(ctx context.Context, j queue.Claimed, e errand, r result) {
	level, text := slog.LevelInfo, "alert sent"
	switch r.outcome {
	case delayed:
		level, text = slog.LevelWarn, "alert delayed"
	case refused:
		level, text = slog.LevelError, "alert refused: its contact cannot be reached"
	case givenUp:
		level, text = slog.LevelError, "alert given up after days"
	case dropped:
		text = "alert dropped: its contact is not to be told any more"
	}
	s.log.Log(ctx, level, text, "site_id", j.Site, "event", e.event.ID.Text(id.Event), "type", e.event.Type, "kind", e.kind,
		"job", j.Kind, "contact", string(e.mark), "why", r.why)
}

// mail handles the job of an e-mail address.
func (s *Service) mail(ctx context.Context, j queue.Claimed) error {
	e, err := s.read(ctx, j)
	if err != nil {
		return err
	}
	if e.address == "" {
		return s.conclude(ctx, j, e, result{outcome: dropped})
	}
	if !s.mails() {
		return s.conclude(ctx, j, e, result{outcome: delayed, slow: true, why: "alerts.smtp is not set"})
	}
	m, err := s.compose(e)
	if err != nil {
		return err
	}
	r := s.post(ctx, m)
	if r.outcome != sent && ctx.Err() != nil {
		return fmt.Errorf("send a mail: %w", ctx.Err()) // the process stops
	}
	return s.conclude(ctx, j, e, r)
}
