package server

import (
	"context"
	"fmt"

	"creditmsg/internal/access"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

const (
	demoTemplate = "RESERVE_01"
	demoBody     = "#{이름}님, 예약이 확정되었습니다."
	demoSender   = "0261234567"
	demoChannel  = "@demo"
)

// demoSite is one of the demo's tenants.
type demoSite struct {
	id, name string
	won      money.Amount
	prices   []money.Amount // by channel; nil = the installation's
}

var demoSites = []demoSite{
	{"demo-rich", "넉넉한 가게", 150_000, nil},
	{"demo-cheap", "알뜰한 가게", 75_000, []money.Amount{8, 12, 30, 90}},
	{"demo-poor", "빠듯한 가게", 5_000, []money.Amount{20, 25, 60, 250}},
}

// furnish makes what is missing of the demo: sites that can send, and tokens that work.
func (p *Program) furnish(ctx context.Context, demo *Demo) error {
	tokens := map[string]string{}
	for _, s := range demoSites {
		if err := p.d.Update(ctx, "demo_site", func(tx *db.Tx) error { return p.furnishSite(tx, s) }); err != nil {
			return fmt.Errorf("make the demo's site %s: %w", s.id, err)
		}
		token, err := p.demoToken(ctx, s.id, site.All, demo.Tokens[s.id])
		if err != nil {
			return err
		}
		tokens[s.id], demo.Senders[s.id] = token, demoSender
	}
	if !p.config.TestMode.off() {
		err := p.d.Update(ctx, "demo_test_site", func(tx *db.Tx) error { _, err := p.sandbox().Make(tx, demoRich); return err })
		if err != nil {
			return fmt.Errorf("make the demo's test site: %w", err)
		}
		test := site.TestID(demoRich)
		if tokens[test], err = p.demoToken(ctx, test, site.All, demo.Tokens[test]); err != nil {
			return err
		}
	}
	token, err := p.demoToken(ctx, "", site.Operator, demo.Tokens[site.Operator])
	if err != nil {
		return err
	}
	tokens[site.Operator] = token
	demo.Tokens = tokens
	return p.demoLogins(ctx, demo)
}

// furnishSite makes a site with everything it needs, unless it is there.
func (p *Program) furnishSite(tx *db.Tx, s demoSite) error {
	if _, err := site.Find(tx, s.id); !fault.Is(err, fault.NotFound) {
		return err
	}
	prices := map[provider.Channel]money.Amount{}
	for channel, won := range s.prices {
		prices[provider.Channel(channel)] = won * money.Won
	}
	if _, err := p.ledger.OpenSite(tx, credit.Opening{ID: s.id, Name: s.name, Prices: prices}); err != nil {
		return err
	}
	if _, err := p.ledger.Add(tx, credit.TopUp{Site: s.id, Kind: credit.Adjustment, Amount: s.won * money.Won, Note: "starting credit of the demo"}); err != nil {
		return err
	}
	if _, err := site.AddSender(tx, s.id, demoSender, site.Approved); err != nil {
		return err
	}
	ids := p.config.madeUpChannel(s.id, demoChannel)
	channel, err := site.AddChannel(tx, site.Channel{Site: s.id, Name: demoChannel, SenderKey: "demo-" + s.id, Providers: ids})
	if err != nil {
		return err
	}
	if err := p.kakao.Trust(tx, channel); err != nil {
		return err
	}
	_, err = message.AddTemplate(tx, message.Template{
		Site: s.id, Code: demoTemplate, Name: "예약 확정", Channel: demoChannel, Body: demoBody, State: message.TemplateApproved,
		Buttons:   []provider.Button{{Type: "WL", Name: "예약 보기", URLMobile: "https://example.com/m", URLPC: "https://example.com"}},
		Providers: p.config.madeUpTemplate(s.id, demoTemplate, ids),
	})
	return err
}

// demoToken gives the token that is kept if it still works here, else a new one: the
// file or the database may have been replaced meanwhile.
func (p *Program) demoToken(ctx context.Context, siteID, ability, kept string) (token string, err error) {
	err = p.d.Update(ctx, "demo_token", func(tx *db.Tx) error {
		t, err := site.Authenticate(tx, kept)
		if err == nil && t.Owner() == siteID && (access.Call{Who: access.Who{Token: t}, Site: siteID}).Can(ability) {
			token = kept
			return nil
		}
		if err != nil && !fault.Is(err, fault.Unauthenticated) {
			return err
		}
		_, token, err = site.NewToken(tx, siteID, "demo", []string{ability}, 0)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make the demo's token: %w", err)
	}
	return token, nil
}
