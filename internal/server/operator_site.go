package server

import (
	"context"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// Site is a tenant as operators see it.
type Site struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Test      bool          `json:"test"` // the test site of another one
	State     string        `json:"state"`
	Weight    int           `json:"weight"` // part of the sending when several have much to send
	CreatedAt time.Time     `json:"created_at"`
	Plan      *string       `json:"plan"` // the one of now
	Prices    credit.Prices `json:"prices"`
	Balance   money.Amount  `json:"balance"`
	Available money.Amount  `json:"available"`
	Held      money.Amount  `json:"held"`
}

// SiteDetail is a tenant with what it can send by.
type SiteDetail struct {
	Site
	PriceHistory []PricePeriod `json:"price_history"`
	Plans        []PlanTerm    `json:"plans"` // past and planned
	Senders      []Sender      `json:"senders"`
	Channels     []Channel     `json:"channels"`
	Templates    []Template    `json:"templates"`
}

// NewSite is a site to make. Prices names channels and amounts ("sms": "18"); channels that
// it does not name cost what they do by the plan, or else by the installation's list.
type NewSite struct {
	ID, Name string
	Prices   map[string]string
	Plan     string // "" = none
}

// CreateSite makes a site with its account. Faults: Invalid, Conflict, NotFound for the plan.
func (p *Operator) CreateSite(ctx context.Context, n NewSite) (s Site, err error) {
	own, err := firstPrices(n.Prices)
	if err != nil {
		return Site{}, err
	}
	err = p.d.Update(ctx, "operator_create_site", func(tx *db.Tx) error {
		made, err := p.ledger.OpenSite(tx, credit.Opening{ID: n.ID, Name: n.Name, Prices: own, Plan: n.Plan})
		if err != nil {
			return err
		}
		s, err = p.site(tx, made)
		return err
	})
	return s, err
}

// site adds to a site what others know of it.
func (p *Operator) site(tx *db.Tx, s site.Site) (Site, error) {
	prices, err := credit.PricesOf(tx, s.ID)
	if err != nil {
		return Site{}, err
	}
	plans, err := credit.SitePlans(tx, s.ID)
	if err != nil {
		return Site{}, err
	}
	a, err := p.ledger.Account(tx, s.ID)
	if err != nil {
		return Site{}, err
	}
	return Site{ID: s.ID, Name: s.Name, Test: site.IsTest(s.ID), State: string(s.State), Weight: s.Weight, CreatedAt: s.CreatedAt.Time(), Plan: named(plans.At(tx.Now)), Prices: prices,
		Balance: a.Available + a.Held, Available: a.Available, Held: a.Held}, nil
}

// Sites gives all sites by their ids.
func (p *Operator) Sites(ctx context.Context) (all List[Site], err error) {
	err = p.d.Snapshot(ctx, "operator_sites", func(tx *db.Tx) error {
		all = List[Site]{Data: []Site{}}
		return eachSite(tx, func(s site.Site) error {
			shown, err := p.site(tx, s)
			all.Data = append(all.Data, shown)
			return err
		})
	})
	return all, err
}

// eachSite calls do for every site, by their ids.
func eachSite(tx *db.Tx, do func(site.Site) error) error {
	for after := ""; ; {
		page, err := site.List(tx, after, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, s := range page {
			if err := do(s); err != nil {
				return err
			}
		}
		after = page[len(page)-1].ID
	}
}

// Site gives one site with its senders, channels and templates. NotFound.
func (p *Operator) Site(ctx context.Context, id string) (s SiteDetail, err error) {
	err = p.d.Snapshot(ctx, "operator_site", func(tx *db.Tx) error {
		s = SiteDetail{Senders: []Sender{}, Channels: []Channel{}, Templates: []Template{}}
		found, err := site.Find(tx, id)
		if err != nil {
			return err
		}
		if s.Site, err = p.site(tx, found); err != nil {
			return err
		}
		if err := s.readPrices(tx); err != nil {
			return err
		}
		return s.readParts(tx)
	})
	return s, err
}

func (s *SiteDetail) readParts(tx *db.Tx) error {
	senders, err := site.Senders(tx, s.ID)
	if err != nil {
		return err
	}
	for _, one := range senders {
		s.Senders = append(s.Senders, senderOf(one))
	}
	channels, err := site.Channels(tx, s.ID)
	if err != nil {
		return err
	}
	for _, one := range channels {
		s.Channels = append(s.Channels, channelOf(one))
	}
	for after := ""; ; {
		page, err := message.Templates(tx, s.ID, after, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, one := range page {
			s.Templates = append(s.Templates, templateOf(one))
			after = one.Code
		}
	}
}

// SuspendSite stops a site from sending; what it sent goes on. NotFound.
func (p *Operator) SuspendSite(ctx context.Context, id string) (Site, error) {
	return p.setState(ctx, id, site.Suspended)
}

// ResumeSite lets a suspended site send again. NotFound.
func (p *Operator) ResumeSite(ctx context.Context, id string) (Site, error) {
	return p.setState(ctx, id, site.Active)
}

// WeighSite says what part of the sending a site gets. NotFound, Invalid.
func (p *Operator) WeighSite(ctx context.Context, id string, weight int) (Site, error) {
	return p.setSite(ctx, id, func(tx *db.Tx) error { return site.SetWeight(tx, id, weight) })
}

func (p *Operator) setState(ctx context.Context, id string, state site.State) (Site, error) {
	return p.setSite(ctx, id, func(tx *db.Tx) error { return site.SetState(tx, id, state) })
}

// setSite changes a site and gives it as it stands then.
func (p *Operator) setSite(ctx context.Context, id string, set func(*db.Tx) error) (s Site, err error) {
	err = p.d.Update(ctx, "operator_site_set", func(tx *db.Tx) error {
		if err := set(tx); err != nil {
			return err
		}
		found, err := site.Find(tx, id)
		if err != nil {
			return err
		}
		s, err = p.site(tx, found)
		return err
	})
	return s, err
}
