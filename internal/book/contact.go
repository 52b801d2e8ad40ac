package book

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// Book keeps the address books of all sites. Its methods join a transaction, but for those
// that handle jobs. It is safe for concurrent use.
type Book struct {
	d     *db.DB
	keys  *site.Keys
	queue *queue.Queue
}

// New makes the books of a database.
func New(d *db.DB, keys *site.Keys, q *queue.Queue) *Book { return &Book{d: d, keys: keys, queue: q} }

// Contact is somebody that a site knows.
type Contact struct {
	Site      string
	ID        id.ID
	To        korea.Number
	Name      string
	Variables map[string]string
	Consent   Consent
	CreatedAt db.Time
	ChangedAt db.Time
}

// Values are what a message can say of the contact: its variables, and its name as #{이름}
// and #{name} unless it has variables of these names.
func (c Contact) Values() map[string]string {
	if c.Name == "" {
		return c.Variables
	}
	values := map[string]string{"이름": c.Name, "name": c.Name}
	maps.Copy(values, c.Variables)
	return values
}

// Add writes a contact down, in some groups. Faults: Invalid with the place of what is
// wrong, also for a group that is not there; Conflict already_exists for a number that
// stands in the book, or for a book that is full.
func (b *Book) Add(tx *db.Tx, siteID string, e Entry, groups []id.ID) (Contact, error) {
	d, wrong := e.read(tx.Now)
	if wrong != nil {
		return Contact{}, wrong.fault()
	}
	s, err := b.open(tx, siteID)
	if err != nil {
		return Contact{}, err
	}
	if err := s.free(d.To, id.ID{}); err != nil {
		return Contact{}, err
	}
	if s.contacts++; s.contacts > MostContacts {
		return Contact{}, full("contacts", MostContacts)
	}
	c := s.contact(id.New(), d, e.Consent.At)
	c.CreatedAt = tx.Now
	if err := s.insert([]Contact{c}); err != nil {
		return Contact{}, err
	}
	for i, g := range groups {
		if _, err := s.join(g, []id.ID{c.ID}); fault.Is(err, fault.NotFound) {
			return Contact{}, fault.Check(fmt.Sprintf("/groups/%d", i), "there is no group %s", g.Text(id.Group))
		} else if err != nil {
			return Contact{}, err
		}
	}
	if err := noteContact(tx, "contact.created", nil, &c); err != nil {
		return Contact{}, err
	}
	return c, s.close()
}

func full(what string, most int) error {
	return fault.New(fault.Conflict, fault.CodeStateConflict, "an address book holds at most %d %s; remove some first", most, fault.Word(what))
}

// Set makes a contact what an entry says, its number too. Faults as of Add, and NotFound.
func (b *Book) Set(tx *db.Tx, siteID string, of id.ID, e Entry) (Contact, error) {
	d, wrong := e.read(tx.Now)
	if wrong != nil {
		return Contact{}, wrong.fault()
	}
	s, err := b.open(tx, siteID)
	if err != nil {
		return Contact{}, err
	}
	old, err := s.find(of)
	if err != nil {
		return Contact{}, err
	}
	if old.To != d.To {
		if err := s.free(d.To, of); err != nil {
			return Contact{}, err
		}
	}
	c := s.contact(of, d, e.Consent.At)
	c.CreatedAt = old.CreatedAt
	if err := noteContact(tx, "contact.updated", &old, &c); err != nil {
		return Contact{}, err
	}
	return c, s.update([]Contact{c})
}

// Erase takes a contact out of the book and out of every group. NotFound.
func (b *Book) Erase(tx *db.Tx, siteID string, of id.ID) error {
	s, err := b.open(tx, siteID)
	if err != nil {
		return err
	}
	old, err := s.find(of)
	if err != nil {
		return err
	}
	in, err := groupsOf(tx, siteID, of)
	if err != nil {
		return err
	}
	if err := s.count(in, -1); err != nil {
		return err
	}
	for _, statement := range []string{
		`DELETE FROM book_member WHERE site_id = ? AND contact_id = ?`,
		`DELETE FROM book_contact WHERE site_id = ? AND id = ?`,
	} {
		if _, err := tx.Exec(statement, siteID, of); err != nil {
			return fmt.Errorf("erase contact %s of %s: %w", of, siteID, err)
		}
	}
	s.contacts--
	if err := noteContact(tx, "contact.erased", nil, &old); err != nil {
		return err
	}
	return s.close()
}

// Find reads one contact. NotFound.
func (b *Book) Find(tx *db.Tx, siteID string, of id.ID) (Contact, error) {
	key, err := b.keys.Site(tx, siteID)
	if err != nil {
		return Contact{}, err
	}
	return find(tx, key, siteID, of)
}

