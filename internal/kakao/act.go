package kakao

import (
	"context"
	"errors"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
)

const (
	mostSteps  = 10 // of one job at a time
	firstPause = 30 * time.Second
	mostPause  = 30 * time.Minute
)

// after is what becomes of a job after a step.
type after struct {
	on   bool          // the next step follows at once
	wait time.Duration // or after this; 0 = the job is done
}

// acting handles the job of one row.
func (s *Service) acting(ctx context.Context, jobs []queue.Claimed) error {
	for _, j := range jobs {
		of, err := id.ParseBare(j.Key)
		if err != nil {
			return fmt.Errorf("read the key of a job: %w", err)
		}
		next := after{on: true}
		for range mostSteps {
			if next, err = s.step(ctx, j.Site, of); err != nil {
				return err
			}
			if !next.on {
				break
			}
		}
		err = s.d.Update(ctx, "kakao_stepped", func(tx *db.Tx) error {
			switch {
			case next.on:
				return s.queue.Again(tx, 0, "more steps", j)
			case next.wait > 0:
				return s.queue.Again(tx, tx.Now.Add(next.wait), "the vendor", j)
			}
			return s.queue.Done(tx, j)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// step makes one act of a row, or settles one that is open.
func (s *Service) step(ctx context.Context, siteID string, of id.ID) (after, error) {
	c, err := s.prepare(ctx, siteID, of)
	if err != nil || c == nil {
		return after{}, err
	}
	if c.open {
		return s.settle(ctx, c)
	}
	requested, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	made, wrong := c.make(requested)
	return s.conclude(ctx, c, made, wrong)
}

// course is an act of a row that was begun.
type course struct {
	row    row
	keeper provider.TemplateKeeper
	form   provider.TemplateForm
	open   bool // it was begun before, and nobody knows how it ended
}

// make makes its request.
func (c *course) make(ctx context.Context) (made string, err error) {
	ref := provider.TemplateRef{ChannelID: c.row.channelID, TemplateID: c.row.template}
	switch c.row.doing {
	case provider.AddTemplate:
		return c.keeper.AddTemplate(ctx, c.form)
	case provider.ChangeTemplate:
		return "", c.keeper.ChangeTemplate(ctx, c.row.template, c.form)
	}
	return "", c.keeper.ActOnTemplate(ctx, c.row.doing, ref, c.row.remark)
}

// prepare begins the next act of a row and notes it; nil = there is nothing to do.
func (s *Service) prepare(ctx context.Context, siteID string, of id.ID) (c *course, err error) {
	err = s.d.Update(ctx, "kakao_begin", func(tx *db.Tx) error {
		c = nil
		t, r, err := s.lock(tx, siteID, of)
		if err != nil || r == nil {
			return err
		}
		account := s.account(r.account)
		k := account.keeper()
		if k == nil {
			r.wish, r.problem = wishNone, "the account is not configured any more, or keeps no templates"
			return s.over(tx, r)
		}
		if r.doing != 0 {
			c = &course{row: *r, keeper: k, open: true}
			return nil
		}
		wanted, form, err := s.wording(t, r)
		if err != nil {
			return err
		}
		act, why := r.next(wanted, account.acts())
		if act == 0 {
			removing := r.wish == wishRemove
			if r.wish != wishNone {
				r.wish, r.problem = wishNone, why
			}
			if removing {
				return remove(tx, r)
			}
			return s.over(tx, r)
		}
		r.begin(act, wanted, nameOf(t, id.New()), tx.Now)
		form.Name, form.Code = r.name, codeOf(r.name)
		c = &course{row: *r, keeper: k, form: form}
		return save(tx, r)
	})
	return c, err
}

// over writes a row whose wish is over.
func (s *Service) over(tx *db.Tx, r *row) error {
	r.remark, r.tries = "", 0
	return save(tx, r)
}

// lock reads a row and its template for a change; a template that was removed is empty, and
// without a row there is nothing.
func (s *Service) lock(tx *db.Tx, siteID string, of id.ID) (t message.Template, r *row, err error) {
	found, err := byID(tx.Lookup, siteID, of)
	if fault.Is(err, fault.NotFound) {
		return t, nil, nil
	}
	if err != nil {
		return t, nil, err
	}
	if t, err = message.LockTemplate(tx, siteID, found.code); err != nil && !fault.Is(err, fault.NotFound) {
		return t, nil, err
	}
	if r, err = byID(tx.LookupForUpdate, siteID, of); fault.Is(err, fault.NotFound) {
		return t, nil, nil
	}
	if err == nil && r.code != found.code { // it was removed meanwhile
		t = message.Template{}
	}
	return t, r, err
}

// wording is what the vendor is to be told of a template.
func (s *Service) wording(t message.Template, r *row) (id.ID, provider.TemplateForm, error) {
	if t.Code == "" {
		return id.ID{}, provider.TemplateForm{}, nil
	}
	digest, err := digestOf(t, r.channelID)
	f := t.Form()
	f.ChannelID, f.Purpose = r.channelID, r.purpose
	return digest, f, err
}

// conclude writes down how an act ended.
func (s *Service) conclude(ctx context.Context, c *course, made string, wrong error) (next after, err error) {
	denial, denied := errors.AsType[*provider.Denial](wrong)
	if wrong != nil {
		s.o.Log.WarnContext(ctx, "act on a template", "provider", c.row.account, "act", actWords[c.row.doing], "site", c.row.site, "code", c.row.code, "error", wrong)
	}
	err = s.d.Update(ctx, "kakao_conclude", func(tx *db.Tx) error {
		next = after{on: true}
		t, r, err := s.lock(tx, c.row.site, c.row.id)
		if err != nil || r == nil || r.doing != c.row.doing || r.beganAt != c.row.beganAt {
			return err // somebody else has settled it
		}
		switch {
		case wrong == nil:
			return s.done(tx, t, r, made)
		case denied && denial.Judged():
			r.ended()
			r.wish, r.problem, r.lookAt = wishNone, denial.Text, tx.Now
			if isGone(r) { // it stays at the vendor
				return remove(tx, r)
			}
			if err := s.put(tx, lookJob(r.account, 0)); err != nil {
				return err
			}
			return s.over(tx, r)
		case denied:
			r.ended()
			next = after{wait: max(pause(r.tries), denial.RetryAfter)}
			r.tries, r.problem = r.tries+1, denial.Text
		default:
			next = after{wait: s.o.RequestTimeout}
			r.problem = "the vendor has not answered; what became of it is being asked"
		}
		return save(tx, r)
	})
	return next, err
}

// done writes down that the act under way was carried out. The caller has locked both rows.
func (s *Service) done(tx *db.Tx, t message.Template, r *row, made string) error {
	before, act := r.state, r.doing
	r.followed(made, s.account(r.account).acts())
	if act == provider.RemoveTemplate {
		return remove(tx, r)
	}
	r.lookAt = tx.Now.Add(r.lookEvery())
	if err := save(tx, r); err != nil {
		return err
	}
	if err := s.stand(tx, t, r, before); err != nil {
		return err
	}
	return s.put(tx, lookJob(r.account, r.lookAt))
}

// settle asks what became of an act that is open. It is not asked as long as the request may
// still be under way.
func (s *Service) settle(ctx context.Context, c *course) (next after, err error) {
	var rest time.Duration
	err = s.d.View(ctx, "kakao_settle", func(tx *db.Tx) error {
		rest = c.row.beganAt.Add(s.o.RequestTimeout).Sub(tx.Now)
		return nil
	})
	if err != nil || rest > 0 {
		return after{wait: rest}, err
	}
	asked, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	list, wrong := c.keeper.Templates(asked, c.row.channelID)
	if wrong != nil {
		s.o.Log.WarnContext(ctx, "templates not listed", "provider", c.row.account, "error", wrong)
	}
	err = s.d.Update(ctx, "kakao_settled", func(tx *db.Tx) error {
		next = after{on: true}
		t, r, err := s.lock(tx, c.row.site, c.row.id)
		if err != nil || r == nil || r.doing != c.row.doing || r.beganAt != c.row.beganAt {
			return err
		}
		if wrong != nil {
			next = after{wait: pause(r.tries)}
			r.tries++
			return save(tx, r)
		}
		kept := r.isIn(list)
		if !r.settled(kept, c.keeper.TemplateActs()) {
			r.ended()
			r.problem = ""
			return save(tx, r)
		}
		if kept == nil { // it was removed
			return s.done(tx, t, r, "")
		}
		before := r.state
		r.followed(kept.TemplateID, c.keeper.TemplateActs())
		return s.seen(tx, t, r, kept, before)
	})
	return next, err
}

// pause is how long to wait after so many tries.
func pause(tries int) time.Duration {
	return min(firstPause<<min(tries, 10), mostPause)
}
