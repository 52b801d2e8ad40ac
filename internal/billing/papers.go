package billing

import (
	"encoding/json"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Papers are stored as sealed JSON, bound to the row that they belong to.

// seal makes the stored form of a row's papers.
func (s *Service) seal(tx *db.Tx, site, what string, row id.ID, papers any) ([]byte, error) {
	key, err := s.keys.Site(tx, site)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(papers)
	if err != nil {
		return nil, fmt.Errorf("write papers of %s: %w", what, err)
	}
	return key.Seal(what+" "+row.String(), plain), nil
}

// unseal reads what seal stored. Of a site that was erased the papers stay empty: amounts, states
// and times of its rows are compared, listed and summed up as before, and nothing can be saved.
func (s *Service) unseal(tx *db.Tx, site, what string, row id.ID, sealed []byte, papers any) error {
	if gone, err := s.erased(tx, site); gone || err != nil {
		return err
	}
	key, err := s.keys.Site(tx, site)
	if err != nil {
		return err
	}
	plain, err := key.Open(what+" "+row.String(), sealed)
	if err != nil {
		return fmt.Errorf("open papers of %s: %w", what, err)
	}
	if err := json.Unmarshal(plain, papers); err != nil {
		return fmt.Errorf("read papers of %s: %w", what, err)
	}
	return nil
}

// erased reports whether the site of a row was erased: nobody is asked about its payments any more.
func (s *Service) erased(tx *db.Tx, site string) (bool, error) {
	_, err := s.keys.Site(tx, site)
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	return false, err
}

func (s *Service) open(tx *db.Tx, p *row) error {
	return s.unseal(tx, p.Site, "payment", p.ID, p.sealed, &p.Papers)
}

// save stores what became of a payment.
func (s *Service) save(tx *db.Tx, p *row) (err error) {
	if p.sealed, err = s.seal(tx, p.Site, "payment", p.ID, p.Papers); err != nil {
		return err
	}
	return p.update(tx)
}

// add stores a new payment.
func (s *Service) add(tx *db.Tx, p *row) (err error) {
	if p.sealed, err = s.seal(tx, p.Site, "payment", p.ID, p.Papers); err != nil {
		return err
	}
	if err := notePayment(tx, p); err != nil {
		return err
	}
	return p.insert(tx)
}
