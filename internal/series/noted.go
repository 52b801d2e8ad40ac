package series

import (
	"encoding/json"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// note tells the audit log what became of a series (nil = it was not there, or is gone). Its
// name, texts and recipients are sealed, and only that they are others is told.
func note(tx *db.Tx, action string, was, now *Series) error {
	c := audit.Change{Action: action}
	parts := func(s *Series) audit.Fields {
		if s == nil {
			return nil
		}
		c.Site, c.Ref = s.Site, s.ID.Text(id.Series)
		return audit.Fields{"status": string(s.State), "cron": s.Cron, "missed": string(s.Missed), "starts_at": s.StartsAt, "ends_at": s.EndsAt}
	}
	c.Before, c.After = parts(was), parts(now)
	if was != nil && now != nil {
		one, err := json.Marshal(was.Content)
		if err != nil {
			return err
		}
		other, err := json.Marshal(now.Content)
		if err != nil {
			return err
		}
		audit.Secret(c.Before, c.After, "content", string(one), string(other))
	}
	return audit.Note(tx, c)
}
