package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Keep stores a list that is there whole, with what whoever keeps it notes of it. It is there once
// all of it is stored: a crash on the way leaves bytes without a row. Conflict when the site has
// MaxOpen already, TooLarge for more than MaxSize, Unavailable for the store.
func (s *Service) Keep(ctx context.Context, siteID string, body io.Reader, about []byte) (u Upload, err error) {
	u = Upload{Name: Name{siteID, id.New(), Lists}, State: Open}
	var at place
	err = s.d.View(ctx, "upload_keep_place", func(tx *db.Tx) error {
		if err := room(tx, siteID, Lists); err != nil {
			return err
		}
		at, err = s.place(tx, u.Name)
		return err
	})
	if err != nil {
		return Upload{}, err
	}
	u.about = at.key.Seal(at.noted(), about)
	all, err := s.putAll(ctx, at, body)
	if err == nil {
		err = s.d.Update(ctx, "upload_keep", func(tx *db.Tx) error {
			if err := room(tx, siteID, Lists); err != nil {
				return err
			}
			u.CreatedAt, u.Size = tx.Now, 0
			for _, p := range all {
				u.Size += int64(p.size)
			}
			if err := u.insert(tx); err != nil {
				return fmt.Errorf("keep list %s: %w", u.ID, err)
			}
			if err := insertPieces(tx, u, all...); err != nil {
				return err
			}
			return audit.Note(tx, audit.Change{Site: siteID, Action: "list.kept", Ref: u.text(), After: audit.Fields{"bytes": u.Size}})
		})
		if err == nil {
			return u, nil
		}
	}
	if _, known := errors.AsType[*fault.Error](err); known { // otherwise it may be there after all, and the sweep finds out
		for _, p := range all {
			s.drop(ctx, at.at(p.id))
		}
	}
	return Upload{}, err
}

// putAll stores a body in pieces.
func (s *Service) putAll(ctx context.Context, at place, body io.Reader) (all []piece, err error) {
	buffer, end := make([]byte, PieceSize), int64(0)
	for {
		size, err := io.ReadFull(body, buffer)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case err != nil && !last:
			return all, err
		case end+int64(size) > MaxSize:
			return all, fault.New(fault.TooLarge, fault.CodeBodyTooLarge, "a list has at most %d MiB", MaxSize>>20)
		case size > 0:
			p := piece{id: id.New(), begin: end, size: size}
			if err := s.store.Put(ctx, at.at(p.id), bytes.NewReader(at.key.Seal(at.context(p), buffer[:size]))); err != nil {
				return all, unreachable(err)
			}
			all, end = append(all, p), end+int64(size)
		}
		if last {
			return all, nil
		}
	}
}

// About gives what was noted of a list when it was kept.
func (s *Service) About(tx *db.Tx, u Upload) ([]byte, error) {
	at, err := s.place(tx, u.Name)
	if err != nil {
		return nil, err
	}
	about, err := at.key.Open(at.noted(), u.about)
	if err != nil {
		return nil, fmt.Errorf("open what was noted of upload %s: %w", u.ID, err)
	}
	return about, nil
}