func find(tx *db.Tx, key *site.Key, siteID string, of id.ID) (Contact, error) {
	rows, err := tx.Lookup("book_contact", contactColumns, db.Col("site_id", []string{siteID}), db.Col("id", []id.ID{of}))
	list, err := collect(key, siteID, rows, err)
	if err != nil {
		return Contact{}, fmt.Errorf("find contact %s of %s: %w", of, siteID, err)
	}
	if len(list) == 0 {
		return Contact{}, fault.Missing("contact", of.Text(id.Contact))
	}
	return list[0], nil
}

// ByNumber reads the contact with a number, if there is one.
func (b *Book) ByNumber(tx *db.Tx, siteID string, number korea.Number) (c Contact, found bool, err error) {
	key, err := b.keys.Site(tx, siteID)
	if err != nil {
		return c, false, err
	}
	list, err := byNumbers(tx, key, siteID, []korea.Number{number})
	if err != nil || len(list) == 0 {
		return c, false, err
	}
	return list[0], true, nil
}

// List reads up to limit contacts behind one, in the order in which they came.
func (b *Book) List(tx *db.Tx, siteID string, after id.ID, limit int) ([]Contact, error) {
	key, err := b.keys.Site(tx, siteID)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`SELECT `+contactList+` FROM book_contact c WHERE c.site_id = ? AND c.id > ? ORDER BY c.id LIMIT ?`, siteID, after[:], limit)
	list, err := collect(key, siteID, rows, err)
	if err != nil {
		return nil, fmt.Errorf("list contacts of %s: %w", siteID, err)
	}
	return list, nil
}

// shelf is the book of a site in the hands of the one transaction that changes it.
type shelf struct {
	b        *Book
	tx       *db.Tx
	site     string
	key      *site.Key
	contacts int
	groups   int
}

// Lock holds what orders the changes of a site's book until the transaction ends, imports too.
// NotFound for the site.
func (b *Book) Lock(tx *db.Tx, siteID string) error {
	_, err := b.open(tx, siteID)
	return err
}

// open locks a site's book.
func (b *Book) open(tx *db.Tx, siteID string) (*shelf, error) {
	key, err := b.keys.Site(tx, siteID)
	if err != nil {
		return nil, err
	}
	s := &shelf{b: b, tx: tx, site: siteID, key: key}
	found, err := s.lock()
	if err == nil && !found {
		err = tx.InsertAbsent("book_shelf", []string{"site_id"}, "site_id", db.Col("site_id", []string{siteID}),
			db.Col("contacts", []int{0}), db.Col("sets", []int{0}))
		if err == nil {
			_, err = s.lock()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the address book of %s: %w", siteID, err)
	}
	return s, nil
}

func (s *shelf) lock() (found bool, err error) {
	rows, err := s.tx.LookupForUpdate("book_shelf", []string{"contacts", "sets"}, db.Col("site_id", []string{s.site}))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (bool, error) { return true, r.Scan(&s.contacts, &s.groups) })
	return len(list) > 0, err
}

// close writes down how much the book holds.
func (s *shelf) close() error {
	err := s.tx.UpdateMany("book_shelf", []string{"site_id"}, db.Col("site_id", []string{s.site}),
		db.Col("contacts", []int{s.contacts}), db.Col("sets", []int{s.groups}))
	if err != nil {
		return fmt.Errorf("close the address book of %s: %w", s.site, err)
	}
	return nil
}

func (s *shelf) find(of id.ID) (Contact, error) { return find(s.tx, s.key, s.site, of) }

// contact is a contact as an entry says, changed now.
func (s *shelf) contact(of id.ID, d details, consent db.Time) Contact {
	return Contact{Site: s.site, ID: of, To: d.To, Name: d.Name, Variables: d.Variables, Consent: Consent{consent, d.Evidence, d.Night}, ChangedAt: s.tx.Now}
}

// free makes sure that a number stands nowhere else in the book.
func (s *shelf) free(number korea.Number, but id.ID) error {
	list, err := byNumbers(s.tx, s.key, s.site, []korea.Number{number})
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.ID != but {
			return fault.New(fault.Conflict, fault.CodeAlreadyExists, "the number stands in the address book already: %s", c.ID.Text(id.Contact)).
				At("/to", "it is that of %s", c.ID.Text(id.Contact))
		}
	}
	return nil
}

// isDuplicate reports whether a unique key was taken.
func isDuplicate(err error) bool {
	_, is := errors.AsType[*db.Duplicate](err)
	return is
}
