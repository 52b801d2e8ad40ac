package book

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// finger is the keyed hash by which something is found that is kept sealed. It is as wide as
// an id, so that two things of one site never share one.
func finger(key *site.Key, what, text string) id.ID {
	sum := key.MAC([]byte("book " + what + " " + text))
	return id.ID(sum[:16])
}

func contactContext(of id.ID) string { return "contact " + of.String() }

func groupContext(of id.ID) string { return "group " + of.String() }

var contactColumns = []string{"id", "sealed", "consent_at", "created_at", "changed_at"}

const contactList = `c.id, c.sealed, c.consent_at, c.created_at, c.changed_at`

// collect reads contacts.
func collect(key *site.Key, siteID string, rows *sql.Rows, err error) ([]Contact, error) {
	return db.Collect(rows, err, func(r *sql.Rows) (c Contact, err error) {
		c.Site = siteID
		var sealed []byte
		if err := r.Scan(&c.ID, &sealed, &c.Consent.At, &c.CreatedAt, &c.ChangedAt); err != nil {
			return c, err
		}
		plain, err := key.Open(contactContext(c.ID), sealed)
		if err != nil {
			return c, fmt.Errorf("open contact %s: %w", c.ID, err)
		}
		var d details
		if err := json.Unmarshal(plain, &d); err != nil {
			return c, fmt.Errorf("read contact %s: %w", c.ID, err)
		}
		c.To, c.Name, c.Variables, c.Consent.Evidence, c.Consent.Night = d.To, d.Name, d.Variables, d.Evidence, d.Night
		return c, nil
	})
}

// byNumbers reads the contacts that have one of these numbers.
func byNumbers(tx *db.Tx, key *site.Key, siteID string, numbers []korea.Number) ([]Contact, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	fingers := make([]id.ID, len(numbers))
	for i, n := range numbers {
		fingers[i] = finger(key, "number", string(n))
	}
	rows, err := tx.Lookup("book_contact", contactColumns, db.Same("site_id", siteID, len(fingers)), db.Col("finger", fingers))
	list, err := collect(key, siteID, rows, err)
	if err != nil {
		return nil, fmt.Errorf("find contacts of %s by their numbers: %w", siteID, err)
	}
	return list, nil
}

// columns are contacts as they are kept.
func (s *shelf) columns(list []Contact) ([]db.Column, error) {
	n := len(list)
	ids, fingers, sealed := make([]id.ID, n), make([]id.ID, n), make([][]byte, n)
	consent, created := make([]db.Time, n), make([]db.Time, n)
	for i, c := range list {
		plain, err := json.Marshal(details{c.To, c.Name, c.Variables, c.Consent.Evidence, c.Consent.Night})
		if err != nil {
			return nil, fmt.Errorf("write contact %s: %w", c.ID, err)
		}
		ids[i], fingers[i], sealed[i] = c.ID, finger(s.key, "number", string(c.To)), s.key.Seal(contactContext(c.ID), plain)
		consent[i], created[i] = c.Consent.At, c.CreatedAt
	}
	return []db.Column{db.Same("site_id", s.site, n), db.Col("id", ids), db.Col("finger", fingers), db.Col("sealed", sealed),
		db.Col("consent_at", consent), db.Col("created_at", created), db.Same("changed_at", s.tx.Now, n)}, nil
}

// insert writes contacts whose numbers stand nowhere in the book yet.
func (s *shelf) insert(list []Contact) error {
	cols, err := s.columns(list)
	if err == nil {
		err = s.tx.InsertMany("book_contact", cols...)
	}
	if err != nil {
		return fmt.Errorf("add %d contacts of %s: %w", len(list), s.site, err)
	}
	return nil
}

func (s *shelf) update(list []Contact) error {
	cols, err := s.columns(list)
	if err == nil {
		err = s.tx.UpdateMany("book_contact", []string{"site_id", "id"}, cols...)
	}
	if err != nil {
		return fmt.Errorf("change %d contacts of %s: %w", len(list), s.site, err)
	}
	return nil
}
