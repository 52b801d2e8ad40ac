package alert

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// text handles the job of a mobile number: a message of the operator's own site, once
// whatever happens, since it has an idempotency key of its own.
func (s *Service) text(ctx context.Context, j queue.Claimed) error {
	e, err := s.read(ctx, j)
	if err != nil {
		return err
	}
	if e.address == "" {
		return s.conclude(ctx, j, e, result{outcome: dropped})
	}
	r, err := s.send(ctx, j, e)
	if err != nil {
		return err
	}
	return s.conclude(ctx, j, e, r)
}

// send has the operator's site send a text; of a test site itself, through its simulator. An error is one of ours or of the database.
func (s *Service) send(ctx context.Context, j queue.Claimed, e errand) (result, error) {
	from := s.o.Texts
	if site.IsTest(j.Site) {
		from = Texts{Site: j.Site} // it tells itself, so that nobody's phone rings
	}
	if from.Site == "" {
		return result{delayed, true, "alerts.site is not set"}, nil
	}
	d, err := s.messages.Draft(ctx, from.Site, from.request(e))
	if err == nil {
		err = d.Add(ctx, e.address, e.variables())
	}
	if err == nil {
		key := idem.Key{Site: from.Site, Scope: "alert", Key: j.Key, Fingerprint: sha256.Sum256([]byte(j.Key))}
		_, err = d.Accept(ctx, new(message.ByID(key)))
	}
	if _, before := errors.AsType[*message.Replay](err); before || err == nil {
		return result{outcome: sent}, nil
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		return result{}, fmt.Errorf("send a text to an owner: %w", err)
	}
	// The site is short of credit, suspended, or not set up: somebody has to mend it.
	return result{delayed, true, f.Code + " of alerts.site"}, nil
}

func (t Texts) request(e errand) message.Request {
	r := message.Request{
		Title: "alert " + e.event.ID.Text(id.Event), Strategy: message.SMSOnly,
		Text:   &message.TextRequest{From: t.Sender, Body: e.written.Short, ReplaceUnsupported: true},
		Notify: message.NoticeNever, // or the end of each alert would be another one
	}
	if t.Template != "" {
		r.Strategy, r.TemplateCode = message.AlimtalkFirst, t.Template
	}
	return r
}

// variables are what a template may name, in either language.
func (e errand) variables() map[string]string {
	v := map[string]string{"site": e.event.Site, "subject": e.written.Subject, "text": e.written.Short}
	v["사이트"], v["제목"], v["내용"] = v["site"], v["subject"], v["text"]
	return v
}
