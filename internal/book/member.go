package book

import (
	"bytes"
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// MostAtOnce is how many contacts a call takes.
const MostAtOnce = 1000

// Join puts contacts into a group and gives how many of them were not in it before. NotFound
// for the group, and for a contact, with its place in contacts.
func (b *Book) Join(tx *db.Tx, siteID string, group id.ID, contacts []id.ID) (added int, err error) {
	if len(contacts) > MostAtOnce {
		return 0, fault.Check("/contacts", "want at most %d contacts at once", MostAtOnce)
	}
	s, err := b.open(tx, siteID)
	if err != nil {
		return 0, err
	}
	there, err := s.there(contacts)
	if err != nil {
		return 0, err
	}
	for i, c := range contacts {
		if !there[c] {
			return 0, fault.Check(fmt.Sprintf("/contacts/%d", i), "there is no contact %s", c.Text(id.Contact))
		}
	}
	added, err = s.join(group, contacts)
	if err != nil || added == 0 {
		return added, err
	}
	return added, noteGroup(tx, siteID, "group.joined", group, audit.Fields{"added": added})
}

// there tells which contacts are in the book.
func (s *shelf) there(contacts []id.ID) (map[id.ID]bool, error) {
	found := make(map[id.ID]bool, len(contacts))
	if len(contacts) == 0 {
		return found, nil
	}
	rows, err := s.tx.Lookup("book_contact", []string{"id"}, db.Same("site_id", s.site, len(contacts)), db.Col("id", contacts))
	list, err := collectIDs(rows, err)
	if err != nil {
		return nil, fmt.Errorf("find %d contacts of %s: %w", len(contacts), s.site, err)
	}
	for _, c := range list {
		found[c] = true
	}
	return found, nil
}

func collectIDs(rows *sql.Rows, err error) ([]id.ID, error) {
	return db.Collect(rows, err, func(r *sql.Rows) (d id.ID, err error) { return d, r.Scan(&d) })
}

// join puts contacts that are there into a group. NotFound for the group.
func (s *shelf) join(group id.ID, contacts []id.ID) (added int, err error) {
	if _, err := s.b.FindGroup(s.tx, s.site, group); err != nil {
		return 0, err
	}
	if len(contacts) == 0 {
		return 0, nil
	}
	rows, err := s.tx.Lookup("book_member", []string{"contact_id"}, db.Same("site_id", s.site, len(contacts)), db.Same("group_id", group, len(contacts)),
		db.Col("contact_id", contacts))
	known, err := collectIDs(rows, err)
	if err != nil {
		return 0, fmt.Errorf("find members of group %s: %w", group, err)
	}
	fresh := slices.Clone(contacts)
	slices.SortFunc(fresh, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	fresh = slices.DeleteFunc(slices.Compact(fresh), func(c id.ID) bool { return slices.Contains(known, c) })
	n := len(fresh)
	if n == 0 {
		return 0, nil
	}
	err = s.tx.InsertMany("book_member", db.Same("site_id", s.site, n), db.Same("group_id", group, n), db.Col("contact_id", fresh))
	if err != nil {
		return 0, fmt.Errorf("add %d members to group %s: %w", n, group, err)
	}
	return n, s.count([]id.ID{group}, n)
}

// Leave takes a contact out of a group. NotFound for a group that is not there, and for a
// contact that is not in it.
func (b *Book) Leave(tx *db.Tx, siteID string, group, contact id.ID) error {
	s, err := b.open(tx, siteID)
	if err != nil {
		return err
	}
	if _, err := b.FindGroup(tx, siteID, group); err != nil {
		return err
	}
	n, err := tx.Exec(`DELETE FROM book_member WHERE site_id = ? AND group_id = ? AND contact_id = ?`, siteID, group, contact)
	if err != nil {
		return fmt.Errorf("take contact %s out of group %s: %w", contact, group, err)
	}
	if n == 0 {
		return fault.Missing("member", contact.Text(id.Contact))
	}
	if err := noteGroup(tx, siteID, "group.left", group, audit.Fields{"contact": contact.Text(id.Contact)}); err != nil {
		return err
	}
	return s.count([]id.ID{group}, -1)
}

// count changes how many members groups have; those that were removed have none.
func (s *shelf) count(groups []id.ID, by int) error {
	if len(groups) == 0 {
		return nil
	}
	rows, err := s.tx.Lookup("book_group", []string{"id", "members"}, db.Same("site_id", s.site, len(groups)), db.Col("id", groups))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (g Group, err error) { return g, r.Scan(&g.ID, &g.Members) })
	if err == nil && len(list) > 0 {
		ids, members := make([]id.ID, len(list)), make([]int, len(list))
		for i, g := range list {
			ids[i], members[i] = g.ID, g.Members+by
		}
		err = s.tx.UpdateMany("book_group", []string{"site_id", "id"}, db.Same("site_id", s.site, len(ids)), db.Col("id", ids), db.Col("members", members))
	}
	if err != nil {
		return fmt.Errorf("count the members of %d groups: %w", len(groups), err)
	}
	return nil
}

// Members reads up to limit members of a group behind a contact, in the order of the book.
// A group that is not there has none.
func (b *Book) Members(tx *db.Tx, siteID string, group, after id.ID, limit int) ([]Contact, error) {
	key, err := b.keys.Site(tx, siteID)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`SELECT `+contactList+` FROM book_member m JOIN book_contact c ON c.site_id = m.site_id AND c.id = m.contact_id
		WHERE m.site_id = ? AND m.group_id = ? AND m.contact_id > ? ORDER BY m.contact_id LIMIT ?`, siteID, group, after[:], limit)
	list, err := collect(key, siteID, rows, err)
	if err != nil {
		return nil, fmt.Errorf("list members of group %s: %w", group, err)
	}
	return list, nil
}

// memberIDs gives some members of a group.
func memberIDs(tx *db.Tx, siteID string, group id.ID, limit int) ([]id.ID, error) {
	return collectIDs(tx.Query(`SELECT contact_id FROM book_member WHERE site_id = ? AND group_id = ? ORDER BY contact_id LIMIT ?`, siteID, group, limit))
}

// groupsOf gives the groups that a contact is in.
func groupsOf(tx *db.Tx, siteID string, contact id.ID) ([]id.ID, error) {
	list, err := collectIDs(tx.Query(`SELECT group_id FROM book_member WHERE site_id = ? AND contact_id = ? ORDER BY group_id`, siteID, contact))
	if err != nil {
		return nil, fmt.Errorf("find the groups of contact %s: %w", contact, err)
	}
	return list, nil
}
