package alert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// settles is how long a payment may be unknown before people are told: most are answered by
// then, and an alert that is out of date when it is read costs trust.
const settles = 30 * time.Minute

// plan handles the job of an event: it puts one job for each contact that is told of it.
func (s *Service) plan(ctx context.Context, j queue.Claimed) error {
	of, err := id.ParseBare(j.Key)
	if err != nil {
		return fmt.Errorf("read job %q: %w", j.Key, err)
	}
	return s.d.Update(ctx, "alert_plan", func(tx *db.Tx) error {
		e, err := event.Find(tx, j.Site, of)
		if err != nil {
			return err
		}
		n, err := noticeOf(e.Event)
		if err != nil {
			return err
		}
		if e.Type == "payment.unknown" {
			if due := e.At.Add(settles); tx.Now < due {
				return s.queue.Again(tx, due, "may yet be answered", j)
			}
			if n.site, err = s.unless(tx, e, n.site); err != nil {
				return err
			}
		}
		jobs, err := s.jobs(tx, e, n)
		if err != nil {
			return err
		}
		if err := s.queue.Put(tx, jobs...); err != nil {
			return err
		}
		return s.queue.Done(tx, j)
	})
}

// unless gives the wording of a payment of which nobody knew what became of it, unless that
// is known by now.
func (s *Service) unless(tx *db.Tx, e event.Stored, wording string) (string, error) {
	of, err := id.Parse(id.Payment, e.Ref)
	if err != nil {
		return "", fmt.Errorf("read payment of event %s: %w", e.ID.Text(id.Event), err)
	}
	p, _, err := s.billing.Find(tx, e.Site, of)
	if p.State != billing.Unknown {
		wording = ""
	}
	return wording, err
}

// jobs are one for each contact that is told of an event.
func (s *Service) jobs(tx *db.Tx, e event.Stored, n notice) (jobs []queue.Job, err error) {
	all, err := s.audience(tx, e.Site, n)
	for m, c := range all {
		jobs = append(jobs, queue.Job{Lane: queue.Default, Kind: c.job, Key: e.ID.String() + "/" + string(m), Site: e.Site})
	}
	return jobs, err
}

// contact is one person who is told something.
type contact struct {
	job      string // its kind
	address  string // an e-mail address, or a mobile number
	language Language
}

// audience gives who is told of something that happened to a site.
func (s *Service) audience(tx *db.Tx, siteID string, n notice) (all map[mark]contact, err error) {
	all = map[mark]contact{}
	if n.site != "" && siteID != site.Operator {
		if err = s.people(tx, siteID, n.topic, all); err != nil {
			return nil, err
		}
	}
	if n.operator != "" && !site.IsTest(siteID) { // what happens there is nobody's trouble
		for _, address := range s.o.Operator {
			sum := sha256.Sum256([]byte("operator " + address))
			all[mark("o"+hex.EncodeToString(sum[:8]))] = contact{kindMail, address, s.o.Language}
		}
	}
	return all, nil
}

// people adds those of a site who are told of a topic.
func (s *Service) people(tx *db.Tx, siteID string, t Topic, all map[mark]contact) error {
	c, err := s.ContactsOf(tx, siteID)
	if fault.Is(err, fault.NotFound) { // the site's data was erased
		return nil
	}
	if err != nil || t != always && !slices.Contains(c.Topics, t) || len(c.Emails) == 0 && c.Mobile == "" {
		return err
	}
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return err
	}
	of := func(kind, address string) {
		sum := key.MAC([]byte(sealedFor(siteID) + " " + kind + " " + address))
		all[mark("s"+hex.EncodeToString(sum[:8]))] = contact{kind, address, c.Language}
	}
	for _, address := range c.Emails {
		of(kindMail, address)
	}
	if c.Mobile != "" {
		of(kindText, string(c.Mobile))
	}
	return nil
}

// mark names a contact in the key of a job. It tells nothing of an address to who has not
// the site's key, stays the same however contacts change, and begins with s for people of
// the site and with o for the operator.
type mark string

// named reads the key of a contact's job.
func named(j queue.Claimed) (of id.ID, m mark, err error) {
	text, rest, _ := strings.Cut(j.Key, "/")
	if of, err = id.ParseBare(text); err != nil || rest == "" {
		return of, "", fmt.Errorf("read job %q: want event/contact", j.Key)
	}
	return of, mark(rest), nil
}
