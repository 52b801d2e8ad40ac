package server

import (
	"context"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/privacy"
	"creditmsg/internal/site"
)

// Erasure is the wish that a site forgets a number, and what came of it.
type Erasure struct {
	Site       string     `json:"site"`
	ID         string     `json:"id"`
	State      string     `json:"state"`
	Recipients int64      `json:"recipients"`
	Rejections int64      `json:"rejections"`
	Contacts   int64      `json:"contacts"`
	Series     int64      `json:"series"`
	Open       int        `json:"open"` // messages that are not over and may be to the number
	AskedAt    time.Time  `json:"asked_at"`
	DoneAt     *time.Time `json:"done_at"`
}

func erasureOf(e privacy.Erasure) Erasure {
	out := Erasure{Site: e.Site, ID: e.ID.Text(id.Erasure), State: string(e.State), Recipients: e.People, Rejections: e.Refused, Contacts: e.Contacts,
		Series: e.Series, Open: e.Open, AskedAt: e.AskedAt.Time()}
	if e.DoneAt != 0 {
		at := e.DoneAt.Time()
		out.DoneAt = &at
	}
	return out
}

// ForgetNumber has a site forget a number; workers do it. Invalid, NotFound.
func (p *Operator) ForgetNumber(ctx context.Context, siteID, number string) (out Erasure, err error) {
	to, err := korea.ParseMobile(number)
	if err != nil {
		return Erasure{}, fault.Check("NUMBER", "%q is not a mobile number such as 010-1234-5678", number)
	}
	err = p.d.Update(ctx, "operator_forget", func(tx *db.Tx) error {
		e, err := p.privacy.Ask(tx, siteID, to)
		out = erasureOf(e)
		return err
	})
	return out, err
}

// Erasures gives the newest erasures of a site. NotFound.
func (p *Operator) Erasures(ctx context.Context, siteID string) (out List[Erasure], err error) {
	err = p.d.Snapshot(ctx, "operator_erasures", func(tx *db.Tx) error {
		out = List[Erasure]{Data: []Erasure{}}
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		list, err := p.privacy.List(tx, siteID, id.ID{}, pageSize)
		for _, e := range list {
			out.Data = append(out.Data, erasureOf(e))
		}
		return err
	})
	return out, err
}

// Retention is how many days after a message is over a site keeps whom it went to; 0 = for ever.
type Retention struct {
	Site string `json:"site"`
	Days int    `json:"days"`
}

// Retention reads how long a site keeps people, after setting it when days is not nil. NotFound,
// Invalid.
func (p *Operator) Retention(ctx context.Context, siteID string, days *int) (out Retention, err error) {
	err = p.d.Update(ctx, "operator_retention", func(tx *db.Tx) error {
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		if days != nil {
			if err := privacy.SetKept(tx, siteID, *days); err != nil {
				return err
			}
		}
		k, err := privacy.Kept(tx, siteID)
		out = Retention{siteID, k.Days}
		return err
	})
	return out, err
}

// EraseSite erases a site for good, as privacy.EraseSite does.
func (p *Operator) EraseSite(ctx context.Context, siteID, reason string, forfeit bool) (s Site, err error) {
	if err := p.privacy.EraseSite(ctx, privacy.End{Site: siteID, Reason: reason, Forfeit: forfeit}); err != nil {
		return Site{}, err
	}
	err = p.d.Snapshot(ctx, "operator_erased", func(tx *db.Tx) error {
		found, err := site.Find(tx, siteID)
		if err != nil {
			return err
		}
		s, err = p.site(tx, found)
		return err
	})
	return s, err
}
