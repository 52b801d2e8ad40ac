package upload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
)

const (
	sweepAtOnce = 100 // uploads of one look

	// orphanAfter is how old bytes are when they go whatever names them: no upload lives as long.
	orphanAfter = keepFor + 24*time.Hour
)

// Use ends an upload whose bytes were used: they are deleted, and it takes no more. Using it
// again changes nothing.
func (s *Service) Use(ctx context.Context, n Name) error {
	return s.end(ctx, n, `UPDATE upload SET state = 'used' WHERE site_id = ? AND id = ?`, present)
}

// Remove deletes an upload of a site. NotFound also for another site's.
func (s *Service) Remove(ctx context.Context, n Name) error {
	return s.end(ctx, n, deleted, func(tx *db.Tx, n Name) error {
		u, err := lock(tx, n)
		if err != nil || n.Kind != Lists {
			return err
		}
		return audit.Note(tx, audit.Change{Site: n.Site, Action: "list.removed", Ref: n.text(), Before: audit.Fields{"bytes": u.Size}})
	})
}

const deleted = `DELETE FROM upload WHERE site_id = ? AND id = ?`

func present(tx *db.Tx, n Name) error {
	_, err := lock(tx, n)
	return err
}

// end changes an upload's row by a statement, unless check refuses it, and deletes its pieces.
func (s *Service) end(ctx context.Context, n Name, statement string, check func(*db.Tx, Name) error) error {
	var path string
	var left []piece
	err := s.d.Update(ctx, "upload_end", func(tx *db.Tx) (err error) {
		if err = check(tx, n); err != nil {
			return err
		}
		if path, err = s.path(tx, n); err != nil {
			return err
		}
		if left, err = pieces(tx, n); err != nil {
			return err
		}
		if _, err = tx.Exec(`DELETE FROM upload_piece WHERE site_id = ? AND upload_id = ?`, n.Site, n.ID); err == nil {
			_, err = tx.Exec(statement, n.Site, n.ID)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("end upload %s: %w", n.ID, err)
	}
	for _, p := range left {
		s.drop(ctx, path+p.id.String())
	}
	return nil
}

// drop deletes bytes. What cannot be deleted now is swept.
func (s *Service) drop(ctx context.Context, at string) {
	if err := s.store.Delete(context.WithoutCancel(ctx), at); err != nil {
		s.log.WarnContext(ctx, "bytes of an upload not deleted", "error", err)
	}
}

// Sweep deletes uploads whose two days are over, and bytes that crashes left. Several
// processes may do so at once.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(s.sweepExpired(ctx), s.sweepOrphans(ctx))
}

func (s *Service) sweepExpired(ctx context.Context) error {
	for {
		var old []Upload
		err := s.d.View(ctx, "upload_expired", func(tx *db.Tx) error {
			rows, err := tx.Query(selected+` WHERE created_at <= ? ORDER BY created_at, site_id, id LIMIT ?`, tx.Now.Add(-keepFor), sweepAtOnce)
			old, err = db.Collect(rows, err, scan)
			return err
		})
		if err != nil {
			return fmt.Errorf("find uploads that have expired: %w", err)
		}
		for _, u := range old {
			if err := s.end(ctx, u.Name, deleted, func(*db.Tx, Name) error { return nil }); err != nil {
				return err
			}
		}
		if len(old) < sweepAtOnce {
			return nil
		}
	}
}

func (s *Service) sweepOrphans(ctx context.Context) error {
	var own string
	var now time.Time
	err := s.d.View(ctx, "upload_own", func(tx *db.Tx) (err error) {
		now = tx.Now.Time()
		own, err = s.own(tx)
		return err
	})
	if err != nil {
		return err
	}
	for info, err := range s.store.List(ctx, own) {
		if err != nil {
			return fmt.Errorf("list the bytes of uploads: %w", err)
		}
		if now.Sub(info.At) > orphanAfter {
			s.drop(ctx, info.Name)
		}
	}
	return nil
}
