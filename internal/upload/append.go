package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Append adds bytes to an upload from offset on, which is where it ends now. What arrived
// before body failed counts, so the upload is right also beside an error: body's own, NotFound,
// Unavailable for the store; Conflict for another offset than its end, for one that is used,
// and where another piece came in between; TooLarge for more than MaxSize. Extra "size" of the
// Conflict and of TooLarge is where it ends.
func (s *Service) Append(ctx context.Context, n Name, offset int64, body io.Reader) (Upload, error) {
	var at place
	var u Upload
	err := s.d.View(ctx, "upload_place", func(tx *db.Tx) (err error) {
		if u, err = Find(tx, n); err == nil {
			at, err = s.place(tx, n)
		}
		return err
	})
	if err == nil {
		err = takes(u, offset)
	}
	buffer := make([]byte, PieceSize)
	for err == nil {
		var size int
		var read error
		if size, read = io.ReadFull(body, buffer); size > 0 {
			// What has arrived is kept also when the client is gone by now.
			var now Upload
			if now, err = s.add(context.WithoutCancel(ctx), at, u.Size, buffer[:size]); err == nil {
				u = now
			}
		}
		switch {
		case err != nil:
		case errors.Is(read, io.EOF), errors.Is(read, io.ErrUnexpectedEOF):
			return u, nil
		default:
			err = read
		}
	}
	return u, err
}

// takes says why an upload does not take bytes at offset.
func takes(u Upload, offset int64) error {
	var f *fault.Error
	switch {
	case u.State != Open:
		f = fault.New(fault.Conflict, fault.CodeStateConflict, "the upload has been used: begin another one")
	case offset != u.Size:
		f = fault.New(fault.Conflict, fault.CodeStateConflict, "%d bytes have arrived, and these are for %d: go on from what has arrived", u.Size, offset)
	default:
		return nil
	}
	return f.With("size", u.Size)
}

// add stores one piece and counts it. Its bytes come first: a crash leaves bytes without a
// row, never a row without bytes.
func (s *Service) add(ctx context.Context, at place, offset int64, content []byte) (u Upload, err error) {
	if offset+int64(len(content)) > MaxSize {
		return u, fault.New(fault.TooLarge, fault.CodeBodyTooLarge, "an upload has at most %d MiB; send the rest as another message", MaxSize>>20).With("size", offset)
	}
	p := piece{id: id.New(), begin: offset, size: len(content)}
	if err := s.store.Put(ctx, at.at(p.id), bytes.NewReader(at.key.Seal(at.context(p), content))); err != nil {
		return u, unreachable(err)
	}
	err = s.d.Update(ctx, "upload_append", func(tx *db.Tx) error {
		u, err = lock(tx, at.Name)
		if err == nil {
			err = takes(u, offset)
		}
		if err != nil {
			return err
		}
		u.Size += int64(p.size)
		return p.write(tx, u)
	})
	if err != nil {
		if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
			s.drop(ctx, at.at(p.id)) // certainly nothing names these bytes; otherwise the sweep finds out
		}
		return u, fmt.Errorf("append to upload %s: %w", at.ID, err)
	}
	return u, nil
}

func (p piece) write(tx *db.Tx, u Upload) error {
	err := insertPieces(tx, u, p)
	if err == nil {
		err = tx.UpdateMany("upload", []string{"site_id", "id"}, db.Col("site_id", []string{u.Site}), db.Col("id", []id.ID{u.ID}), db.Col("size", []int64{u.Size}))
	}
	return err
}

// insertPieces writes which pieces an upload has.
func insertPieces(tx *db.Tx, u Upload, list ...piece) error {
	begin, ids, size := make([]int64, len(list)), make([]id.ID, len(list)), make([]int, len(list))
	for i, p := range list {
		begin[i], ids[i], size[i] = p.begin, p.id, p.size
	}
	return tx.InsertMany("upload_piece", db.Same("site_id", u.Site, len(list)), db.Same("upload_id", u.ID, len(list)),
		db.Col("begin_at", begin), db.Col("id", ids), db.Col("size", size))
}
