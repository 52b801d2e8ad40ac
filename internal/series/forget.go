package series

import (
	"encoding/json"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// Forget takes a number out of what the series of a site send, and tells how many named it. One
// that names nobody any more is paused.
func (s *Service) Forget(tx *db.Tx, siteID string, number korea.Number) (n int64, err error) {
	list, err := s.List(tx, siteID, id.ID{}, MostSeries)
	if err != nil {
		return 0, err
	}
	for _, found := range list {
		if !found.names(number) {
			continue
		}
		one, err := s.lock(tx, siteID, found.ID)
		if err != nil {
			return n, err
		}
		if err := one.forget(number); err != nil {
			return n, err
		}
		if one.State == Active && len(one.Recipients)+len(one.Groups) == 0 {
			one.State = Paused
		}
		if err := s.write(tx, one); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// EraseSite removes the series of a site that is being erased, with their firings, and gives up
// their pictures. It needs the site's key, and locks the series; their jobs go with the site's.
func (s *Service) EraseSite(tx *db.Tx, siteID string) error {
	list, err := s.List(tx, siteID, id.ID{}, MostSeries)
	if err != nil {
		return err
	}
	for _, found := range list {
		if err := s.remove(tx, siteID, found.ID); err != nil {
			return err
		}
	}
	return nil
}

func (c *Content) names(number korea.Number) bool {
	return slices.ContainsFunc(c.Recipients, func(r Recipient) bool { return same(r.To, number) })
}

func same(text string, number korea.Number) bool {
	n, err := korea.ParseMobile(text)
	return err == nil && n == number
}

// forget takes a number out of both forms of a series' recipients.
func (c *Content) forget(number korea.Number) error {
	c.Recipients = slices.DeleteFunc(c.Recipients, func(r Recipient) bool { return same(r.To, number) })
	if len(c.Asked) == 0 {
		return nil
	}
	var asked map[string]json.RawMessage
	if err := json.Unmarshal(c.Asked, &asked); err != nil {
		return fmt.Errorf("read what a series was asked to send: %w", err)
	}
	var people []json.RawMessage
	if text, given := asked["recipients"]; !given || json.Unmarshal(text, &people) != nil {
		return nil
	}
	people = slices.DeleteFunc(people, func(text json.RawMessage) bool {
		var who struct{ To string }
		return json.Unmarshal(text, &who) == nil && same(who.To, number)
	})
	var err error
	if asked["recipients"], err = json.Marshal(people); err == nil {
		c.Asked, err = json.Marshal(asked)
	}
	return err
}
