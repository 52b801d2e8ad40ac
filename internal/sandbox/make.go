package sandbox

import (
	"fmt"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// StartingCredit is what a test site begins with. It is a bonus: nobody paid for it, and
// nobody gets it back.
const StartingCredit = 100_000 * money.Won

// mostCredit bounds what is added at once.
const mostCredit = 100_000_000 * money.Won

// What a test site gets whose live site cannot send yet.
const (
	spareSender   = "0212345678"
	spareChannel  = "@test"
	spareTemplate = "TEST_01"
	spareBody     = "#{이름}님, 테스트 메시지입니다."
)

// Make gives the test site of a site, by the id of either, and makes it if it is not there:
// with credit, and with what its live site has now. Faults: NotFound for the live site,
// Invalid (not_supported) where test mode is off.
func (s *Service) Make(tx *db.Tx, siteID string) (site.Site, error) {
	if err := s.on(); err != nil {
		return site.Site{}, err
	}
	test := site.TestID(siteID)
	if found, err := site.Find(tx, test); !fault.Is(err, fault.NotFound) {
		return found, err
	}
	made, err := site.CreateTest(tx, s.keys, site.LiveID(siteID))
	if err != nil {
		return site.Site{}, err
	}
	if err := s.ledger.Open(tx, test); err != nil {
		return site.Site{}, err
	}
	if _, err := s.Grant(tx, test, StartingCredit, "starting credit of test mode"); err != nil {
		return site.Site{}, err
	}
	return made, s.copy(tx, site.LiveID(siteID))
}

// Refresh brings a test site up to date, and makes it if it is not there: prices and rules
// are its live site's again, and what that has of senders, channels and templates is added
// where it is missing. What was changed in the test site stays.
func (s *Service) Refresh(tx *db.Tx, siteID string) (site.Site, error) {
	made, err := s.Make(tx, siteID)
	if err != nil {
		return site.Site{}, err
	}
	live, err := site.Find(tx, site.LiveID(siteID))
	if err != nil {
		return site.Site{}, err
	}
	if err := site.CopyRules(tx, live); err != nil {
		return site.Site{}, err
	}
	return made, s.copy(tx, live.ID)
}

// Grant adds credit to a test site. Faults: Conflict for a live site, Invalid for an amount
// that is none.
func (s *Service) Grant(tx *db.Tx, siteID string, amount money.Amount, why string) (credit.Entry, error) {
	switch {
	case !site.IsTest(siteID):
		return credit.Entry{}, fault.New(fault.Conflict, fault.CodeStateConflict,
			"%s is a live site, and credit is not given away there; use a token that begins with cm_test_", siteID)
	case amount <= 0 || amount > mostCredit:
		return credit.Entry{}, fault.Check("/amount", "want more than nothing and at most %s", mostCredit)
	}
	return s.ledger.Add(tx, credit.TopUp{Site: siteID, Kind: credit.Bonus, Amount: amount, Note: why})
}

// copy adds what a test site lacks of its live site's.
func (s *Service) copy(tx *db.Tx, live string) error {
	prices, err := credit.PricesOf(tx, live)
	if err != nil {
		return err
	}
	list := map[provider.Channel]money.Amount{}
	for ch, price := range prices {
		list[provider.Channel(ch)] = price
	}
	if err := credit.SetPrices(tx, site.TestID(live), list, 0); err != nil {
		return fmt.Errorf("copy the prices of %s: %w", live, err)
	}
	for _, part := range []func(*db.Tx, string) error{s.copySenders, s.copyChannels, s.copyTemplates} {
		if err := part(tx, live); err != nil {
			return fmt.Errorf("copy what %s sends by: %w", live, err)
		}
	}
	return nil
}

// added passes over what is there already.
func added(err error) error {
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// copySenders copies the approved sender numbers, the default one first: a site's first
// number is its default.
func (s *Service) copySenders(tx *db.Tx, live string) error {
	test := site.TestID(live)
	all, err := site.Senders(tx, live)
	if err != nil {
		return err
	}
	for _, first := range []bool{true, false} {
		for _, one := range all {
			if one.State != site.Approved || one.Default != first {
				continue
			}
			if _, err := site.AddSender(tx, test, string(one.Number), site.Approved); added(err) != nil {
				return err
			}
		}
	}
	has, err := site.Senders(tx, test)
	if err == nil && len(has) == 0 {
		_, err = site.AddSender(tx, test, spareSender, site.Approved)
	}
	return err
}

// copyChannels copies the Kakao channels under ids that the simulator takes.
func (s *Service) copyChannels(tx *db.Tx, live string) error {
	all, err := site.Channels(tx, live)
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := s.addChannel(tx, site.TestID(live), c.Name); err != nil {
			return err
		}
	}
	return nil
}

// addChannel adds a channel that counts as the site's own, unless it is there.
func (s *Service) addChannel(tx *db.Tx, test, name string) error {
	made, err := site.AddChannel(tx, site.Channel{Site: test, Name: name, Providers: s.o.Channel(test, name)})
	if err != nil {
		return added(err)
	}
	return s.kakao.Trust(tx, made)
}

// templatesAtOnce is how many templates are read at a time.
const templatesAtOnce = 200

// copyTemplates copies the approved templates. A test site without any gets one.
func (s *Service) copyTemplates(tx *db.Tx, live string) error {
	test := site.TestID(live)
	for after := ""; ; {
		page, err := message.Templates(tx, live, after, templatesAtOnce)
		if err != nil {
			return err
		}
		for _, t := range page {
			after = t.Code
			if t.State != message.TemplateApproved {
				continue
			}
			if err := s.addTemplate(tx, test, t); err != nil {
				return err
			}
		}
		if len(page) < templatesAtOnce {
			break
		}
	}
	has, err := message.Templates(tx, test, "", 1)
	if err != nil || len(has) > 0 {
		return err
	}
	if err := s.addChannel(tx, test, spareChannel); err != nil {
		return err
	}
	return s.addTemplate(tx, test, message.Template{Code: spareTemplate, Name: "테스트", Channel: spareChannel, Body: spareBody, State: message.TemplateApproved})
}

// addTemplate adds a copy of a template under ids that the simulator takes, unless it is there.
func (s *Service) addTemplate(tx *db.Tx, test string, t message.Template) error {
	channel, err := site.FindChannel(tx, test, t.Channel)
	if err != nil {
		return err
	}
	t.Site, t.Providers = test, s.o.Template(test, t.Code, channel.Providers)
	_, err = message.AddTemplate(tx, t)
	return added(err)
}
