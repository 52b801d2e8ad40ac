package attachment

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"creditmsg/internal/blob"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// keepFor is how long an attachment is kept that no message needs.
const keepFor = 7 * 24 * time.Hour

// Name names an attachment: every look-up carries the site.
type Name struct {
	Site string
	ID   id.ID
}

// Attachment is what is known of a picture.
type Attachment struct {
	Name
	Title         string // what its owner called the file; may be empty
	Size          int    // bytes
	Width, Height int    // dots
	CreatedAt     db.Time
	UsedAt        db.Time // when it was last uploaded, or something stopped to need it
	Needed        bool    // by a message that is not final, or by a series

	sealed []byte // the title, as it is stored
}

// MediaType is that of every attachment.
const MediaType = "image/jpeg"

// ExpiresAt is when it will be deleted if nothing needs it until then; 0 while something does.
func (a Attachment) ExpiresAt() db.Time {
	if a.Needed {
		return 0
	}
	return a.UsedAt.Add(keepFor)
}

// Service keeps attachments: what is known of them in the database, their bytes in a store.
type Service struct {
	d     *db.DB
	keys  *site.Keys
	store blob.Store
	log   *slog.Logger
	turn  chan struct{} // to unpack a picture, which takes much memory: one at a time
}

// New makes the service. A nil log tells nothing.
func New(d *db.DB, keys *site.Keys, store blob.Store, log *slog.Logger) *Service {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{d: d, keys: keys, store: store, log: log, turn: make(chan struct{}, 1)}
}

// folder is the part of the store's names that is ours.
const folder = "attachment"

// nameContext and bytesContext bind what is sealed to its place.
func nameContext(n Name) string  { return "attachment name " + n.ID.String() }
func bytesContext(n Name) string { return "attachment " + n.ID.String() }

// blobName is where the bytes stand. It begins with a word of this installation, so that
// two that share a bucket by mistake do not sweep away each other's pictures.
func (s *Service) blobName(tx *db.Tx, n Name) (string, error) {
	own, err := s.own(tx)
	return own + "/" + n.Site + "/" + n.ID.String(), err
}

// own is the part of the names that is this installation's.
func (s *Service) own(tx *db.Tx) (string, error) {
	key, err := s.keys.Installation(tx, site.BlobKey)
	if err != nil {
		return "", err
	}
	sum := key.MAC([]byte(folder))
	return folder + "/" + hex.EncodeToString(sum[:8]), nil
}

const selected = `SELECT site_id, id, name, size, width, height, created_at, used_at FROM attachment`

func scan(r *sql.Rows) (a Attachment, err error) {
	return a, r.Scan(&a.Site, &a.ID, &a.sealed, &a.Size, &a.Width, &a.Height, &a.CreatedAt, &a.UsedAt)
}

// Find reads an attachment of a site. NotFound also for another site's.
func (s *Service) Find(tx *db.Tx, n Name) (Attachment, error) {
	rows, err := tx.Query(selected+` WHERE site_id = ? AND id = ?`, n.Site, n.ID)
	list, err := db.Collect(rows, err, scan)
	if err != nil {
		return Attachment{}, fmt.Errorf("read attachment %s: %w", n.ID, err)
	}
	if len(list) == 0 {
		return Attachment{}, missing(n)
	}
	return list[0], s.complete(tx, list)
}

func missing(n Name) error { return fault.Missing("attachment", n.ID.Text(id.Attachment)) }

// List reads a site's attachments, newest first, those before a given one.
func (s *Service) List(tx *db.Tx, siteID string, before id.ID, limit int) ([]Attachment, error) {
	query, args := selected+` WHERE site_id = ?`, []any{siteID}
	if !before.IsZero() {
		query, args = query+` AND id < ?`, append(args, before)
	}
	rows, err := tx.Query(query+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
	list, err := db.Collect(rows, err, scan)
	if err != nil {
		return nil, fmt.Errorf("list attachments of site %s: %w", siteID, err)
	}
	return list, s.complete(tx, list)
}

// complete opens the titles of attachments and tells which of them are needed.
func (s *Service) complete(tx *db.Tx, list []Attachment) error {
	names := make([]Name, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	needed, err := needs(tx, names)
	if err != nil {
		return err
	}
	for i := range list {
		a := &list[i]
		key, err := s.keys.Site(tx, a.Site)
		if err != nil {
			return err
		}
		title, err := key.Open(nameContext(a.Name), a.sealed)
		if err != nil {
			return fmt.Errorf("open the name of attachment %s: %w", a.ID, err)
		}
		a.Title, a.Needed, a.sealed = string(title), needed[a.Name], nil
	}
	return nil
}

// maxSealed is what the bytes of one attachment take at most in the store.
const maxSealed = 1 << 20

// Content gives the picture's bytes. NotFound when there is no such attachment, Unavailable
// when the store cannot be reached or has lost them.
func (s *Service) Content(ctx context.Context, n Name) ([]byte, error) {
	var key *site.Key
	var at string
	err := s.d.View(ctx, "attachment_content", func(tx *db.Tx) (err error) {
		if _, err = s.Find(tx, n); err != nil {
			return err
		}
		if key, err = s.keys.Site(tx, n.Site); err != nil {
			return err
		}
		at, err = s.blobName(tx, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	sealed, err := blob.ReadAll(ctx, s.store, at, maxSealed)
	if err != nil {
		if errors.Is(err, blob.ErrMissing) {
			s.log.ErrorContext(ctx, "the bytes of an attachment are not in the store; is it the one that the other processes have?",
				"attachment", n.ID.Text(id.Attachment), "site_id", n.Site)
		}
		return nil, unreachable(err)
	}
	content, err := key.Open(bytesContext(n), sealed)
	if err != nil {
		return nil, fmt.Errorf("open the bytes of attachment %s: %w", n.ID, err)
	}
	return content, nil
}

// Readable reads the newest attachments, of whichever sites, and tells how many; an error says
// why one cannot be had.
func (s *Service) Readable(ctx context.Context, most int) (n int, err error) {
	var list []Name
	err = s.d.View(ctx, "attachment_newest", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT site_id, id FROM attachment ORDER BY used_at DESC, site_id DESC, id DESC LIMIT ?`, most)
		list, err = db.Collect(rows, err, func(r *sql.Rows) (n Name, err error) { return n, r.Scan(&n.Site, &n.ID) })
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("find the newest attachments: %w", err)
	}
	for _, one := range list {
		switch _, err := s.Content(ctx, one); {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return n, fmt.Errorf("attachment %s of site %s: %w", one.ID.Text(id.Attachment), one.Site, err)
		default:
			n++
		}
	}
	return n, nil
}

// unreachable is the fault for a store that does not do what it should.
func unreachable(err error) error {
	return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the place where pictures are kept cannot be reached at the moment; try again")
}
