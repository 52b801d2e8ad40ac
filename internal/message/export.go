package message

import (
	"context"
	"errors"
	"fmt"

	"creditmsg/internal/db"
)

// EachRecipient gives all accepted recipients of a message in their order, or those of one state,
// with what became of them. A batch is read in a transaction of its own, so that neither memory nor
// a transaction grows with the message; each may be of another moment than the one before. An
// error of each ends it.
func (s *Service) EachRecipient(ctx context.Context, m *Message, state Progress, each func(Shown) error) error {
	for no := range m.Batches {
		var people []Shown
		err := s.d.View(ctx, "message_export", func(tx *db.Tx) error {
			key, err := s.keys.Site(tx, m.Site)
			if err == nil {
				people, err = s.showBatch(tx, m, key, no)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("export batch %d of message %s: %w", no, m.ID, err)
		}
		for _, p := range people {
			if state != "" && p.State != state {
				continue
			}
			if err := each(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// EachRejection gives those who were not accepted, in their order, as EachRecipient does.
func (s *Service) EachRejection(ctx context.Context, m *Message, each func(Rejection) error) error {
	for no := 0; ; no++ {
		var pack []Rejection
		err := s.d.View(ctx, "message_export_rejections", func(tx *db.Tx) error {
			key, err := s.keys.Site(tx, m.Site)
			if err == nil {
				pack, err = rejectPack(tx, m, key, no)
			}
			return err
		})
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, r := range pack {
			if err := each(r); err != nil {
				return err
			}
		}
	}
}
