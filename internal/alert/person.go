package alert

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// What people with an account are told of it: by package access, which puts the jobs and keeps the
// letters. Nobody knows which language they read, so a mail has both, the installation's first.

// person is what a mail to somebody with an account says.
type person struct {
	About   access.About
	Site    string // the name of that he is invited to; "" = all
	Roles   string
	Expires time.Time // of the link
	From    string    // where it came from; "" = not known
}

// letter handles the job of a mail to a person.
func (s *Service) letter(ctx context.Context, j queue.Claimed) error {
	of, err := id.ParseBare(j.Key)
	if err != nil {
		return fmt.Errorf("read job %q: %w", j.Key, err)
	}
	var l access.Letter
	var written letter
	var due bool
	var age time.Duration
	err = s.d.Update(ctx, "alert_letter", func(tx *db.Tx) (err error) {
		if l, due, err = s.o.People.Letter(tx, of); err != nil || !due {
			return err
		}
		age = tx.Now.Sub(l.At)
		written, err = s.writeLetter(tx, l)
		return err
	})
	if err != nil {
		return err
	}
	if !due {
		return s.concludeLetter(ctx, j, l, age, result{outcome: dropped})
	}
	if !s.mails() {
		return s.concludeLetter(ctx, j, l, age, result{outcome: delayed, slow: true, why: "alerts.smtp is not set"})
	}
	if _, err := ParseAddress(l.To); err != nil { // as some may be that net/mail reads
		return s.concludeLetter(ctx, j, l, age, result{outcome: refused, why: "no mail can be written to an address of this form"})
	}
	m, err := s.addressed(written, l.To, of.Text(id.Mail), l.At.Time())
	if err != nil {
		return err
	}
	r := s.post(ctx, m)
	if r.outcome != sent && ctx.Err() != nil {
		return fmt.Errorf("send a mail: %w", ctx.Err()) // the process stops
	}
	return s.concludeLetter(ctx, j, l, age, r)
}

// writeLetter puts a letter into words.
func (s *Service) writeLetter(tx *db.Tx, l access.Letter) (letter, error) {
	v := view{Number: l.ID.Text(id.Mail), At: l.At.Time(), Link: s.linkOf(l)}
	v.Person = person{About: l.About, Roles: strings.Join(l.Invitation.Roles, ", "), Expires: l.ExpiresAt.Time(), From: from(l.From)}
	if l.About == access.AboutInvitation && l.Invitation.Site != "" {
		found, err := site.Find(tx, l.Invitation.Site)
		if err != nil {
			return letter{}, err
		}
		v.Person.Site = plain(found.Name)
	}
	return writeBoth(s.o.Language, "person_"+string(l.About), v)
}

// linkOf is where a mail leads to. What it proves stands behind the #, which no browser sends to a
// server, and no server writes into its log.
func (s *Service) linkOf(l access.Letter) string {
	if s.o.Console == "" {
		return ""
	}
	switch l.About {
	case access.AboutInvitation:
		return s.o.Console + "/console/invitation#" + url.Values{"id": {l.Invitation.ID.Text(id.Invitation)}, "secret": {l.Secret}}.Encode()
	case access.AboutReset:
		return s.o.Console + "/console/password#" + url.Values{"token": {l.Secret}}.Encode()
	}
	return s.o.Console + "/console"
}

func from(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().String()
}

// writeBoth says something in both languages, one after the other.
func writeBoth(first Language, kind string, v view) (letter, error) {
	second := English
	if first == English {
		second = Korean
	}
	a, err := write(first, kind, v)
	if err != nil {
		return letter{}, err
	}
	b, err := write(second, kind, v)
	if err != nil {
		return letter{}, err
	}
	const between = " / "
	return letter{Language: first, Subject: a.Subject + between + b.Subject, Paragraphs: slices.Concat(a.Paragraphs, b.Paragraphs), Next: a.Next + between + b.Next,
		Link: a.Link, LinkText: a.LinkText + between + b.LinkText, Footer: a.Footer + between + b.Footer}, nil
}

// concludeLetter writes down what a try came to. A letter is forgotten with its job.
func (s *Service) concludeLetter(ctx context.Context, j queue.Claimed, l access.Letter, age time.Duration, r result) error {
	r, pause := r.again(age)
	err := s.d.Update(context.WithoutCancel(ctx), "alert_end_letter", func(tx *db.Tx) error {
		if r.outcome == delayed {
			return s.queue.Again(tx, tx.Now.Add(pause), r.why, j)
		}
		of, err := id.ParseBare(j.Key)
		if err == nil {
			err = access.EndLetter(tx, of)
		}
		if err != nil {
			return err
		}
		return s.queue.Done(tx, j)
	})
	if err != nil {
		return fmt.Errorf("write down what became of a mail: %w", err)
	}
	level, text := slog.LevelInfo, "mail to a person sent"
	switch r.outcome {
	case delayed:
		level, text = slog.LevelWarn, "mail to a person delayed"
	case refused:
		level, text = slog.LevelError, "mail to a person refused: nobody has the address"
	case givenUp:
		level, text = slog.LevelError, "mail to a person given up after days"
	case dropped:
		text = "mail to a person dropped: it is not to be sent any more"
	}
	kind := "person_" + string(l.About)
	s.told.WithLabelValues(kind, string(r.outcome)).Inc()
	s.log.Log(ctx, level, text, "letter", j.Key, "kind", kind, "why", r.why)
	return nil
}
