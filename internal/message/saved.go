package message

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"creditmsg/internal/attachment"
	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// This file keeps the texts that a site sends again and again (문자 보관함). They are sealed, as
// messages are, so they are narrowed and ordered here and not by the database: a site has few enough.

// MostSaved bounds the saved texts of a site.
const MostSaved = 1_000

// The bounds of a saved text, in characters.
const (
	savedTitle   = 100
	savedFolder  = 40
	savedSubject = 200
	savedBody    = 4_000
)

// SavedKind says what a saved text is of.
type SavedKind string

// The kinds.
const (
	SavedPlain    SavedKind = "text"     // a text alone
	SavedAlimtalk SavedKind = "alimtalk" // a template, and the text that it falls back to, if there is one
)

// SavedText is a text that a site keeps.
type SavedText struct {
	Site string
	ID   id.ID
	SavedContent
	Uses      int64   // messages that named it
	UsedAt    db.Time // 0 = none did
	CreatedAt db.Time
	UpdatedAt db.Time
}

// SavedContent is what a saved text says.
type SavedContent struct {
	Title        string    `json:"title"`
	Kind         SavedKind `json:"kind"`
	Folder       string    `json:"folder,omitempty"`
	TemplateCode string    `json:"template_code,omitempty"`
	Subject      string    `json:"subject,omitempty"`
	Body         string    `json:"body,omitempty"`
	Attachments  []string  `json:"attachments,omitempty"` // public ids of pictures
	Advertising  bool      `json:"advertising,omitempty"`
}

func savedContext(d id.ID) string { return "saved text " + d.String() }

const savedSelected = `SELECT site_id, id, content, uses, used_at, created_at, updated_at FROM saved_text`

