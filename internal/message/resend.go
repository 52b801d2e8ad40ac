package message

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	"creditmsg/internal/korea"
)

// This file sends a message once more, to those alone whom it did not reach: a new message,
// with its own credit and rules of now, since the old one and its account are closed. A
// message is resent once, however often that is asked for; what its resending did not reach
// can be sent again from there.

// ResendFailed sends a message that is over to those of its recipients who failed or expired,
// and of a resending to those too who were cancelled. Asking again gives the same new message.
// accept is (*Draft).Accept, or what surrounds it. Faults: NotFound, StateConflict for a message
// that is not over or left nobody out, and those of Draft and accept.
func (s *Service) ResendFailed(ctx context.Context, of Key, by string, accept func(*Draft, context.Context, *Once) (Receipt, error)) (*Message, error) {
	once := ByID(resendKey(of))
	earlier, err := s.Earlier(ctx, once.Key)
	if err != nil {
		return nil, err
	}
	if earlier.Exists {
		return s.replayed(ctx, of.Site, earlier.Reply.Body)
	}
	old, content, err := s.over(ctx, of)
	if err != nil {
		return nil, err
	}
	d, err := s.Draft(ctx, of.Site, content.again(old, by))
	if err != nil {
		return nil, err
	}
	if err := s.takeUnreached(ctx, d, old, content); err != nil {
		return nil, errors.Join(err, d.Discard(context.WithoutCancel(ctx)))
	}
	receipt, err := accept(d, ctx, &once)
	if twin, ok := errors.AsType[*Replay](err); ok {
		return s.replayed(ctx, of.Site, twin.Reply.Body)
	}
	if err != nil {
		return nil, err
	}
	return s.replayed(ctx, of.Site, once.Render(receipt))
}

// resendKey is what the resending of a message is known by, for ever.
func resendKey(of Key) idem.Key {
	name := of.ID.String()
	return idem.Key{Site: of.Site, Scope: "resend", Key: name, Fingerprint: sha256.Sum256([]byte(name))}
}

// replayed reads the message that a reply names.
func (s *Service) replayed(ctx context.Context, siteID string, reply []byte) (m *Message, err error) {
	of, err := id.Parse(id.Message, string(reply))
	if err != nil {
		return nil, fmt.Errorf("read which message was resent: %w", err)
	}
	err = s.d.View(ctx, "message_resent", func(tx *db.Tx) error {
		m, err = Find(tx, Key{siteID, of})
		return err
	})
	return m, err
}

// over reads a message that is over and did not reach everybody.
func (s *Service) over(ctx context.Context, of Key) (m *Message, c Content, err error) {
	err = s.d.View(ctx, "message_resend", func(tx *db.Tx) error {
		if m, err = Find(tx, of); err != nil {
			return err
		}
		if !m.State.Final() {
			return conflict(m, "resent before it is over")
		}
		if c, err = s.Content(tx, m); err != nil {
			return err
		}
		if m.Counts.Failed+m.Counts.Expired == 0 && (c.Resends == "" || m.Counts.Cancelled == 0) {
			return fault.Wrap(errState, fault.Conflict, fault.CodeStateConflict, "message %s left nobody out; there is nobody to send it to again", of.ID.Text(id.Message))
		}
		return nil
	})
	return m, c, err
}

// leftOut reports whether a message did not reach somebody who is to be sent it again. Who was
// taken back on purpose is not, unless that was a resending: the message before could not be
// resent any more.
func (c *Content) leftOut(of Progress) bool {
	return of == Failed || of == Expired || of == Cancelled && c.Resends != ""
}

// again is the request that the content came from, as far as it was kept: recipients who were
// given twice on purpose stay so.
func (c *Content) again(m *Message, by string) Request {
	r := Request{Title: c.Title, Strategy: m.Strategy, AllowDuplicates: true, ValidFor: m.ValidFor, Metadata: c.Metadata, WaitForRecharge: UsualWait, By: by, Resends: m.Key,
		Repeats: "resend " + m.ID.String()} // two at once are one
	if c.Policy != nil {
		r.Policy = c.Policy.Name
	}
	if c.Alimtalk != nil {
		r.TemplateCode = c.Alimtalk.Code
	}
	if c.Tempo != nil {
		r.Tempo = *c.Tempo
	}
	if m.Notify == NoticeAsked {
		r.Notify = NoticeAsked
	}
	t := c.Text
	if t == nil {
		return r
	}
	r.Text = &TextRequest{From: t.From, Subject: t.Subject, Body: t.Body, ReplaceUnsupported: t.Replace}
	for _, bare := range t.Attachments {
		if a, err := id.ParseBare(bare); err == nil {
			r.Text.Attachments = append(r.Text.Attachments, a.Text(id.Attachment))
		}
	}
	if ad := t.Advert; ad != nil {
		r.Text.Advertising, r.Text.OptOut, r.Text.Evidence = true, string(ad.OptOut), ad.Evidence
		if ad.Refuse {
			r.Night = NightRefuse
		}
	}
	return r
}

// takeUnreached gives a draft those whom a message did not reach.
func (s *Service) takeUnreached(ctx context.Context, d *Draft, m *Message, c Content) error {
	for no := range m.Batches {
		var people []Person
		err := s.d.View(ctx, "message_unreached", func(tx *db.Tx) (err error) {
			people, err = s.unreached(tx, m, c, no)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range people {
			if err := d.Take(ctx, c.candidate(p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// candidate is somebody as he was given.
func (c *Content) candidate(p Person) Candidate {
	out := Candidate{To: string(korea.MobileNumber(p.Mobile)), Variables: map[string]string{}}
	for i, name := range c.Variables {
		out.Variables[name] = p.Values[i]
	}
	of := c.Consent(p)
	if out.NightConsent = of.Night; of.At != 0 {
		out.ConsentAt = of.At.Time()
	}
	return out
}

// unreached gives those of a batch whom it left out.
func (s *Service) unreached(tx *db.Tx, m *Message, c Content, no int) ([]Person, error) {
	shown, err := s.showBatch(tx, m, nil, no)
	if err != nil {
		return nil, err
	}
	name := BatchName{m.Key, no}
	bodies, err := s.People(tx, map[Key]*Message{m.Key: m}, []BatchName{name})
	if err != nil {
		return nil, err
	}
	var out []Person
	for i, p := range bodies[name] {
		if c.leftOut(shown[i].State) && p.Mobile != nobody {
			out = append(out, p)
		}
	}
	return out, nil
}
