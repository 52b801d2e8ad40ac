package alert

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// Topic is a sort of things that a site can be told.
type Topic string

// The topics.
const (
	LowBalance    Topic = "low_balance"
	PaymentFailed Topic = "payment_failed" // and recharges that stopped
	Expiring      Topic = "expiring"
	Owed          Topic = "owed"
	CapReached    Topic = "caps"     // of recipients or won in a day or a month
	Repeated      Topic = "series"   // whose message was refused
	Done          Topic = "done"     // each message
	Reviews       Topic = "review"   // messages that wait for a second person
	Registrations Topic = "sender"   // numbers that were decided on
	Endpoints     Topic = "webhooks" // that fail, or get nothing any more

	always Topic = "" // is told whatever a site chose
)

// Topics are all topics.
var Topics = []Topic{LowBalance, PaymentFailed, Expiring, Owed, CapReached, Repeated, Reviews, Registrations, Endpoints, Done}

// Usual are what a site is told that names none: all that somebody has to do something about.
var Usual = []Topic{LowBalance, PaymentFailed, Expiring, Owed, CapReached, Repeated, Reviews, Registrations, Endpoints}

// Language is what an alert is written in.
type Language string

// The languages.
const (
	Korean  Language = "ko"
	English Language = "en"
)

// MostEmails is how many addresses a site can have.
const MostEmails = 10

// Contacts are the people of a site and what they are told.
type Contacts struct {
	Emails   []string
	Mobile   korea.Number // gets the same as a text, at the operator's cost; "" = none
	Topics   []Topic
	Language Language
}

// Change is what is to become of contacts; what is nil keeps its value.
type Change struct {
	Emails   []string // empty, not nil = none
	Mobile   *string  // "" = none
	Topics   []string // empty, not nil = none: nothing is told
	Language *string
}

// papers are what is kept sealed.
type papers struct {
	Emails []string     `json:"emails,omitempty"`
	Mobile korea.Number `json:"mobile,omitempty"`
	Topics []Topic      `json:"topics"` // nil = they stand in the row's column, which is too short for all of them
}

// ContactsOf gives the contacts of a site. A site that never had any has none, and the usual
// topics.
func (s *Service) ContactsOf(tx *db.Tx, site string) (Contacts, error) {
	c, _, err := s.contacts(tx, site, tx.Lookup)
	return c, err
}

type lookup func(table string, cols []string, key ...db.Column) (*sql.Rows, error)

func (s *Service) contacts(tx *db.Tx, site string, look lookup) (c Contacts, stored bool, err error) {
	c = Contacts{Topics: Usual, Language: s.o.Language}
	rows, err := look("alert_contact", []string{"topics", "lang", "sealed"}, db.Col("site_id", []string{site}))
	found, err := db.Collect(rows, err, func(r *sql.Rows) (sealed []byte, err error) {
		var topics string
		err = r.Scan(&topics, &c.Language, &sealed)
		c.Topics = nil
		for _, t := range strings.Fields(topics) {
			c.Topics = append(c.Topics, Topic(t))
		}
		return sealed, err
	})
	if err != nil {
		return c, false, fmt.Errorf("read contacts of %s: %w", site, err)
	}
	if len(found) == 0 {
		return c, false, nil
	}
	key, err := s.keys.Site(tx, site)
	if err != nil {
		return c, true, err
	}
	plain, err := key.Open(sealedFor(site), found[0])
	if err != nil {
		return c, true, fmt.Errorf("open contacts of %s: %w", site, err)
	}
	var p papers
	if err := json.Unmarshal(plain, &p); err != nil {
		return c, true, fmt.Errorf("read contacts of %s: %w", site, err)
	}
	c.Emails, c.Mobile = p.Emails, p.Mobile
	switch {
	case len(p.Topics) > 0:
		c.Topics = p.Topics
	case p.Topics != nil:
		c.Topics = nil
	}
	return c, true, nil
}

func sealedFor(site string) string { return "alert contacts of " + site }

