package site

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// State is whether a site may send.
type State string

// The states of a site.
const (
	Active    State = "active"
	Suspended State = "suspended"
	Erased    State = "erased" // it has no key any more, and nothing that can be read; it stays so
)

// Site is one tenant.
type Site struct {
	ID        string // slug chosen by people
	Name      string
	State     State
	CreatedAt db.Time
	Weight    int // its part of the sending when several sites have much to send; 1 to MaxWeight
	Rev       Rev
	Rules     Rules
	Notify    bool // its people want to be told of each message that is done
}

// Operator is the word that people write in the place of a site for the
// installation's own tokens; no site can have it as its id.
const Operator = "operator"

var slug = regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`)

// Create makes a site and its data key. Faults: Invalid for an id that is no
// slug or a name that cannot be shown, Conflict already_exists.
func Create(tx *db.Tx, keys *Keys, id, name string) (Site, error) {
	name = strings.TrimSpace(name)
	if !IsSlug(id) || id == Operator {
		return Site{}, fault.Check("/id", "want 2 to 40 characters of a-z, 0-9 and -, beginning with a letter, and not %q: got %q", Operator, id)
	}
	if !IsName(name) {
		return Site{}, fault.Check("/name", "want 1 to 100 characters without line breaks or other control characters")
	}
	if _, err := Find(tx, id); err == nil {
		return Site{}, exists("site", id)
	} else if !fault.Is(err, fault.NotFound) {
		return Site{}, err
	}
	return newSite(tx, keys, id, name)
}

// newSite writes a site that is not there yet.
func newSite(tx *db.Tx, keys *Keys, id, name string) (Site, error) {
	words, err := lockWords(tx, "") // or a change of them would pass the new site by
	if err != nil {
		return Site{}, err
	}
	s := Site{ID: id, Name: name, State: Active, CreatedAt: tx.Now, Weight: 1, Rules: Rules{Words: Words{All: words}}}
	err = tx.InsertMany("site", db.Col("id", []string{s.ID}), db.Col("name", []string{s.Name}),
		db.Col("state", []State{s.State}), db.Col("created_at", []db.Time{s.CreatedAt}), db.Col("words_all", []WordDigest{words}))
	if err != nil {
		return Site{}, created(err, "site", id)
	}
	if err := keys.create(tx, id); err != nil {
		return Site{}, err
	}
	s.Rev = firstRev
	if err := noteSite(tx, id, "site.created", "name", nil, s.Name); err != nil {
		return Site{}, err
	}
	return s, begin(tx, id)
}

// exists is the fault for a thing that is there already.
func exists(what, name string) error {
	return fault.New(fault.Conflict, fault.CodeAlreadyExists, "there is a %s %q already", fault.Word(what), name)
}

// created turns the error of an insert into the fault that its caller promises:
// somebody may have inserted the same between the look and the insert.
func created(err error, what, name string) error {
	if _, ok := errors.AsType[*db.Duplicate](err); ok {
		return fault.Wrap(err, fault.Conflict, fault.CodeAlreadyExists, "there is a %s %q already", fault.Word(what), name)
	}
	return fmt.Errorf("create %s %s: %w", what, name, err)
}

// IsSlug reports whether text can be the id of a site, or of what else people name so.
func IsSlug(text string) bool { return slug.MatchString(text) }

// IsName reports whether text can stand as a name on a screen: 1 to 100 characters.
func IsName(text string) bool {
	n := utf8.RuneCountInString(text)
	return n > 0 && n <= 100 && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// siteColumns are the columns of a site, and fields where they are scanned into.
var siteColumns = append([]string{"id", "name", "state", "created_at", "weight", "notify_done"}, ruleColumns...)

func (s *Site) fields() []any {
	return append([]any{&s.ID, &s.Name, &s.State, &s.CreatedAt, &s.Weight, (*flag)(&s.Notify)}, s.Rules.fields()...)
}

// flag reads a boolean that is stored as 0 or 1.
type flag bool

// Scan implements sql.Scanner.
func (f *flag) Scan(src any) error {
	var n sql.Null[int64]
	err := n.Scan(src)
	*f = flag(n.V != 0)
	return err
}

var selectSites = `SELECT s.` + strings.Join(siteColumns, ", s.") + `, COALESCE(r.rev, 0) FROM site s LEFT JOIN site_rev r ON r.site_id = s.id`

func scanSite(r interface{ Scan(...any) error }) (s Site, err error) {
	return s, r.Scan(append(s.fields(), &s.Rev)...)
}

// Find gives a site, or a NotFound fault.
func Find(tx *db.Tx, id string) (Site, error) {
	s, err := scanSite(tx.QueryRow(selectSites+` WHERE s.id = ?`, id))
	if errors.Is(err, db.ErrNoRows) {
		return Site{}, fault.Missing("site", id)
	}
	if err != nil {
		return Site{}, fmt.Errorf("find site %s: %w", id, err)
	}
	return s, nil
}

// Ask gives the questions for sites, and where their answers will stand; a site that is
// not there is left out. The Revs come first: what is asked after them is at least as new.
func Ask(ids []string) ([]db.Question, map[string]Site) {
	revs, found := map[string]Rev{}, map[string]Site{}
	rev := func(r *sql.Rows) error {
		var id string
		var rev Rev
		err := r.Scan(&id, &rev)
		revs[id] = rev
		return err
	}
	row := func(r *sql.Rows) error {
		var s Site
		err := r.Scan(s.fields()...)
		s.Rev = revs[s.ID]
		found[s.ID] = s
		return err
	}
	return []db.Question{
		{Table: "site_rev", Cols: []string{"site_id", "rev"}, Key: []db.Column{db.Col("site_id", ids)}, Row: rev},
		{Table: "site", Cols: siteColumns, Key: []db.Column{db.Col("id", ids)}, Row: row},
	}, found
}

// Standing is what may keep a leg of an accepted message from being sent.
type Standing struct {
	State   State
	OptOuts OptOuts
}

// AskStandings gives the question how sites stand, and where the answer will stand; a site
// that is not there is left out.
func AskStandings(ids []string) (db.Question, map[string]Standing) {
	found := make(map[string]Standing, len(ids))
	row := func(r *sql.Rows) error {
		var id string
		var s Standing
		err := r.Scan(&id, &s.State, &s.OptOuts)
		found[id] = s
		return err
	}
	return db.Question{Table: "site", Cols: []string{"id", "state", "opt_outs"}, Key: []db.Column{db.Col("id", ids)}, Row: row}, found
}

// SetState suspends or resumes a site; to the state it is in is no error.
func SetState(tx *db.Tx, id string, s State) error {
	if s != Active && s != Suspended {
		return fault.Check("/state", "want %s or %s: got %q", Active, Suspended, s)
	}
	was, err := lockNotErased(tx, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE site SET state = ? WHERE id = ?`, string(s), id); err != nil {
		return fmt.Errorf("set state of site %s: %w", id, err)
	}
	action := "site.resumed"
	if s == Suspended {
		action = "site.suspended"
	}
	if err := noteSite(tx, id, action, "state", was.State, s); err != nil {
		return err
	}
	return Changed(tx, id)
}

