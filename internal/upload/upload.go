package upload

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"creditmsg/internal/blob"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

const (
	// MaxSize is how many bytes an upload has at most.
	MaxSize = 512 << 20
	// MaxOpen is how many uploads of a site there are at once.
	MaxOpen = 10
	// keepFor is how long an upload is kept after it began.
	keepFor = 48 * time.Hour
	// PieceSize is how many bytes of an upload are in memory at a time.
	PieceSize = 1 << 20
)

// State says what may be done with an upload.
type State string

// The states. An upload is used once: what became of it then is its user's to tell.
const (
	Open State = "open" // takes pieces, can be read
	Used State = "used" // its bytes are gone
)

// Kind says what an upload is for. One kind never stands in the place of another.
type Kind string

// The kinds.
const (
	Bodies Kind = ""     // a body that arrives in pieces, and is used once
	Lists  Kind = "list" // a list that was kept whole, and is used as often as one likes
)

// Name names an upload: every look-up carries the site, and what is looked for.
type Name struct {
	Site string
	ID   id.ID
	Kind Kind
}

// text is the public id.
func (n Name) text() string {
	if n.Kind == Lists {
		return n.ID.Text(id.List)
	}
	return n.ID.Text(id.Upload)
}

// missing is the fault for one that is not there.
func (n Name) missing() error {
	if n.Kind == Lists {
		return fault.Missing("list", n.text())
	}
	return fault.Missing("upload", n.text())
}

// Upload is what is known of a body on its way.
type Upload struct {
	Name
	State     State
	Size      int64 // bytes that have arrived
	CreatedAt db.Time

	about []byte // sealed
}

// ExpiresAt is when it is deleted.
func (u Upload) ExpiresAt() db.Time { return u.CreatedAt.Add(keepFor) }

// Service keeps uploads: what is known of them in the database, their bytes in a store.
type Service struct {
	d     *db.DB
	keys  *site.Keys
	store blob.Store
	log   *slog.Logger
}

// New makes the service. A nil log tells nothing.
func New(d *db.DB, keys *site.Keys, store blob.Store, log *slog.Logger) *Service {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{d: d, keys: keys, store: store, log: log}
}

var columns = []string{"site_id", "id", "kind", "state", "size", "created_at", "about"}

const selected = `SELECT site_id, id, kind, state, size, created_at, about FROM upload`

func scan(r *sql.Rows) (u Upload, err error) {
	return u, r.Scan(&u.Site, &u.ID, &u.Kind, &u.State, &u.Size, &u.CreatedAt, &u.about)
}

// Begin makes an upload without a byte. Conflict when the site has MaxOpen already.
func Begin(tx *db.Tx, siteID string) (Upload, error) {
	u := Upload{Name: Name{siteID, id.New(), Bodies}, State: Open, CreatedAt: tx.Now}
	err := room(tx, siteID, Bodies)
	if err == nil {
		err = u.insert(tx)
	}
	if err != nil {
		return Upload{}, fmt.Errorf("begin an upload: %w", err)
	}
	return u, nil
}

// room refuses one more upload of a kind where a site has MaxOpen. Two that begin at once may both
// be let in: the bound is for clients that never end what they began, and one more does no harm.
func room(tx *db.Tx, siteID string, k Kind) error {
	var open int
	err := tx.QueryRow(`SELECT COUNT(*) FROM upload WHERE site_id = ? AND kind = ? AND state = ? AND created_at > ?`,
		siteID, string(k), string(Open), tx.Now.Add(-keepFor)).Scan(&open)
	switch {
	case err != nil:
		return fmt.Errorf("count the uploads of site %s: %w", siteID, err)
	case open < MaxOpen:
		return nil
	case k == Lists:
		return fault.New(fault.Conflict, fault.CodeStateConflict, "there are %d lists already: delete one of them", open)
	}
	return fault.New(fault.Conflict, fault.CodeStateConflict, "there are %d uploads already: use or delete one of them", open)
}

