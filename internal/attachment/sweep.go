package attachment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

const (
	sweepAtOnce = 100 // attachments of one transaction
	lookAtOnce  = 500 // names of the store that are looked up together

	// orphanAfter is how old bytes are that no row names when they are deleted. There is no
	// hurry: what crashes leave is little.
	orphanAfter = 30 * 24 * time.Hour
)

// Sweep deletes attachments that nothing has needed for a week, and bytes that no attachment
// is known of. Several processes may do so at once.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(s.sweepUnneeded(ctx), s.sweepOrphans(ctx))
}

func (s *Service) sweepUnneeded(ctx context.Context) error {
	for {
		old, err := s.unneeded(ctx)
		if err != nil || len(old) == 0 {
			return err
		}
		var gone []Name
		err = s.d.Update(ctx, "attachment_sweep", func(tx *db.Tx) (err error) {
			gone, err = sweep(tx, old)
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep attachments: %w", err)
		}
		for _, n := range gone {
			if err := s.Drop(ctx, n); err != nil {
				return err
			}
		}
		if len(gone) == 0 || len(old) < sweepAtOnce {
			return nil // the rest is being used again
		}
	}
}

// unneeded finds attachments whose week is over.
func (s *Service) unneeded(ctx context.Context) (old []Name, err error) {
	err = s.d.View(ctx, "attachment_unneeded", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT site_id, id FROM attachment WHERE used_at < ? AND NOT EXISTS
			(SELECT 1 FROM attachment_use WHERE attachment_use.site_id = attachment.site_id AND attachment_use.attachment_id = attachment.id)
			ORDER BY used_at, site_id, id LIMIT ?`, tx.Now.Add(-keepFor), sweepAtOnce)
		old, err = db.Collect(rows, err, func(r *sql.Rows) (n Name, err error) { return n, r.Scan(&n.Site, &n.ID) })
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find attachments that nothing needs: %w", err)
	}
	return old, nil
}

// sweep deletes those of the attachments that still nothing needs.
func sweep(tx *db.Tx, old []Name) (gone []Name, err error) {
	rows, err := tx.LookupForUpdate("attachment", []string{"site_id", "id", "used_at"}, nameColumns(old)...)
	var names []Name
	_, err = db.Collect(rows, err, func(r *sql.Rows) (n Name, err error) {
		var used db.Time
		err = r.Scan(&n.Site, &n.ID, &used)
		if used < tx.Now.Add(-keepFor) {
			names = append(names, n)
		}
		return n, err
	})
	if err != nil {
		return nil, err
	}
	needed, err := needs(tx, names)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if !needed[n] {
			gone = append(gone, n)
		}
	}
	if len(gone) == 0 {
		return nil, nil
	}
	return gone, remove(tx, gone)
}

// Drop deletes the bytes of an attachment of which nothing is known any more. It does nothing
// to one that is there; what cannot be deleted now is swept.
func (s *Service) Drop(ctx context.Context, n Name) error {
	at, there := "", false
	err := s.d.View(ctx, "attachment_drop", func(tx *db.Tx) error {
		found, err := Exist(tx, []Name{n})
		if err == nil {
			there = found[n]
			at, err = s.blobName(tx, n)
		}
		return err
	})
	if err == nil && !there {
		s.drop(ctx, at)
	}
	return err
}

func (s *Service) drop(ctx context.Context, at string) {
	if err := s.store.Delete(context.WithoutCancel(ctx), at); err != nil {
		s.log.WarnContext(ctx, "bytes of an attachment not deleted", "error", err)
	}
}

// sweepOrphans deletes bytes that no attachment is known of.
func (s *Service) sweepOrphans(ctx context.Context) error {
	var own string
	var now time.Time
	err := s.d.View(ctx, "attachment_own", func(tx *db.Tx) (err error) {
		now = tx.Now.Time()
		own, err = s.own(tx)
		return err
	})
	if err != nil {
		return err
	}
	var batch []Name
	for info, err := range s.store.List(ctx, own) {
		if err != nil {
			return fmt.Errorf("list the bytes of attachments: %w", err)
		}
		n, ours := nameIn(strings.TrimPrefix(info.Name, own+"/"))
		if !ours || now.Sub(info.At) < orphanAfter {
			continue
		}
		if batch = append(batch, n); len(batch) == lookAtOnce {
			if err := s.dropOrphans(ctx, own, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return s.dropOrphans(ctx, own, batch)
}

// nameIn reads the attachment that a name in the store is of.
func nameIn(text string) (Name, bool) {
	siteID, rest, ok := strings.Cut(text, "/")
	d, err := id.ParseBare(rest)
	return Name{siteID, d}, ok && err == nil
}

func (s *Service) dropOrphans(ctx context.Context, own string, names []Name) error {
	var found map[Name]bool
	err := s.d.View(ctx, "attachment_orphans", func(tx *db.Tx) (err error) {
		found, err = Exist(tx, names)
		return err
	})
	if err != nil {
		return err
	}
	for _, n := range names {
		if !found[n] {
			s.drop(ctx, own+"/"+n.Site+"/"+n.ID.String())
		}
	}
	return nil
}