// Rename gives a site another name. Faults: Invalid, NotFound.
func Rename(tx *db.Tx, id, name string) error {
	name = strings.TrimSpace(name)
	if !IsName(name) {
		return fault.Check("/name", "want 1 to 100 characters without line breaks or other control characters")
	}
	was, err := lockSite(tx, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE site SET name = ? WHERE id = ?`, name, id); err != nil {
		return fmt.Errorf("rename site %s: %w", id, err)
	}
	if err := noteSite(tx, id, "site.updated", "name", was.Name, name); err != nil {
		return err
	}
	return Changed(tx, id)
}

// MaxWeight is the most that a site can weigh.
const MaxWeight = 100

// SetWeight says what part of the sending a site gets when several have much to send: one
// of weight 3 is served three times as often as one of weight 1, which all have at first.
func SetWeight(tx *db.Tx, id string, weight int) error {
	if weight < 1 || weight > MaxWeight {
		return fault.Check("/weight", "want 1 to %d: got %d", MaxWeight, weight)
	}
	was, err := lockSite(tx, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE site SET weight = ? WHERE id = ?`, weight, id); err != nil {
		return fmt.Errorf("set weight of site %s: %w", id, err)
	}
	if err := noteSite(tx, id, "site.updated", "weight", was.Weight, weight); err != nil {
		return err
	}
	return Changed(tx, id)
}

// SetNotify says whether a site's people want to be told of each message that is done, from
// the messages on that are accepted behind it.
func SetNotify(tx *db.Tx, id string, on bool) error {
	s, err := Find(tx, id)
	if err != nil || s.Notify == on {
		return err
	}
	notify := 0
	if on {
		notify = 1
	}
	if _, err := tx.Exec(`UPDATE site SET notify_done = ? WHERE id = ?`, notify, id); err != nil {
		return fmt.Errorf("set what site %s is told: %w", id, err)
	}
	if err := noteSite(tx, id, "site.updated", "notify_done", s.Notify, on); err != nil {
		return err
	}
	return Changed(tx, id)
}

// List gives up to limit sites with ids above after, in the order of their ids.
func List(tx *db.Tx, after string, limit int) ([]Site, error) {
	rows, err := tx.Query(selectSites+` WHERE s.id > ? ORDER BY s.id LIMIT ?`, after, limit)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (Site, error) { return scanSite(r) })
	if err != nil {
		return nil, fmt.Errorf("list sites: %w", err)
	}
	return list, nil
}
