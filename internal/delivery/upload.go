package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"creditmsg/internal/attachment"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// This file brings the pictures of MMS to providers before the call that sends them. Nothing is
// handed over by that, so a call whose pictures cannot be made ready was certainly not made.

// picture is a picture as the adapter of a call wants it.
type picture struct {
	provider.Picture
	fresh bool // it was uploaded for this call
}

// MostPictures is how many pictures one MMS of a site may have, at the account that takes most.
func (s *Service) MostPictures(siteID string) int {
	most := 0
	for _, k := range s.carriers.list {
		if k.caps.Carries(provider.MMS) && k.serves(siteID) {
			most = max(most, k.caps.Pictures)
		}
	}
	return most
}

// attachments names the pictures of a call, each once.
func (c *call) attachments() (names []attachment.Name) {
	for _, r := range c.members {
		if r.Channel() != provider.MMS {
			continue
		}
		for _, d := range c.plan.facts[r.Key].wording.Shows() {
			if n := (attachment.Name{Site: r.Site, ID: d}); !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// show fills in the pictures of a leg.
func (c *call) show(l *provider.Leg, site string, ids []id.ID) {
	if l.Channel != provider.MMS {
		return
	}
	l.Pictures = make([]provider.Picture, len(ids))
	for i, d := range ids {
		l.Pictures[i] = c.pictures[attachment.Name{Site: site, ID: d}].Picture
	}
}

// preparePictures makes the pictures of a call ready: their bytes, or what the account calls
// them. The result says why the call cannot be made; it ends before the lease of the planned
// call does.
func (s *Service) preparePictures(ctx context.Context, c *call) (failed *provider.Result) {
	names := c.attachments()
	if len(names) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(c.carrier.callTimeout(), s.o.Lease*3/4))
	defer cancel()
	c.pictures = make(map[attachment.Name]picture, len(names))
	uploader, uploads := c.carrier.Adapter.(provider.Uploader)
	for _, n := range names {
		p := picture{Picture: provider.Picture{Name: attachment.UpstreamName(n.ID)}}
		if uploads {
			p.UpstreamID, p.fresh, failed = s.upload(ctx, c, uploader, n)
		} else {
			p.Content, failed = s.content(ctx, n)
		}
		if failed != nil {
			return failed
		}
		c.pictures[n] = p
	}
	return nil
}

// content reads the bytes of a picture. That they cannot be had is nobody's fault but ours.
func (s *Service) content(ctx context.Context, n attachment.Name) ([]byte, *provider.Result) {
	err := errors.New("no place is configured where pictures are kept")
	var content []byte
	if s.o.Attachments != nil {
		content, err = s.o.Attachments.Content(ctx, n)
	}
	if err != nil {
		s.o.Log.ErrorContext(ctx, "picture not read", slog.String("attachment", n.ID.Text(id.Attachment)), slog.Any("error", err))
		return nil, &provider.Result{Outcome: provider.NotSent, Text: "read a picture: it cannot be had at the moment"}
	}
	return content, nil
}

// uploaded is what came of bringing a picture to an account.
type uploaded struct {
	id     string
	fresh  bool
	failed *provider.Result
}

// upload gives what an account calls a picture, and brings it there unless it has it. Calls
// that need the same picture at once share one upload.
func (s *Service) upload(ctx context.Context, c *call, to provider.Uploader, n attachment.Name) (upstream string, fresh bool, failed *provider.Result) {
	v, err, _ := s.uploads.Do(c.carrier.Account.Name+"/"+n.Site+"/"+n.ID.String(), func() (any, error) { return s.bring(ctx, c, to, n) })
	if err != nil {
		s.o.Log.ErrorContext(ctx, "picture not looked up", slog.String("attachment", n.ID.Text(id.Attachment)), slog.Any("error", err))
		return "", false, &provider.Result{Outcome: provider.NotSent, Text: "look up a picture: the database is away"}
	}
	u := v.(uploaded)
	return u.id, u.fresh, u.failed
}

func (s *Service) bring(ctx context.Context, c *call, to provider.Uploader, n attachment.Name) (u uploaded, err error) {
	account := c.carrier.Account.Name
	err = s.d.View(ctx, "delivery_uploaded", func(tx *db.Tx) error {
		known, err := attachment.Uploaded(tx, account, []attachment.Name{n})
		u.id = known[n]
		return err
	})
	if err != nil || u.id != "" {
		return u, err
	}
	content, failed := s.content(ctx, n)
	if failed != nil {
		return uploaded{failed: failed}, nil
	}
	start := time.Now()
	landed := c.carrier.health.take(c.attempt.ID, c.plan.large)
	answer := to.Upload(ctx, provider.Picture{Name: attachment.UpstreamName(n.ID), Content: content})
	landed()
	level := slog.LevelInfo
	if answer.ID == "" {
		level = slog.LevelWarn
	}
	s.o.Log.LogAttrs(ctx, level, "picture uploaded", slog.String("context", "picture upload"), slog.String("provider", account),
		slog.String("attachment", n.ID.Text(id.Attachment)), slog.Bool("taken", answer.ID != ""), slog.String("reason", string(answer.Failed.Reason)),
		slog.String("code", code(answer.Failed.Code)), slog.String("text", answer.Failed.Text), slog.Duration("took", time.Since(start)))
	if answer.ID == "" {
		return uploaded{failed: &answer.Failed}, nil
	}
	err = s.d.Update(ctx, "delivery_upload", func(tx *db.Tx) error { return attachment.Remember(tx, account, n, answer.ID, answer.Keeps) })
	if err != nil {
		// The picture is there all the same; the next call uploads it once more.
		s.o.Log.WarnContext(ctx, "upload not remembered", slog.String("provider", account), slog.Any("error", err))
	}
	return uploaded{id: answer.ID, fresh: true}, nil
}

// forgetPictures takes note that an account does not know pictures any more, so that the next
// call uploads them again. An account that does not know what it took a moment ago will not
// know it the next time either: that is refused.
func (s *Service) forgetPictures(ctx context.Context, c *call, result provider.Result) provider.Result {
	old := false
	err := s.d.Update(context.WithoutCancel(ctx), "delivery_forget", func(tx *db.Tx) error {
		old = false
		for n, p := range c.pictures {
			if !slices.Contains(result.Gone, p.UpstreamID) {
				continue
			}
			old = old || !p.fresh
			if err := attachment.Forget(tx, c.carrier.Account.Name, n, p.UpstreamID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.o.Log.WarnContext(ctx, "upload not forgotten", slog.String("provider", c.carrier.Account.Name), slog.Any("error", err))
	} else if !old {
		result.Outcome, result.Reason = provider.Refused, provider.AttachmentError
		result.Text = fmt.Sprintf("a picture is not known right after its upload: %s", result.Text)
	}
	return result
}
