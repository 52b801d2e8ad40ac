package attachment

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/picture"
	"creditmsg/internal/site"
)

// Upload is a picture as its owner gives it.
type Upload struct {
	Title   string // of the file; nothing is concluded from it
	Content []byte
	Resize  bool // mend what keeps it from being sent
}

// maxTitle is how many characters of a file's name are kept.
const maxTitle = 200

// tries is how often an upload begins anew because another one of the same bytes came, or
// went, in between.
const tries = 3

// Add keeps a picture. The same bytes again are the same attachment, whose week begins anew.
// Faults: Unsupported for what is no picture, Invalid for one that cannot be sent, NotFound
// for the site, Unavailable when the store cannot be reached; nothing is kept then.
func (s *Service) Add(ctx context.Context, siteID string, u Upload) (Attachment, error) {
	content, info, err := s.prepare(ctx, u)
	if err != nil {
		return Attachment{}, err
	}
	for range tries {
		p := &parcel{title: title(u.Title), content: content, info: info}
		if err := s.d.View(ctx, "attachment_known", func(tx *db.Tx) error { return p.read(tx, s, siteID) }); err != nil {
			return Attachment{}, err
		}
		// Also when they are there: should they have been lost, they are whole again.
		if err := s.store.Put(ctx, p.at, bytes.NewReader(p.key.Seal(bytesContext(p.name), content))); err != nil {
			return Attachment{}, unreachable(err)
		}
		kept, ok, err := s.keep(ctx, p)
		if err != nil || ok {
			return kept, err
		}
	}
	return Attachment{}, fault.New(fault.Conflict, fault.CodeStateConflict, "the same picture is being uploaded and deleted at the same time; try again")
}

// parcel is a picture on its way in.
type parcel struct {
	title   string
	content []byte
	info    picture.Info

	key    *site.Key
	digest id.ID
	name   Name
	known  bool   // the same bytes are there
	at     string // in the store
}

// read finds out whether the same bytes are there, and names the picture otherwise.
func (p *parcel) read(tx *db.Tx, s *Service, siteID string) (err error) {
	if p.key, err = s.keys.Site(tx, siteID); err != nil {
		return err
	}
	sum := p.key.MAC(append([]byte("attachment\x00"), p.content...))
	p.digest, p.name = id.ID(sum[:16]), Name{siteID, id.New()}
	rows, err := tx.Query(`SELECT id FROM attachment WHERE site_id = ? AND digest = ?`, siteID, p.digest)
	same, err := db.Collect(rows, err, func(r *sql.Rows) (d id.ID, err error) { return d, r.Scan(&d) })
	if err != nil {
		return fmt.Errorf("look for the same attachment: %w", err)
	}
	if p.known = len(same) > 0; p.known {
		p.name.ID = same[0]
	}
	p.at, err = s.blobName(tx, p.name)
	return err
}

// keep writes the row of a picture whose bytes are stored; ok is false when another upload
// or a deletion came in between.
func (s *Service) keep(ctx context.Context, p *parcel) (kept Attachment, ok bool, err error) {
	err = s.d.Update(ctx, "attachment_add", func(tx *db.Tx) error {
		if ok, err = p.write(tx); err != nil || !ok {
			return err
		}
		kept, err = s.Find(tx, p.name)
		return err
	})
	if err != nil {
		return Attachment{}, false, fmt.Errorf("keep attachment %s: %w", p.name.ID, err)
	}
	if !ok && !p.known {
		s.drop(ctx, p.at) // nothing names these bytes
	}
	return kept, ok, nil
}

// write makes the row, or begins the week of the one that is there anew.
func (p *parcel) write(tx *db.Tx) (ok bool, err error) {
	if p.known {
		there, err := Lock(tx, []Name{p.name})
		if err != nil || !there[p.name] {
			return false, err
		}
		return true, touch(tx, []Name{p.name})
	}
	one := func(n int) []int { return []int{n} }
	sealed := p.key.Seal(nameContext(p.name), []byte(p.title))
	err = tx.InsertAbsent("attachment", []string{"site_id", "digest"}, "id",
		db.Col("site_id", []string{p.name.Site}), db.Col("id", []id.ID{p.name.ID}), db.Col("digest", []id.ID{p.digest}),
		db.Col("name", [][]byte{sealed}), db.Col("size", one(p.info.Bytes)), db.Col("width", one(p.info.Width)), db.Col("height", one(p.info.Height)),
		db.Col("created_at", []db.Time{tx.Now}), db.Col("used_at", []db.Time{tx.Now}))
	if err != nil {
		return false, err
	}
	there, err := Lock(tx, []Name{p.name})
	if err != nil || !there[p.name] {
		return false, err
	}
	return true, audit.Note(tx, audit.Change{Site: p.name.Site, Action: "attachment.added", Ref: p.name.ID.Text(id.Attachment),
		After: audit.Fields{"bytes": p.info.Bytes, "width": p.info.Width, "height": p.info.Height}})
}

// title is what is kept of a file's name: its last part, as text of one line.
func title(given string) string {
	given = given[strings.LastIndexAny(given, `/\`)+1:]
	if !utf8.ValidString(given) {
		return ""
	}
	runes := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.TrimSpace(given)))
	return string(runes[:min(len(runes), maxTitle)])
}

// prepare gives the bytes that are kept of a picture, or says why there are none.
func (s *Service) prepare(ctx context.Context, u Upload) ([]byte, picture.Info, error) {
	info, err := picture.Look(u.Content)
	switch {
	case errors.Is(err, picture.ErrUnknown):
		return nil, info, fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "the file cannot be sent: %s; upload a JPEG, or a PNG or GIF with resize=true", err)
	case err != nil:
		return nil, info, unsendable(err)
	}
	why := picture.Common.Lacks(info)
	switch {
	case len(why) == 0 && !(u.Resize && info.Notes):
		if err := picture.Sound(u.Content); err != nil {
			return nil, info, unsendable(err)
		}
		return u.Content, info, nil
	case !u.Resize:
		f := fault.New(fault.Invalid, fault.CodeValidation, "the picture cannot be sent as it is; upload it with resize=true to have it made fit")
		for _, what := range why {
			_ = f.At("/file", "the picture %s; resize=true mends that", what)
		}
		return nil, info, f
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, info, ctx.Err()
	}
	out, info, err := picture.Mend(u.Content, picture.Common)
	if err != nil {
		return nil, info, unsendable(err)
	}
	return out, info, nil
}

// unsendable is the fault for a picture that nothing here can mend.
func unsendable(err error) error {
	return fault.New(fault.Invalid, fault.CodeValidation, "the picture cannot be sent: %s", err).At("/file", "%s", err)
}
