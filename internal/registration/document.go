package registration

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// DocumentKind says what a proof is.
type DocumentKind string

// The kinds of proofs, by what they are called in Korea.
const (
	ServiceCertificate    DocumentKind = "service_certificate"    // 통신서비스 이용증명원
	BusinessRegistration  DocumentKind = "business_registration"  // 사업자등록증
	PowerOfAttorney       DocumentKind = "power_of_attorney"      // 위임장
	EmploymentCertificate DocumentKind = "employment_certificate" // 재직증명서
	OtherDocument         DocumentKind = "other"
)

// DocumentKinds is the closed list of them.
var DocumentKinds = []DocumentKind{ServiceCertificate, BusinessRegistration, PowerOfAttorney, EmploymentCertificate, OtherDocument}

// Limits of proofs.
const (
	MostDocuments    = 10 // of one number
	MostDocumentSize = 5 << 20
	mostTitle        = 200 // characters of a file's name
)

// documentMedia are what a proof may be, by its content.
var documentMedia = []string{"application/pdf", "image/jpeg", "image/png"}

// Document is a proof of the right to a number, without its bytes.
type Document struct {
	Site    string
	Number  korea.Number
	ID      id.ID
	Kind    DocumentKind
	Title   string // what its owner called the file; may be empty
	Media   string // of its content
	Size    int    // bytes
	AddedAt db.Time
	KeptAt  db.Time // since when it stays, whatever becomes of the number; 0 = it may be removed
}

func documentContext(part string, d id.ID) string {
	return "sender document " + part + " " + d.String()
}

// openForProof reads a number whose proofs may change: it is not approved, and not blocked.
func openForProof(tx *db.Tx, siteID string, n korea.Number) (site.Sender, error) {
	if err := site.Lock(tx, siteID); err != nil {
		return site.Sender{}, err
	}
	s, err := site.FindSender(tx, siteID, n)
	if err == nil && s.State != site.Requested && s.State != site.Rejected {
		err = fault.New(fault.Conflict, fault.CodeStateConflict, "the sender number %s is %s; what it was decided by does not change any more", n.Dashed(), s.State)
	}
	return s, err
}

// Add keeps a proof of the right to a number that is not decided on yet, or was
// rejected. Faults: NotFound, Invalid, Unsupported for what is neither PDF, JPEG nor PNG,
// TooLarge, StateConflict.
func (s *Service) Add(tx *db.Tx, siteID string, n korea.Number, kind DocumentKind, title string, content []byte) (Document, error) {
	d := Document{Site: siteID, Number: n, ID: id.New(), Kind: kind, Title: titleOf(title), Media: http.DetectContentType(content), Size: len(content), AddedAt: tx.Now}
	switch {
	case !slices.Contains(DocumentKinds, kind):
		return d, fault.Check("/kind", "want one of %s", joined(DocumentKinds))
	case len(content) == 0:
		return d, fault.Check("/file", "the file is empty")
	case len(content) > MostDocumentSize:
		return d, fault.New(fault.TooLarge, fault.CodeBodyTooLarge, "a document has at most %d MiB", MostDocumentSize>>20)
	case !slices.Contains(documentMedia, d.Media):
		return d, fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "by its content the file is neither PDF, JPEG nor PNG")
	}
	if _, err := openForProof(tx, siteID, n); err != nil {
		return d, err
	}
	var there int // what stays of an earlier time takes no room
	err := tx.QueryRow(`SELECT COUNT(*) FROM registration_document WHERE site_id = ? AND number = ? AND kept_at = 0`, siteID, string(n)).Scan(&there)
	if err != nil {
		return d, fmt.Errorf("count the documents of sender %s: %w", n.Dashed(), err)
	}
	if there >= MostDocuments {
		return d, fault.New(fault.Conflict, fault.CodeStateConflict, "a sender number has at most %d documents; remove one first", MostDocuments)
	}
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return d, err
	}
	err = tx.InsertMany("registration_document", db.Col("site_id", []string{siteID}), db.Col("number", []korea.Number{n}), db.Col("id", []id.ID{d.ID}),
		db.Col("kind", []DocumentKind{kind}), db.Col("media", []string{d.Media}), db.Col("size", []int{d.Size}), db.Col("added_at", []db.Time{tx.Now}),
		db.Col("title", [][]byte{key.Seal(documentContext("title", d.ID), []byte(d.Title))}), db.Col("body", [][]byte{key.Seal(documentContext("body", d.ID), content)}))
	if err != nil {
		return d, fmt.Errorf("keep a document of sender %s: %w", n.Dashed(), err)
	}
	return d, d.note(tx, "sender.document_added")
}