// check names each part of a saved text that cannot be right.
func (c SavedContent) check() error {
	bad := fault.New(fault.Invalid, fault.CodeValidation, "the saved text is not valid")
	for _, part := range []struct {
		at, text string
		most     int
	}{{"/title", c.Title, savedTitle}, {"/folder", c.Folder, savedFolder}, {"/subject", c.Subject, savedSubject}, {"/body", c.Body, savedBody}} {
		if n := utf8.RuneCountInString(part.text); n > part.most {
			_ = bad.At(part.at, "want at most %d characters, this has %d", part.most, n)
		}
	}
	if c.Title == "" {
		_ = bad.At("/title", "want a title")
	}
	switch {
	case c.Kind == SavedPlain && c.TemplateCode != "":
		_ = bad.At("/template_code", "a text has no template; want the kind alimtalk")
	case c.Kind == SavedPlain && c.Body == "":
		_ = bad.At("/body", "want a text")
	case c.Kind == SavedAlimtalk && !codeForm.MatchString(c.TemplateCode):
		_ = bad.At("/template_code", "want the code of a template")
	case c.Kind == SavedAlimtalk && c.Advertising:
		_ = bad.At("/advertising", "an Alimtalk is for information only")
	case c.Kind != SavedPlain && c.Kind != SavedAlimtalk:
		_ = bad.At("/kind", "want text or alimtalk")
	}
	if c.Body == "" && (c.Subject != "" || len(c.Attachments) > 0) {
		_ = bad.At("/body", "a subject and pictures go with a text")
	}
	if len(c.Attachments) > mostPictures {
		_ = bad.At("/attachments", "want at most %d of them", mostPictures)
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// normal is the content as it is kept.
func (c SavedContent) normal() SavedContent {
	c.Title, c.Folder, c.Subject, c.Body = korea.Normalise(c.Title), korea.Normalise(c.Folder), korea.Normalise(c.Subject), korea.Normalise(c.Body)
	return c
}

// holdPictures keeps the pictures of a saved text for as long as it is there. Invalid with the place
// of one that is not there. The saved text holds none yet.
func (t SavedText) holdPictures(tx *db.Tx) error {
	var names []attachment.Name
	var needs []attachment.Need
	for i, text := range t.Attachments {
		d, err := id.Parse(id.Attachment, text)
		n := attachment.Name{Site: t.Site, ID: d}
		if err != nil || slices.Contains(names, n) {
			return fault.Check(fmt.Sprintf("/attachments/%d", i), "want the id of another attachment")
		}
		names, needs = append(names, n), append(needs, attachment.Need{Name: n, By: t.ID})
	}
	if len(names) == 0 {
		return nil
	}
	found, err := attachment.Lock(tx, names)
	if err != nil {
		return err
	}
	for i, n := range names {
		if !found[n] {
			return fault.Check(fmt.Sprintf("/attachments/%d", i), "there is no attachment %q here", t.Attachments[i])
		}
	}
	return attachment.Use(tx, needs)
}

func (t SavedText) releasePictures(tx *db.Tx) error {
	if len(t.Attachments) == 0 {
		return nil
	}
	return attachment.Release(tx, []attachment.Of{{Site: t.Site, By: t.ID}})
}

// AddSaved keeps a new text. Faults: Invalid with the places of what cannot be right, Conflict where
// a site has MostSaved. It locks the site's row.
func (s *Service) AddSaved(tx *db.Tx, siteID string, c SavedContent) (SavedText, error) {
	t := SavedText{Site: siteID, ID: id.New(), SavedContent: c.normal(), CreatedAt: tx.Now, UpdatedAt: tx.Now}
	if err := t.check(); err != nil {
		return t, err
	}
	if err := site.Lock(tx, siteID); err != nil {
		return t, err
	}
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM saved_text WHERE site_id = ?`, siteID).Scan(&n); err != nil {
		return t, fmt.Errorf("count the saved texts of site %s: %w", siteID, err)
	}
	if n >= MostSaved {
		return t, fault.New(fault.Conflict, fault.CodeStateConflict, "a site has at most %d saved texts; remove one first", MostSaved)
	}
	if err := t.holdPictures(tx); err != nil {
		return t, err
	}
	sealed, err := s.sealSaved(tx, t)
	if err == nil {
		_, err = tx.Exec(`INSERT INTO saved_text (site_id, id, content, uses, used_at, created_at, updated_at) VALUES (?, ?, ?, 0, 0, ?, ?)`, t.Site, t.ID, sealed, t.CreatedAt, t.UpdatedAt)
	}
	if err != nil {
		return t, fmt.Errorf("save a text of site %s: %w", siteID, err)
	}
	return t, noteSaved(tx, "saved_text.created", nil, &t)
}

// SetSaved writes what a saved text says. NotFound, and the faults of AddSaved.
func (s *Service) SetSaved(tx *db.Tx, siteID string, d id.ID, c SavedContent) (SavedText, error) {
	c = c.normal()
	if err := c.check(); err != nil {
		return SavedText{}, err
	}
	if err := site.Lock(tx, siteID); err != nil {
		return SavedText{}, err
	}
	was, err := s.FindSaved(tx, siteID, d)
	if err != nil {
		return was, err
	}
	t := was
	t.SavedContent, t.UpdatedAt = c, tx.Now
	if !slices.Equal(was.Attachments, t.Attachments) {
		if err = was.releasePictures(tx); err == nil {
			err = t.holdPictures(tx)
		}
		if err != nil {
			return t, err
		}
	}
	sealed, err := s.sealSaved(tx, t)
	if err == nil {
		_, err = tx.Exec(`UPDATE saved_text SET content = ?, updated_at = ? WHERE site_id = ? AND id = ?`, sealed, t.UpdatedAt, t.Site, t.ID)
	}
	if err != nil {
		return t, fmt.Errorf("set saved text %s of site %s: %w", d, siteID, err)
	}
	return t, noteSaved(tx, "saved_text.updated", &was, &t)
}

// RemoveSaved deletes a saved text. NotFound.
func (s *Service) RemoveSaved(tx *db.Tx, siteID string, d id.ID) error {
	if err := site.Lock(tx, siteID); err != nil {
		return err
	}
	was, err := s.FindSaved(tx, siteID, d)
	if err != nil {
		return err
	}
	if err := was.releasePictures(tx); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM saved_text WHERE site_id = ? AND id = ?`, siteID, d); err != nil {
		return fmt.Errorf("remove saved text %s of site %s: %w", d, siteID, err)
	}
	return noteSaved(tx, "saved_text.removed", &was, nil)
}

func (s *Service) sealSaved(tx *db.Tx, t SavedText) ([]byte, error) {
	key, err := s.keys.Site(tx, t.Site)
	if err != nil {
		return nil, err
	}
	return key.Seal(savedContext(t.ID), []byte(jsonText(t.SavedContent))), nil
}

// FindSaved reads a saved text of a site. NotFound also for another site's.
func (s *Service) FindSaved(tx *db.Tx, siteID string, d id.ID) (SavedText, error) {
	list, err := s.readSaved(tx, siteID, savedSelected+` WHERE site_id = ? AND id = ?`, siteID, d)
	if err == nil && len(list) == 0 {
		err = fault.Missing("saved text", d.Text(id.SavedText))
	}
	if err != nil {
		return SavedText{}, err
	}
	return list[0], nil
}

// Saved reads all saved texts of a site, the most used first, and of equal ones the latest.
func (s *Service) Saved(tx *db.Tx, siteID string) ([]SavedText, error) {
	return s.readSaved(tx, siteID, savedSelected+` WHERE site_id = ? ORDER BY uses DESC, used_at DESC, id DESC`, siteID)
}

func (s *Service) readSaved(tx *db.Tx, siteID, query string, args ...any) ([]SavedText, error) {
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(query, args...)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (t SavedText, err error) {
		var sealed []byte
		if err := r.Scan(&t.Site, &t.ID, &sealed, &t.Uses, &t.UsedAt, &t.CreatedAt, &t.UpdatedAt); err != nil {
			return t, err
		}
		plain, err := key.Open(savedContext(t.ID), sealed)
		if err == nil {
			err = json.Unmarshal(plain, &t.SavedContent)
		}
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("read saved texts of site %s: %w", siteID, err)
	}
	return list, nil
}

// noteSaved tells the audit log of a saved text; of its words only that they are others.
func noteSaved(tx *db.Tx, action string, was, now *SavedText) error {
	c := audit.Change{Action: action}
	parts := func(t *SavedText) audit.Fields {
		if t == nil {
			return nil
		}
		c.Site, c.Ref = t.Site, t.ID.Text(id.SavedText)
		return audit.Fields{"kind": string(t.Kind), "template_code": t.TemplateCode, "words": audit.Wording(jsonText(t.SavedContent)), "attachments": len(t.Attachments)}
	}
	c.Before, c.After = parts(was), parts(now)
	return audit.Note(tx, c)
}
