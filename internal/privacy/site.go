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
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

// End is the wish that a site and all that it owns is erased.
type End struct {
	Site    string
	Forfeit bool   // credit that is left is taken by an adjustment; otherwise it is in the way
	Reason  string // for the ledger and the log
}

// EraseSite erases a site. Its ledger stays: amounts, times and hashes, without notes that
// could be read. Faults: NotFound, Invalid without a reason, and Conflict with what is in the
// way: a site that is not suspended, messages that are not over, credit that is held or left,
// payment methods, withdrawals and payments that are under way. Erasing it again changes nothing.
func (s *Service) EraseSite(ctx context.Context, e End) error {
	if e.Reason = strings.TrimSpace(e.Reason); e.Reason == "" {
		return fault.Check("/reason", "say why, for whoever reads the ledger later")
	}
	var over bool
	err := s.d.Update(ctx, "privacy_settle_site", func(tx *db.Tx) (err error) {
		over, err = s.settle(tx, e)
		return err
	})
	if err != nil || over {
		return err
	}
	return s.d.Update(ctx, "privacy_erase_site", func(tx *db.Tx) error {
		if err := s.ready(tx, e.Site); err != nil {
			return err
		}
		if err := s.queue.DropSite(tx, e.Site); err != nil {
			return err
		}
		for _, table := range []string{`privacy_erasure`, `privacy_keeping`} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE site_id = ?`, e.Site); err != nil {
				return fmt.Errorf("erase site %s: %w", e.Site, err)
			}
		}
		if err := access.EraseSite(tx, e.Site); err != nil {
			return err
		}
		return site.Erase(tx, s.keys, e.Site)
	})
}

// settle takes the credit that is left, if that is wished; over reports that the site was
// erased before.
func (s *Service) settle(tx *db.Tx, e End) (over bool, err error) {
	one, err := site.Find(tx, e.Site)
	if err != nil || one.State == site.Erased {
		return err == nil, err
	}
	if err := s.still(tx, one); err != nil {
		return false, err
	}
	purse, err := s.ledger.Account(tx, e.Site)
	if err != nil || purse.Available == 0 || !e.Forfeit {
		return false, err
	}
	_, err = s.ledger.Add(tx, credit.TopUp{Site: e.Site, Kind: credit.Adjustment, Amount: -purse.Available, Note: e.Reason})
	return false, err
}

// still refuses a site that does something.
func (s *Service) still(tx *db.Tx, one site.Site) error {
	if one.State != site.Suspended {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "site %s is %s: suspend it first", one.ID, one.State)
	}
	running, err := message.Running(tx, one.ID, 100)
	if err != nil {
		return err
	}
	if running > 0 {
		return inTheWay(one.ID, "some messages are not over; cancel them, or wait for their reports")
	}
	what, err := billing.UnderWay(tx, one.ID)
	if err != nil || what == "" {
		return err
	}
	return inTheWay(one.ID, what)
}

func inTheWay(siteID, what string) error {
	return fault.New(fault.Conflict, fault.CodeStateConflict, "site %s cannot be erased yet: %s", siteID, what)
}

// ready refuses a site that does something, or that has credit.
func (s *Service) ready(tx *db.Tx, id string) error {
	one, err := site.Find(tx, id)
	if err == nil {
		err = s.still(tx, one)
	}
	if err != nil {
		return err
	}
	purse, err := s.ledger.Account(tx, id)
	if err != nil {
		return err
	}
	if purse.Available != 0 || purse.Held != 0 {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "site %s has %s of credit, and %s are held: give it back, or have it forfeited", id, purse.Available, purse.Held).
			With("available", purse.Available).With("held", purse.Held)
	}
	return nil
}
