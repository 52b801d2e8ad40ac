package kakao

import (
	"context"
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
)

// mostLooked rows are looked at in one run of a job; the rest follows at once.
const mostLooked = 1000

// looking handles the job of one account: it asks for the templates of each channel that has
// some to look at, and lets their rows follow.
func (s *Service) looking(ctx context.Context, jobs []queue.Claimed) error {
	for _, j := range jobs {
		k := s.account(j.Key).keeper()
		if k != nil {
			if err := s.lookAt(ctx, j.Key, k); err != nil {
				return err
			}
		}
		err := s.d.Update(ctx, "kakao_looked", func(tx *db.Tx) error {
			next, err := nextLook(tx, j.Key)
			if err != nil {
				return err
			}
			if k == nil || next == 0 {
				return s.queue.Done(tx, j)
			}
			return s.queue.Again(tx, max(next, tx.Now), "", j)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nextLook is when a row of an account is to be looked at next; 0 = there is none.
func nextLook(tx *db.Tx, account string) (db.Time, error) {
	rows, err := tx.Query(`SELECT look_at FROM kakao_template WHERE account = ? ORDER BY account, look_at LIMIT 1`, account)
	found, err := db.Collect(rows, err, func(r *sql.Rows) (at db.Time, err error) { return at, r.Scan(&at) })
	if err != nil {
		return 0, fmt.Errorf("find the next look at templates of %s: %w", account, err)
	}
	if len(found) == 0 {
		return 0, nil
	}
	return found[0], nil
}

// due is a row that is to be looked at.
type due struct {
	site    string
	id      id.ID
	channel string
	at      db.Time // since when; whatever is learnt of the row moves it
}

func (s *Service) dueAt(ctx context.Context, account string) (all []due, err error) {
	err = s.d.View(ctx, "kakao_due", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT site_id, id, channel_id, look_at FROM kakao_template WHERE account = ? AND look_at <= ? ORDER BY account, look_at LIMIT ?`,
			account, tx.Now, mostLooked)
		all, err = db.Collect(rows, err, func(r *sql.Rows) (d due, err error) { return d, r.Scan(&d.site, &d.id, &d.channel, &d.at) })
		if err != nil {
			return fmt.Errorf("find templates of %s to look at: %w", account, err)
		}
		return nil
	})
	return all, err
}

// lookAt looks at the rows of an account that are due.
func (s *Service) lookAt(ctx context.Context, account string, k provider.TemplateKeeper) error {
	all, err := s.dueAt(ctx, account)
	if err != nil {
		return err
	}
	type answer struct {
		list  []provider.KeptTemplate
		wrong error
	}
	answers := map[string]answer{}
	for _, d := range all {
		if _, asked := answers[d.channel]; !asked {
			limited, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
			list, wrong := k.Templates(limited, d.channel)
			cancel()
			answers[d.channel] = answer{list, wrong}
			if wrong != nil {
				s.o.Log.WarnContext(ctx, "templates not listed", "provider", account, "error", wrong)
			}
		}
		err := s.d.Update(ctx, "kakao_look", func(tx *db.Tx) error {
			return s.look(tx, d, answers[d.channel].list, answers[d.channel].wrong)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// look lets one row follow what its vendor lists. The list may be of some while ago: of a row
// that has changed since it was found to be due, such as by an act that ended, it says nothing,
// and the row is looked at when it is due again.
func (s *Service) look(tx *db.Tx, d due, list []provider.KeptTemplate, wrong error) error {
	t, r, err := s.lock(tx, d.site, d.id)
	if err != nil || r == nil || r.lookAt != d.at {
		return err
	}
	if r.doing != 0 || r.template == "" { // its own job is at it
		r.lookAt = tx.Now.Add(inspectedEvery)
		return save(tx, r)
	}
	kept := r.isIn(list)
	switch {
	case wrong != nil:
		r.lookAt = tx.Now.Add(inspectedEvery)
		return save(tx, r)
	case kept == nil:
		r.problem, r.lookedAt, r.lookAt = notListed, tx.Now, tx.Now.Add(standingEvery)
		return save(tx, r)
	}
	if r.problem == notListed {
		r.problem = ""
	}
	return s.seen(tx, t, r, kept, r.state)
}

// notListed is the problem of a template that its vendor does not list.
const notListed = "the vendor does not list it"
