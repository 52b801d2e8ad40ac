package upload

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"creditmsg/internal/blob"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// Open gives the bytes of an upload from the first to the last that had arrived. NotFound,
// Conflict for one that was used. An error of the reader is a fault: the same when this became so
// meanwhile, Unavailable when the store cannot be reached or has lost a piece. Reading holds no
// transaction open.
func (s *Service) Open(ctx context.Context, n Name) (io.Reader, error) {
	r := &reader{ctx: ctx, s: s}
	err := s.d.View(ctx, "upload_open", func(tx *db.Tx) error {
		u, err := Find(tx, n)
		if err != nil {
			return err
		}
		if u.State != Open {
			return takes(u, u.Size)
		}
		if r.place, err = s.place(tx, n); err != nil {
			return err
		}
		r.left, err = pieces(tx, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

func pieces(tx *db.Tx, n Name) ([]piece, error) {
	rows, err := tx.Query(`SELECT id, begin_at, size FROM upload_piece WHERE site_id = ? AND upload_id = ? ORDER BY begin_at`, n.Site, n.ID)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (p piece, err error) { return p, r.Scan(&p.id, &p.begin, &p.size) })
	if err != nil {
		return nil, fmt.Errorf("read the pieces of upload %s: %w", n.ID, err)
	}
	return list, nil
}

// reader gives pieces one after another, with one of them in memory.
type reader struct {
	ctx   context.Context
	s     *Service
	place place
	left  []piece
	now   bytes.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	for r.now.Len() == 0 {
		if len(r.left) == 0 {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	return r.now.Read(p)
}

// maxSealed is what the bytes of one piece take at most in the store.
const maxSealed = PieceSize + 1<<10

func (r *reader) next() error {
	one := r.left[0]
	sealed, err := blob.ReadAll(r.ctx, r.s.store, r.place.at(one.id), maxSealed)
	if errors.Is(err, blob.ErrMissing) {
		if ended := r.ended(); ended != nil {
			return ended
		}
		r.s.log.ErrorContext(r.ctx, "a piece of an upload is not in the store; is it the one that the other processes have?",
			"upload", r.place.ID.String(), "site_id", r.place.Site)
	}
	if err != nil {
		return unreachable(err)
	}
	content, err := r.place.key.Open(r.place.context(one), sealed)
	if err != nil || len(content) != one.size {
		return fault.Wrap(err, fault.Internal, fault.CodeInternal, "a piece of the upload cannot be read")
	}
	r.left = r.left[1:]
	r.now.Reset(content)
	return nil
}

// ended says that the upload was used or removed after it was opened, if it was: its bytes are
// deleted then, which is no loss.
func (r *reader) ended() error {
	return r.s.d.View(r.ctx, "upload_ended", func(tx *db.Tx) error {
		u, err := Find(tx, r.place.Name)
		if err != nil {
			return err
		}
		return takes(u, u.Size)
	})
}
