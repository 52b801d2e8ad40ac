package series

import (
	"encoding/json"
	"fmt"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// check refuses content that could never be sent.
func (c *Content) check() error {
	if c.Name = korea.Normalise(strings.TrimSpace(c.Name)); !site.IsName(c.Name) {
		return fault.Check("/name", "want 1 to 100 characters without line breaks or other control characters")
	}
	switch {
	case len(c.Recipients) == 0 && len(c.Groups) == 0:
		return fault.New(fault.Invalid, fault.CodeNoRecipients, "the series names no recipient").At("/message/recipients", "give recipients or groups")
	case len(c.Recipients) > MostRecipients:
		return fault.Check("/message/recipients", "a series names at most %d recipients; put more into a group", MostRecipients)
	case len(c.Groups) > message.MostGroups:
		return fault.Check("/message/groups", "want at most %d groups", message.MostGroups)
	case !c.Request.ScheduledAt.IsZero():
		return fault.Check("/message/scheduled_at", "a series sends at its own times; leave this out")
	}
	return nil
}

// Create writes a series down; it fires from now on. Faults: Invalid with the place of what is
// wrong, Conflict when the site has too many.
func (s *Service) Create(tx *db.Tx, siteID string, p Plan, c Content) (Series, error) {
	one := Series{Site: siteID, ID: id.New(), Plan: p, Content: c, State: Active, CreatedAt: tx.Now}
	if err := one.begin(tx); err != nil {
		return Series{}, err
	}
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM series WHERE site_id = ?`, siteID).Scan(&n); err != nil {
		return Series{}, fmt.Errorf("count series of %s: %w", siteID, err)
	}
	if n >= MostSeries {
		return Series{}, fault.New(fault.Conflict, fault.CodeStateConflict, "a site has at most %d series; remove one first", MostSeries)
	}
	row, err := s.row(tx, one)
	if err != nil {
		return Series{}, err
	}
	if err := tx.InsertMany("series", append(row, db.Col("created_at", []db.Time{tx.Now}))...); err != nil {
		return Series{}, fmt.Errorf("create a series of %s: %w", siteID, err)
	}
	if err := one.holdPictures(tx); err != nil {
		return Series{}, err
	}
	if err := note(tx, "series.created", nil, &one); err != nil {
		return Series{}, err
	}
	return one, s.queue.Put(tx, one.job())
}

// begin has a series wait for its first time from now on.
func (s *Series) begin(tx *db.Tx) error {
	if err := s.Content.check(); err != nil {
		return err
	}
	t, err := s.Plan.read(tx.Now)
	if err != nil {
		return err
	}
	s.NextAt, s.ChangedAt = t.next(tx.Now), tx.Now
	return nil
}

// row is a series as it is kept.
func (s *Service) row(tx *db.Tx, one Series) ([]db.Column, error) {
	key, err := s.keys.Site(tx, one.Site)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(one.Content)
	if err != nil {
		return nil, fmt.Errorf("write series %s: %w", one.ID, err)
	}
	return []db.Column{
		db.Col("site_id", []string{one.Site}), db.Col("id", []id.ID{one.ID}), db.Col("state", []State{one.State}), db.Col("cron", []string{one.Cron}),
		db.Col("missed", []Missed{one.Missed}), db.Col("starts_at", []db.Time{one.StartsAt}), db.Col("ends_at", []db.Time{one.EndsAt}),
		db.Col("next_at", []db.Time{one.NextAt}), db.Col("firing_at", []db.Time{one.FiringAt}),
		db.Col("sealed", [][]byte{key.Seal(sealedFor(one.ID), plain)}), db.Col("changed_at", []db.Time{one.ChangedAt}),
	}, nil
}

func (s *Service) write(tx *db.Tx, one Series) error {
	row, err := s.row(tx, one)
	if err == nil {
		err = tx.UpdateMany("series", []string{"site_id", "id"}, row...)
	}
	if err != nil {
		return fmt.Errorf("change series %s: %w", one.ID, err)
	}
	return nil
}

// lock reads one series for a change. NotFound.
func (s *Service) lock(tx *db.Tx, siteID string, of id.ID) (Series, error) {
	return s.look(tx, siteID, of, tx.LookupForUpdate)
}

// Set gives a series another plan and content from now on; whether it is paused stays as it
// is, and one that has ended goes on. Faults as of Create, and NotFound.
func (s *Service) Set(tx *db.Tx, siteID string, of id.ID, p Plan, c Content) (Series, error) {
	one, err := s.lock(tx, siteID, of)
	if err != nil {
		return one, err
	}
	if err := one.releasePictures(tx); err != nil {
		return Series{}, err
	}
	was := one
	one.Plan, one.Content = p, c
	if err := one.begin(tx); err != nil {
		return Series{}, err
	}
	if one.State == Ended {
		one.State = Active
	}
	if err := one.holdPictures(tx); err != nil {
		return Series{}, err
	}
	if err := s.write(tx, one); err != nil {
		return one, err
	}
	if err := note(tx, "series.updated", &was, &one); err != nil {
		return one, err
	}
	if one.State == Paused {
		return one, nil
	}
	return one, s.queue.Put(tx, one.job())
}

// Pause stops a series until it is resumed; to pause a paused one changes nothing. NotFound;
// Conflict for one that has ended.
func (s *Service) Pause(tx *db.Tx, siteID string, of id.ID) (Series, error) {
	return s.turn(tx, siteID, of, Paused)
}

// Resume goes on with a series, from the next time on: what passed while it was paused is not
// missed. It changes nothing of one that is not paused. NotFound; Conflict for one that has
// ended, also when its end came while it was paused.
func (s *Service) Resume(tx *db.Tx, siteID string, of id.ID) (Series, error) {
	return s.turn(tx, siteID, of, Active)
}

func (s *Service) turn(tx *db.Tx, siteID string, of id.ID, to State) (Series, error) {
	one, err := s.lock(tx, siteID, of)
	if err != nil || one.State == to {
		return one, err
	}
	when, err := schedule(one.Cron)
	if err != nil {
		return one, err
	}
	if to == Active {
		one.NextAt = timetable{one.Plan, when}.next(tx.Now)
	}
	if one.State == Ended || one.NextAt == 0 {
		return one, fault.New(fault.Conflict, fault.CodeStateConflict, "the series %s has ended; give it another plan", of.Text(id.Series))
	}
	was := one
	one.State, one.ChangedAt = to, tx.Now
	if err := s.write(tx, one); err != nil {
		return one, err
	}
	action := "series.paused"
	if to == Active {
		action = "series.resumed"
	}
	if err := note(tx, action, &was, &one); err != nil {
		return one, err
	}
	if to == Active {
		if err := s.queue.Put(tx, one.job()); err != nil {
			return one, err
		}
	}
	return one, event.Append(tx, one.event("series."+string(to), Firing{}))
}

// Remove forgets a series and its firings. What it sent stays. NotFound.
func (s *Service) Remove(tx *db.Tx, siteID string, of id.ID) error {
	if err := s.remove(tx, siteID, of); err != nil {
		return err
	}
	return s.queue.Drop(tx, kindFire, of.String())
}

// remove is Remove but for the job, which is locked later than what else may be.
func (s *Service) remove(tx *db.Tx, siteID string, of id.ID) error {
	one, err := s.lock(tx, siteID, of)
	if err == nil {
		err = one.releasePictures(tx)
	}
	if err != nil {
		return err
	}
	for _, statement := range []string{`DELETE FROM series_firing WHERE site_id = ? AND series_id = ?`, `DELETE FROM series WHERE site_id = ? AND id = ?`} {
		if _, err := tx.Exec(statement, siteID, of); err != nil {
			return fmt.Errorf("remove series %s: %w", of, err)
		}
	}
	return note(tx, "series.removed", &one, nil)
}

// job is what fires the series at its next time.
func (s *Series) job() queue.Job {
	due := s.NextAt
	if s.FiringAt != 0 {
		due = s.FiringAt
	}
	return queue.Job{Lane: queue.Send, Kind: kindFire, Key: s.ID.String(), Site: s.Site, Due: due, Rank: due}
}

// event is something that happened to a series. It holds no name and no text.
func (s *Series) event(kind string, f Firing) event.Event {
	data := struct {
		Series  string `json:"series_id"`
		At      string `json:"planned_at,omitempty"`
		Message string `json:"message_id,omitempty"`
		Code    string `json:"code,omitempty"`
		Skipped int    `json:"skipped,omitempty"`
		Next    string `json:"next_at,omitempty"`
	}{Series: s.ID.Text(id.Series), Code: f.Code, Skipped: f.Skipped}
	const form = "2006-01-02T15:04:05Z07:00"
	if f.At != 0 {
		data.At = f.At.Time().Format(form)
	}
	if !f.Message.IsZero() {
		data.Message = f.Message.Text(id.Message)
	}
	if s.NextAt != 0 && s.State == Active {
		data.Next = s.NextAt.Time().Format(form)
	}
	text, _ := json.Marshal(data) // strings and numbers always marshal
	return event.Event{Site: s.Site, Type: kind, Ref: data.Series, Data: text}
}
