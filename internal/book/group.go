package book

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// Group is a name for some contacts.
type Group struct {
	Site      string
	ID        id.ID
	Name      string
	Members   int
	CreatedAt db.Time
}

// kindClear is the job that clears the members of a group that was removed. Its key is the
// group's id.
const kindClear = "book_clear"

// Works are the kinds of jobs that the book handles.
func (b *Book) Works() []queue.Work {
	return []queue.Work{{Lane: queue.Default, Kind: kindClear, Max: 1, Workers: 1, Handle: b.clear}}
}

func readName(name string) (string, error) {
	name = korea.Normalise(strings.TrimSpace(name))
	if name == "" || !oneLine(name, longestName) {
		return "", fault.Check("/name", "want 1 to %d characters on one line", longestName)
	}
	return name, nil
}

// AddGroup makes a group without members. Faults: Invalid for the name, Conflict
// already_exists for one that another group has, or when there are too many.
func (b *Book) AddGroup(tx *db.Tx, siteID, name string) (Group, error) {
	name, err := readName(name)
	if err != nil {
		return Group{}, err
	}
	s, err := b.open(tx, siteID)
	if err != nil {
		return Group{}, err
	}
	if s.groups++; s.groups > MostGroups {
		return Group{}, full("groups", MostGroups)
	}
	g := Group{Site: siteID, ID: id.New(), Name: name, CreatedAt: tx.Now}
	err = tx.InsertMany("book_group", db.Col("site_id", []string{siteID}), db.Col("id", []id.ID{g.ID}),
		db.Col("finger", []id.ID{finger(s.key, "group", name)}), db.Col("sealed", [][]byte{s.key.Seal(groupContext(g.ID), []byte(name))}),
		db.Col("members", []int{0}), db.Col("created_at", []db.Time{tx.Now}))
	if err != nil {
		return Group{}, named(err, "add a group of "+siteID)
	}
	if err := noteGroup(tx, siteID, "group.created", g.ID, nil); err != nil {
		return Group{}, err
	}
	return g, s.close()
}

// named words the error of a name that is taken.
func named(err error, act string) error {
	if isDuplicate(err) {
		return fault.Wrap(err, fault.Conflict, fault.CodeAlreadyExists, "there is a group of this name already").At("/name", "another group has it")
	}
	return fmt.Errorf("%s: %w", act, err)
}

// RenameGroup gives a group another name. Faults as of AddGroup, and NotFound.
func (b *Book) RenameGroup(tx *db.Tx, siteID string, of id.ID, name string) (Group, error) {
	name, err := readName(name)
	if err != nil {
		return Group{}, err
	}
	s, err := b.open(tx, siteID)
	if err != nil {
		return Group{}, err
	}
	g, err := b.FindGroup(tx, siteID, of)
	if err != nil {
		return Group{}, err
	}
	if g.Name == name {
		return g, nil
	}
	g.Name = name
	err = tx.UpdateMany("book_group", []string{"site_id", "id"}, db.Col("site_id", []string{siteID}), db.Col("id", []id.ID{of}),
		db.Col("finger", []id.ID{finger(s.key, "group", name)}), db.Col("sealed", [][]byte{s.key.Seal(groupContext(of), []byte(name))}))
	if err != nil {
		return Group{}, named(err, "rename group "+of.String())
	}
	return g, noteGroup(tx, siteID, "group.renamed", of, nil)
}

// RemoveGroup takes a group out of the book; its members stay in it. NotFound.
func (b *Book) RemoveGroup(tx *db.Tx, siteID string, of id.ID) error {
	s, err := b.open(tx, siteID)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`DELETE FROM book_group WHERE site_id = ? AND id = ?`, siteID, of)
	if err != nil {
		return fmt.Errorf("remove group %s of %s: %w", of, siteID, err)
	}
	if n == 0 {
		return fault.Missing("group", of.Text(id.Group))
	}
	s.groups--
	if err := s.close(); err != nil {
		return err
	}
	if err := noteGroup(tx, siteID, "group.removed", of, nil); err != nil {
		return err
	}
	return b.queue.Put(tx, queue.Job{Lane: queue.Default, Kind: kindClear, Key: of.String(), Site: siteID})
}