func (u Upload) insert(tx *db.Tx) error {
	return tx.InsertMany("upload", db.Col("site_id", []string{u.Site}), db.Col("id", []id.ID{u.ID}), db.Col("kind", []string{string(u.Kind)}), db.Col("state", []State{u.State}),
		db.Col("size", []int64{u.Size}), db.Col("created_at", []db.Time{u.CreatedAt}), db.Col("about", [][]byte{u.about}))
}

// Find reads an upload of a site. NotFound also for another site's or of another kind, and for one
// that has expired.
func Find(tx *db.Tx, n Name) (Upload, error) {
	rows, err := tx.Query(selected+` WHERE site_id = ? AND id = ? AND kind = ? AND created_at > ?`, n.Site, n.ID, string(n.Kind), tx.Now.Add(-keepFor))
	return one(n, rows, err)
}

func one(n Name, rows *sql.Rows, err error) (Upload, error) {
	list, err := db.Collect(rows, err, scan)
	if err != nil {
		return Upload{}, fmt.Errorf("read upload %s: %w", n.ID, err)
	}
	if len(list) == 0 {
		return Upload{}, n.missing()
	}
	return list[0], nil
}

// lock is Find of a row that nobody else may change meanwhile.
func lock(tx *db.Tx, n Name) (Upload, error) {
	rows, err := tx.LookupForUpdate("upload", columns,
		db.Col("site_id", []string{n.Site}), db.Col("id", []id.ID{n.ID}))
	u, err := one(n, rows, err)
	if err == nil && (u.Kind != n.Kind || u.ExpiresAt() <= tx.Now) {
		err = n.missing()
	}
	return u, err
}

// List reads a site's uploads of a kind, newest first, those before a given one.
func List(tx *db.Tx, siteID string, k Kind, before id.ID, limit int) ([]Upload, error) {
	query, args := selected+` WHERE site_id = ? AND kind = ? AND created_at > ?`, []any{siteID, string(k), tx.Now.Add(-keepFor)}
	if !before.IsZero() {
		query, args = query+` AND id < ?`, append(args, before)
	}
	rows, err := tx.Query(query+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
	list, err := db.Collect(rows, err, scan)
	if err != nil {
		return nil, fmt.Errorf("list uploads of site %s: %w", siteID, err)
	}
	return list, nil
}

// piece is one part of an upload's bytes.
type piece struct {
	id    id.ID
	begin int64 // where it stands in the whole
	size  int
}

// folder is the part of the store's names that is ours.
const folder = "upload"

// own is the part of the names that is this installation's, so that two that share a bucket
// by mistake do not sweep away each other's bytes.
func (s *Service) own(tx *db.Tx) (string, error) {
	key, err := s.keys.Installation(tx, site.BlobKey)
	if err != nil {
		return "", err
	}
	sum := key.MAC([]byte(folder))
	return folder + "/" + hex.EncodeToString(sum[:8]), nil
}

// place is where an upload's pieces stand, and the key that they are sealed with.
type place struct {
	Name
	key  *site.Key
	path string
}

func (s *Service) place(tx *db.Tx, n Name) (p place, err error) {
	p.Name = n
	if p.path, err = s.path(tx, n); err == nil {
		p.key, err = s.keys.Site(tx, n.Site)
	}
	return p, err
}

// path is the beginning of the names of an upload's pieces. It needs no key of the site, so
// that the bytes of one that was erased can be deleted.
func (s *Service) path(tx *db.Tx, n Name) (string, error) {
	own, err := s.own(tx)
	return own + "/" + n.Site + "/" + n.ID.String() + "/", err
}

func (p place) at(of id.ID) string { return p.path + of.String() }

// context binds a sealed piece to its place in the whole.
func (p place) context(at piece) string {
	return fmt.Sprintf("upload %s %d %s", p.ID, at.begin, at.id)
}

// noted binds what was noted of a list to it.
func (p place) noted() string { return fmt.Sprintf("upload about %s", p.ID) }

// unreachable is the fault for a store that does not do what it should.
func unreachable(err error) error {
	return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the place where uploads are kept cannot be reached at the moment; try again")
}
