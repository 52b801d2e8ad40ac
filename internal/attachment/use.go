package attachment

import (
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Need is that a message or a series needs one attachment.
type Need struct {
	Name
	By id.ID
}

// Of names a message or a series whose attachments are meant.
type Of struct {
	Site string
	By   id.ID
}

func nameColumns(names []Name) []db.Column {
	sites, ids := make([]string, len(names)), make([]id.ID, len(names))
	for i, n := range names {
		sites[i], ids[i] = n.Site, n.ID
	}
	return []db.Column{db.Col("site_id", sites), db.Col("id", ids)}
}

// ofAttachment are the columns of a name in the tables beside attachment.
func ofAttachment(names []Name) []db.Column {
	cols := nameColumns(names)
	cols[1].Name = "attachment_id"
	return cols
}

func neededBy(list []Of) []db.Column {
	sites, ids := make([]string, len(list)), make([]id.ID, len(list))
	for i, o := range list {
		sites[i], ids[i] = o.Site, o.By
	}
	return []db.Column{db.Col("site_id", sites), db.Col("needed_by", ids)}
}

// Exist tells which attachments there are.
func Exist(tx *db.Tx, names []Name) (map[Name]bool, error) { return there(tx.Lookup, names) }

// Lock tells which attachments there are, and keeps them from being deleted until the
// transaction ends.
func Lock(tx *db.Tx, names []Name) (map[Name]bool, error) { return there(tx.LookupForUpdate, names) }

func there(look func(string, []string, ...db.Column) (*sql.Rows, error), names []Name) (map[Name]bool, error) {
	found := make(map[Name]bool, len(names))
	if len(names) == 0 {
		return found, nil
	}
	rows, err := look("attachment", []string{"site_id", "id"}, nameColumns(names)...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (n Name, err error) {
		err = r.Scan(&n.Site, &n.ID)
		found[n] = true
		return n, err
	})
	if err != nil {
		return nil, fmt.Errorf("look for attachments: %w", err)
	}
	return found, nil
}

// Use notes who needs attachments, which the transaction has locked.
func Use(tx *db.Tx, needs []Need) error {
	names, by := make([]Name, len(needs)), make([]id.ID, len(needs))
	for i, n := range needs {
		names[i], by[i] = n.Name, n.By
	}
	err := tx.InsertMany("attachment_use", append(ofAttachment(names), db.Col("needed_by", by))...)
	if err != nil {
		return fmt.Errorf("refer to attachments: %w", err)
	}
	return nil
}

// Release notes that messages are final, or series over, and need their attachments no more:
// the week of each begins then.
func Release(tx *db.Tx, list []Of) error {
	if len(list) == 0 {
		return nil
	}
	rows, err := tx.LookupForUpdate("attachment_use", []string{"site_id", "attachment_id"}, neededBy(list)...)
	names, err := db.Collect(rows, err, func(r *sql.Rows) (n Name, err error) { return n, r.Scan(&n.Site, &n.ID) })
	if err != nil {
		return fmt.Errorf("read what is needed no more: %w", err)
	}
	if len(names) == 0 {
		return nil
	}
	if _, err := tx.DeleteMany("attachment_use", neededBy(list)...); err != nil {
		return fmt.Errorf("release attachments: %w", err)
	}
	return touch(tx, names)
}

// touch begins the week of attachments anew.
func touch(tx *db.Tx, names []Name) error {
	once := make([]Name, 0, len(names))
	for _, n := range names {
		if !slices.Contains(once, n) {
			once = append(once, n)
		}
	}
	cols := append(nameColumns(once), db.Same("used_at", tx.Now, len(once)))
	if err := tx.UpdateMany("attachment", []string{"site_id", "id"}, cols...); err != nil {
		return fmt.Errorf("keep attachments longer: %w", err)
	}
	return nil
}

// needs tells which of the attachments anything needs.
func needs(tx *db.Tx, names []Name) (map[Name]bool, error) {
	found := map[Name]bool{}
	if len(names) == 0 {
		return found, nil
	}
	rows, err := tx.Lookup("attachment_use", []string{"site_id", "attachment_id"}, ofAttachment(names)...)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (n Name, err error) {
		err = r.Scan(&n.Site, &n.ID)
		found[n] = true
		return n, err
	})
	if err != nil {
		return nil, fmt.Errorf("look who needs attachments: %w", err)
	}
	return found, nil
}

// Remove deletes what is known of an attachment; Drop deletes its bytes when that is
// committed. NotFound when there is none, Conflict while anything needs it.
func Remove(tx *db.Tx, n Name) error {
	found, err := Lock(tx, []Name{n})
	if err != nil {
		return err
	}
	if !found[n] {
		return missing(n)
	}
	needed, err := needs(tx, []Name{n})
	if err != nil {
		return err
	}
	if needed[n] {
		return fault.New(fault.Conflict, fault.CodeStateConflict,
			"attachment %s is needed by a message that is not done yet, by a series or by a saved text; wait for its end, or cancel or remove it", n.ID.Text(id.Attachment))
	}
	if err := audit.Note(tx, audit.Change{Site: n.Site, Action: "attachment.removed", Ref: n.ID.Text(id.Attachment)}); err != nil {
		return err
	}
	return remove(tx, []Name{n})
}

// remove deletes rows that the transaction has locked.
func remove(tx *db.Tx, names []Name) error {
	if _, err := tx.DeleteMany("attachment_upload", ofAttachment(names)...); err != nil {
		return fmt.Errorf("delete what providers call attachments: %w", err)
	}
	if _, err := tx.DeleteMany("attachment", nameColumns(names)...); err != nil {
		return fmt.Errorf("delete attachments: %w", err)
	}
	return nil
}
