package privacy

import (
	"context"
	"fmt"
	"strings"

	"creditmsg/internal/access"
	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/kakao"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
	"creditmsg/internal/webhook"
)

// End is the wish that a site and all that it owns is erased.
type End struct {
	Site    string
	Forfeit bool   // credit that is left is taken by an adjustment; otherwise it is in the way
	Reason  string // for the ledger and the log

	sibling bool // it is the test site of the site that is erased
}

// EraseSite erases a site, and its test site with it: both or, where something is in the way,
// neither, and then nothing is taken of either. Its ledger stays: amounts, times and hashes,
// without notes that could be read. Faults: NotFound, Invalid without a reason, and Conflict with
// what is in the way: a site that is not suspended, messages that are not over, credit that is
// held, left or owed, payment methods, withdrawals and payments that are under way, papers that
// it is still to get for what it paid. Of a test site only messages that are not over are in the
// way. Erasing it again changes nothing.
func (s *Service) EraseSite(ctx context.Context, e End) error {
	if e.Reason = strings.TrimSpace(e.Reason); e.Reason == "" {
		return fault.Check("/reason", "say why, for whoever reads the ledger later")
	}
	for _, act := range []struct {
		name string
		do   func(*db.Tx, []End) error
	}{{"privacy_settle_site", s.settle}, {"privacy_erase_site", s.erase}} {
		err := s.d.Update(ctx, act.name, func(tx *db.Tx) error {
			ends, err := s.ends(tx, e)
			if err != nil {
				return err
			}
			return act.do(tx, ends)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ends gives what ends with a site, itself and its test site, in the order of their locks and
// without what was erased before. It locks them all, and refuses all for what is in the way of one.
func (s *Service) ends(tx *db.Tx, e End) (left []End, err error) {
	all := []End{e}
	if !site.IsTest(e.Site) {
		all = append(all, End{Site: site.TestID(e.Site), Forfeit: true, Reason: e.Reason, sibling: true})
	}
	for _, one := range all {
		over, err := s.still(tx, one)
		switch {
		case one.sibling && fault.Is(err, fault.NotFound): // it has none
		case err != nil:
			return nil, err
		case !over:
			left = append(left, one)
		}
	}
	return left, nil
}

// settle takes the credit that is left of sites, where that is wished and none of them has some
// that is in the way.
func (s *Service) settle(tx *db.Tx, ends []End) error {
	var taken []credit.TopUp
	for _, e := range ends {
		purse, err := s.purse(tx, e.Site, e.Forfeit)
		if err != nil {
			return err
		}
		if purse.Available != 0 {
			taken = append(taken, credit.TopUp{Site: e.Site, Kind: credit.Adjustment, Amount: -purse.Available, Note: e.Reason})
		}
	}
	for _, t := range taken {
		if _, err := s.ledger.Add(tx, t); err != nil {
			return err
		}
	}
	return nil
}

// erase takes all of sites, unless something is in the way. Their rows are locked from the first
// look on, and their accounts, which are locked after everything else, before the last one: so
// nothing comes in between.
func (s *Service) erase(tx *db.Tx, ends []End) error {
	end := func(tx *db.Tx, siteID string) error { return site.Erase(tx, s.keys, siteID) }
	spent := func(tx *db.Tx, siteID string) error { _, err := s.purse(tx, siteID, false); return err }
	for _, take := range []func(*db.Tx, string) error{ // in the order of their locks
		message.EraseSite, kakao.EraseSite, s.contacts, billing.EraseSite, s.series.EraseSite, webhook.EraseSite, s.queue.DropSite,
		s.forget, access.EraseSite, end, spent,
	} {
		for _, e := range ends {
			if err := take(tx, e.Site); err != nil {
				return err
			}
		}
	}
	return nil
}

// forget takes the rows of this package.
func (s *Service) forget(tx *db.Tx, siteID string) error {
	for _, table := range []string{`privacy_erasure`, `privacy_keeping`} {
		if _, err := tx.Exec(`DELETE FROM `+table+` WHERE site_id = ?`, siteID); err != nil {
			return fmt.Errorf("erase site %s: %w", siteID, err)
		}
	}
	return nil
}

// still locks a site and refuses one that does something or is owed something; over reports that
// it was erased before.
func (s *Service) still(tx *db.Tx, e End) (over bool, err error) {
	if err := site.Lock(tx, e.Site); err != nil {
		return false, err
	}
	one, err := site.Find(tx, e.Site)
	if err != nil || one.State == site.Erased {
		return err == nil, err
	}
	if one.State != site.Suspended && !e.sibling {
		return false, fault.New(fault.Conflict, fault.CodeStateConflict, "site %s is %s: suspend it first", one.ID, one.State)
	}
	running, err := message.Running(tx, one.ID, 100)
	if err != nil {
		return false, err
	}
	if running > 0 {
		return false, inTheWay(one.ID, fault.Say("some messages are not over; cancel them, or wait for their reports"))
	}
	if site.IsTest(one.ID) {
		return false, nil // nobody's money is there
	}
	for _, look := range []func(*db.Tx, string) (*fault.Phrase, error){billing.UnderWay, s.unissued} {
		what, err := look(tx, one.ID)
		if err != nil {
			return false, err
		}
		if what != nil {
			return false, inTheWay(one.ID, what)
		}
	}
	return false, nil
}

func inTheWay(siteID string, what *fault.Phrase) error {
	return fault.New(fault.Conflict, fault.CodeStateConflict, "site %s cannot be erased yet: %s", siteID, what)
}

// purse locks the account of a site and refuses one that has credit, unless that may be taken,
// or has some held, or owes some.
func (s *Service) purse(tx *db.Tx, siteID string, forfeit bool) (credit.Account, error) {
	purse, err := s.ledger.Locked(tx, siteID)
	switch {
	case err != nil:
		return purse, err
	case purse.Available != 0 && !forfeit || purse.Held != 0:
		return purse, fault.New(fault.Conflict, fault.CodeStateConflict, "site %s has %s of credit, and %s are held: give it back, or have it forfeited", siteID, purse.Available, purse.Held).
			With("available", purse.Available).With("held", purse.Held)
	case purse.Owed != 0 && !site.IsTest(siteID):
		return purse, fault.New(fault.Conflict, fault.CodeStateConflict,
			"site %s owes %s for credit that it spent before its payment was taken back: have it paid, or write it off with an adjustment of so much", siteID, purse.Owed).
			With("owed", purse.Owed)
	}
	return purse, nil
}