// SetContacts changes the contacts of a site. Faults: Invalid with the place of what is
// wrong, and not_supported for an address or a number that this installation could tell
// nothing. It locks the contacts of the site, and before them what counts its changes where the
// site is to be told of each message that is done, or not any more.
func (s *Service) SetContacts(tx *db.Tx, siteID string, ch Change) (Contacts, error) {
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return Contacts{}, err
	}
	if ch.Topics != nil { // the site is locked before its contacts
		if err := site.SetNotify(tx, siteID, slices.Contains(ch.Topics, string(Done))); err != nil {
			return Contacts{}, err
		}
	}
	c, stored, err := s.contacts(tx, siteID, tx.LookupForUpdate)
	if err != nil {
		return c, err
	}
	was := c
	if err := s.change(siteID, &c, ch); err != nil {
		return c, err
	}
	plain, err := json.Marshal(papers{c.Emails, c.Mobile, append([]Topic{}, c.Topics...)})
	if err != nil {
		return c, fmt.Errorf("write contacts of %s: %w", siteID, err)
	}
	row := []db.Column{db.Col("site_id", []string{siteID}), db.Col("topics", []string{""}), db.Col("lang", []Language{c.Language}),
		db.Col("sealed", [][]byte{key.Seal(sealedFor(siteID), plain)}), db.Col("changed_at", []db.Time{tx.Now})}
	if stored {
		err = tx.UpdateMany("alert_contact", []string{"site_id"}, row...)
	} else if err = tx.InsertMany("alert_contact", row...); isDuplicate(err) {
		err = fmt.Errorf("%w: %w", db.ErrStale, err) // another made it
	}
	if err != nil {
		return c, fmt.Errorf("write contacts of %s: %w", siteID, err)
	}
	return c, noteContacts(tx, siteID, was, c)
}

func isDuplicate(err error) bool {
	_, is := errors.AsType[*db.Duplicate](err)
	return is
}

// change makes contacts what is asked for.
func (s *Service) change(siteID string, c *Contacts, ch Change) error {
	if err := s.changeEmails(c, ch.Emails); err != nil {
		return err
	}
	if ch.Mobile != nil {
		if err := s.changeMobile(siteID, c, *ch.Mobile); err != nil {
			return err
		}
	}
	if ch.Topics != nil {
		c.Topics = []Topic{}
	}
	for i, text := range ch.Topics {
		if !slices.Contains(Topics, Topic(text)) {
			return fault.Check(fmt.Sprintf("/topics/%d", i), "want low_balance, payment_failed, expiring, owed, caps, series, review, sender, webhooks or done")
		}
		if !slices.Contains(c.Topics, Topic(text)) {
			c.Topics = append(c.Topics, Topic(text))
		}
	}
	if ch.Language != nil {
		if c.Language = Language(*ch.Language); c.Language != Korean && c.Language != English {
			return fault.Check("/language", "want ko or en")
		}
	}
	return nil
}

func (s *Service) changeEmails(c *Contacts, emails []string) error {
	switch {
	case emails == nil:
		return nil
	case len(emails) > MostEmails:
		return fault.Check("/emails", "want %d addresses at most", MostEmails)
	case len(emails) > 0 && !s.mails():
		return unsupported("/emails", "this installation sends no e-mail: its operator can set alerts.smtp")
	}
	c.Emails = []string{}
	for i, text := range emails {
		address, err := ParseAddress(text)
		if err != nil {
			return fault.Check(fmt.Sprintf("/emails/%d", i), "want an e-mail address such as billing@shop.example")
		}
		if !slices.Contains(c.Emails, address) {
			c.Emails = append(c.Emails, address)
		}
	}
	return nil
}

func (s *Service) changeMobile(siteID string, c *Contacts, text string) error {
	c.Mobile = ""
	if text == "" {
		return nil
	}
	number, err := korea.ParseMobile(text)
	switch {
	case err != nil:
		return fault.Check("/mobile", "want a Korean mobile number: 010 and eight digits")
	case !s.texts() && !site.IsTest(siteID): // which sends its own
		return unsupported("/mobile", "this installation sends no texts to owners: its operator can set alerts.site")
	}
	c.Mobile = number
	return nil
}

func unsupported(place, detail string) error {
	return fault.New(fault.Invalid, fault.CodeNotSupported, "%s", fault.Word(detail)).At(place, "%s", fault.Word(detail))
}