func joined(kinds []DocumentKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}

// titleOf is what is kept of a file's name: its last part, as text of one line.
func titleOf(given string) string {
	given = given[strings.LastIndexAny(given, `/\`)+1:]
	if !utf8.ValidString(given) {
		return ""
	}
	runes := []rune(strings.Join(strings.FieldsFunc(given, func(r rune) bool { return r < ' ' || r == 0x7f }), ""))
	return strings.TrimSpace(string(runes[:min(len(runes), mostTitle)]))
}

// List gives the proofs of a number, oldest first; of one that the site does not have any more,
// those that stay.
func (s *Service) List(tx *db.Tx, siteID string, n korea.Number) ([]Document, error) {
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`SELECT site_id, number, id, kind, media, size, title, added_at, kept_at FROM registration_document WHERE site_id = ? AND number = ? ORDER BY id`, siteID, string(n))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (d Document, err error) {
		var sealed []byte
		if err := r.Scan(&d.Site, &d.Number, &d.ID, &d.Kind, &d.Media, &d.Size, &sealed, &d.AddedAt, &d.KeptAt); err != nil {
			return d, err
		}
		title, err := key.Open(documentContext("title", d.ID), sealed)
		d.Title = string(title)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("list the documents of sender %s: %w", n.Dashed(), err)
	}
	return list, nil
}

// Content gives a proof with its bytes. NotFound.
func (s *Service) Content(tx *db.Tx, siteID string, n korea.Number, of id.ID) (media string, content []byte, err error) {
	var sealed []byte
	err = tx.QueryRow(`SELECT media, body FROM registration_document WHERE site_id = ? AND number = ? AND id = ?`, siteID, string(n), of).Scan(&media, &sealed)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil, fault.Missing("document", of.Text(id.Document))
	}
	if err != nil {
		return "", nil, fmt.Errorf("read a document of sender %s: %w", n.Dashed(), err)
	}
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return "", nil, err
	}
	if content, err = key.Open(documentContext("body", of), sealed); err != nil {
		return "", nil, fmt.Errorf("open a document of sender %s: %w", n.Dashed(), err)
	}
	return media, content, nil
}

// Numbers gives the numbers that a site has proofs of, also those that it does not have any more.
func (s *Service) Numbers(tx *db.Tx, siteID string) ([]korea.Number, error) {
	rows, err := tx.Query(`SELECT DISTINCT number FROM registration_document WHERE site_id = ? ORDER BY number`, siteID)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (n korea.Number, err error) { return n, r.Scan(&n) })
	if err != nil {
		return nil, fmt.Errorf("list the numbers of site %s that have documents: %w", siteID, err)
	}
	return list, nil
}

// keep has the proofs of a number stay from now on, whatever becomes of it: it was decided by
// them what is sent from there.
func keep(tx *db.Tx, siteID string, n korea.Number) error {
	_, err := tx.Exec(`UPDATE registration_document SET kept_at = ? WHERE site_id = ? AND number = ? AND kept_at = 0`, tx.Now, siteID, string(n))
	if err != nil {
		return fmt.Errorf("keep the documents of sender %s: %w", n.Dashed(), err)
	}
	return nil
}

// Remove forgets a proof of a number that is not decided on, or was rejected, unless the number
// was approved or blocked before. Faults: NotFound, StateConflict.
func (s *Service) Remove(tx *db.Tx, siteID string, n korea.Number, of id.ID) error {
	if _, err := openForProof(tx, siteID, n); err != nil {
		return err
	}
	list, err := s.List(tx, siteID, n)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(d Document) bool { return d.ID == of })
	switch {
	case at < 0:
		return fault.Missing("document", of.Text(id.Document))
	case list[at].KeptAt != 0:
		return fault.New(fault.Conflict, fault.CodeStateConflict, "the sender number %s was decided on by this document; it stays", n.Dashed())
	}
	if _, err := tx.Exec(`DELETE FROM registration_document WHERE site_id = ? AND number = ? AND id = ?`, siteID, string(n), of); err != nil {
		return fmt.Errorf("remove a document of sender %s: %w", n.Dashed(), err)
	}
	return list[at].note(tx, "sender.document_removed")
}

// note tells the audit log of a proof. The name of its file may be personal, and so may the number.
func (d Document) note(tx *db.Tx, action string) error {
	return audit.Note(tx, audit.Change{Site: d.Site, Action: action, Ref: d.ID.Text(id.Document),
		After: audit.Fields{"sender": korea.Mask(string(d.Number)), "kind": string(d.Kind), "bytes": d.Size}})
}