// clearChunk is how many members one transaction forgets.
const clearChunk = 1000

// clear forgets who was in a group that was removed.
func (b *Book) clear(ctx context.Context, jobs []queue.Claimed) error {
	for _, j := range jobs {
		of, err := id.ParseBare(j.Key)
		if err != nil {
			return fmt.Errorf("read job %q: %w", j.Key, err)
		}
		for more := true; more; {
			err := b.d.Update(ctx, "book_clear", func(tx *db.Tx) error {
				members, err := memberIDs(tx, j.Site, of, clearChunk)
				if err != nil {
					return err
				}
				if more = len(members) > 0; !more {
					return b.queue.Done(tx, j)
				}
				n := len(members)
				_, err = tx.DeleteMany("book_member", db.Same("site_id", j.Site, n), db.Same("group_id", of, n), db.Col("contact_id", members))
				return err
			})
			if err != nil {
				return fmt.Errorf("clear group %s: %w", of, err)
			}
		}
	}
	return nil
}

var groupColumns = []string{"id", "sealed", "members", "created_at"}

func collectGroups(key *site.Key, siteID string, rows *sql.Rows, err error) ([]Group, error) {
	return db.Collect(rows, err, func(r *sql.Rows) (g Group, err error) {
		g.Site = siteID
		var sealed []byte
		if err := r.Scan(&g.ID, &sealed, &g.Members, &g.CreatedAt); err != nil {
			return g, err
		}
		plain, err := key.Open(groupContext(g.ID), sealed)
		if err != nil {
			return g, fmt.Errorf("open group %s: %w", g.ID, err)
		}
		g.Name = string(plain)
		return g, nil
	})
}

// FindGroup reads one group. NotFound.
func (b *Book) FindGroup(tx *db.Tx, siteID string, of id.ID) (Group, error) {
	list, err := b.FindGroups(tx, siteID, []id.ID{of})
	if err != nil {
		return Group{}, err
	}
	if len(list) == 0 {
		return Group{}, fault.Missing("group", of.Text(id.Group))
	}
	return list[0], nil
}

// FindGroups reads groups in the order of their ids. Those that are not there are left out.
func (b *Book) FindGroups(tx *db.Tx, siteID string, of []id.ID) ([]Group, error) {
	key, err := b.keys.Site(tx, siteID)
	if err != nil || len(of) == 0 {
		return nil, err
	}
	rows, err := tx.Lookup("book_group", groupColumns, db.Same("site_id", siteID, len(of)), db.Col("id", of))
	list, err := collectGroups(key, siteID, rows, err)
	if err != nil {
		return nil, fmt.Errorf("find %d groups of %s: %w", len(of), siteID, err)
	}
	return list, nil
}

// Groups reads up to limit groups behind one, in the order in which they were made.
func (b *Book) Groups(tx *db.Tx, siteID string, after id.ID, limit int) ([]Group, error) {
	key, err := b.keys.Site(tx, siteID)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`SELECT id, sealed, members, created_at FROM book_group WHERE site_id = ? AND id > ? ORDER BY id LIMIT ?`, siteID, after[:], limit)
	list, err := collectGroups(key, siteID, rows, err)
	if err != nil {
		return nil, fmt.Errorf("list groups of %s: %w", siteID, err)
	}
	return list, nil
}

// GroupsOf gives the groups that a contact is in, in the order in which they were made.
func (b *Book) GroupsOf(tx *db.Tx, siteID string, contact id.ID) ([]Group, error) {
	ids, err := groupsOf(tx, siteID, contact)
	if err != nil {
		return nil, err
	}
	return b.FindGroups(tx, siteID, ids)
}
