package site

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// The states of a sender number: only an approved one can send.
const (
	Requested = "requested"
	Approved  = "approved"
	Rejected  = "rejected"
	Blocked   = "blocked"
)

// Sender is a number that a site may stand behind.
type Sender struct {
	Site      string
	Number    korea.Number
	State     string // Requested, Approved, Rejected or Blocked
	Default   bool
	Reason    string // why it was decided so; "" = not said
	AskedBy   string // who asked for it last, as audit.Actor.String; "" = nobody did
	CreatedAt db.Time
}

// MostReason is the longest reason of a decision, in characters.
const MostReason = 500

func checkSender(number, state string) (korea.Number, error) {
	n, err := korea.ParseSender(number)
	if err != nil {
		return "", fault.Check("/number", "%s", err)
	}
	switch state {
	case Requested, Approved, Rejected, Blocked:
		return n, nil
	}
	return "", fault.Check("/state", "want %s, %s, %s or %s: got %q", Requested, Approved, Rejected, Blocked, state)
}

// AddSender registers a number, however it is written. A site's first number is
// its default. Faults: Invalid, Conflict already_exists.
func AddSender(tx *db.Tx, site, number string, state string) (Sender, error) {
	n, err := checkSender(number, state)
	if err != nil {
		return Sender{}, err
	}
	list, err := lockSenders(tx, site)
	if err != nil {
		return Sender{}, err
	}
	s := Sender{Site: site, Number: n, State: state, Default: true, AskedBy: asker(tx, state, ""), CreatedAt: tx.Now}
	for _, old := range list {
		if old.Number == n {
			return Sender{}, exists("sender", n.Dashed())
		}
		s.Default = s.Default && !old.Default
	}
	defaultOf := ""
	if s.Default {
		defaultOf = site
	}
	err = tx.InsertMany("site_sender", db.Col("site_id", []string{site}), db.Col("number", []korea.Number{n}),
		db.Col("state", []string{state}), db.Opt("default_of", []string{defaultOf}), db.Opt("asked_by", []string{s.AskedBy}), db.Col("created_at", []db.Time{tx.Now}))
	if err != nil {
		return Sender{}, created(err, "sender", n.Dashed())
	}
	if err := audit.Note(tx, audit.Change{Site: site, Action: "sender.added", Ref: senderRef(n), AskedBy: s.AskedBy, After: audit.Fields{"state": state, "default": s.Default}}); err != nil {
		return Sender{}, err
	}
	return s, Changed(tx, site)
}

// asker is who asked for a number: whoever makes it requested, or who did before.
func asker(tx *db.Tx, state, before string) string {
	if state == Requested {
		return audit.Acting(tx).String()
	}
	return before
}

// SetSender sets the state of a number, and why. NotFound when the site has none like it.
func SetSender(tx *db.Tx, site, number, state, reason string) (Sender, error) {
	n, err := checkSender(number, state)
	if err != nil {
		return Sender{}, err
	}
	reason = strings.TrimSpace(reason)
	if utf8.RuneCountInString(reason) > MostReason {
		return Sender{}, fault.Check("/reason", "want at most %d characters", MostReason)
	}
	s, err := FindSender(tx, site, n)
	if err != nil {
		return Sender{}, err
	}
	was := s
	s.State, s.Reason, s.AskedBy = state, reason, asker(tx, state, s.AskedBy)
	if _, err := tx.Exec(`UPDATE site_sender SET state = ?, reason = ?, asked_by = ? WHERE site_id = ? AND number = ?`, state, reason, s.AskedBy, site, string(n)); err != nil {
		return Sender{}, fmt.Errorf("set the state of a sender of %s: %w", site, err)
	}
	if err := noteSender(tx, was, s); err != nil {
		return Sender{}, err
	}
	return s, Changed(tx, site)
}

// RemoveSender removes a number. When it was the default, the site's oldest
// approved number becomes that, else its oldest. NotFound as in SetSender.
func RemoveSender(tx *db.Tx, site, number string) error {
	n, err := korea.ParseSender(number)
	if err != nil {
		return fault.Check("/number", "%s", err)
	}
	list, err := lockSenders(tx, site)
	if err != nil {
		return err
	}
	var removed, heir *Sender
	for i := range list {
		switch s := &list[i]; {
		case s.Number == n:
			removed = s
		case heir == nil, heir.State != Approved && s.State == Approved:
			heir = s
		}
	}
	if removed == nil {
		return fault.Missing("sender", n.Dashed())
	}
	_, err = tx.Exec(`DELETE FROM site_sender WHERE site_id = ? AND number = ?`, site, string(n))
	if err == nil && removed.Default && heir != nil {
		_, err = tx.Exec(`UPDATE site_sender SET default_of = ? WHERE site_id = ? AND number = ?`, site, site, string(heir.Number))
	}
	if err != nil {
		return fmt.Errorf("remove a sender of %s: %w", site, err)
	}
	if err := audit.Note(tx, audit.Change{Site: site, Action: "sender.removed", Ref: senderRef(n), Before: audit.Fields{"state": removed.State, "default": removed.Default}}); err != nil {
		return err
	}
	return Changed(tx, site)
}

// MakeDefault makes an approved number the one of texts that name none; doing it again changes nothing.
// Faults: NotFound, StateConflict.
func MakeDefault(tx *db.Tx, site string, n korea.Number) (Sender, error) {
	list, err := lockSenders(tx, site)
	if err != nil {
		return Sender{}, err
	}
	var one *Sender
	var changes []audit.Change
	change := func(s Sender, now bool) audit.Change {
		return audit.Change{Site: site, Action: "sender.updated", Ref: senderRef(s.Number), Before: audit.Fields{"default": !now}, After: audit.Fields{"default": now}}
	}
	for i, s := range list {
		if s.Number == n {
			one = &list[i]
		} else if s.Default {
			changes = append(changes, change(s, false))
		}
	}
	switch {
	case one == nil:
		return Sender{}, fault.Missing("sender", n.Dashed())
	case one.Default:
		return *one, nil
	case one.State != Approved:
		return Sender{}, fault.New(fault.Conflict, fault.CodeStateConflict, "the number %s is %s; only an approved one can be the default", n.Dashed(), one.State)
	}
	_, err = tx.Exec(`UPDATE site_sender SET default_of = NULL WHERE site_id = ? AND default_of IS NOT NULL`, site)
	if err == nil { // no two have it at any moment
		_, err = tx.Exec(`UPDATE site_sender SET default_of = ? WHERE site_id = ? AND number = ?`, site, site, string(n))
	}
	if err != nil {
		return Sender{}, fmt.Errorf("make a sender of %s its default: %w", site, err)
	}
	one.Default = true
	if err := audit.Note(tx, append(changes, change(*one, true))...); err != nil {
		return Sender{}, err
	}
	return *one, Changed(tx, site)
}

var senderColumns = []string{"site_id", "number", "state", "default_of", "reason", "asked_by", "created_at"}

var selectSenders = `SELECT ` + strings.Join(senderColumns, ", ") + ` FROM site_sender WHERE site_id = ?`

func scanSender(r interface{ Scan(...any) error }) (s Sender, err error) {
	var defaultOf db.Null[string]
	err = r.Scan(&s.Site, &s.Number, &s.State, &defaultOf, db.Maybe(&s.Reason), db.Maybe(&s.AskedBy), &s.CreatedAt)
	s.Default = defaultOf.Valid
	return s, err
}

func collectSenders(rows *sql.Rows, err error) ([]Sender, error) {
	return db.Collect(rows, err, func(r *sql.Rows) (Sender, error) { return scanSender(r) })
}

// Senders gives a site's numbers, oldest first.
func Senders(tx *db.Tx, site string) ([]Sender, error) {
	list, err := collectSenders(tx.Query(selectSenders+` ORDER BY created_at, number`, site))
	if err != nil {
		return nil, fmt.Errorf("list senders of %s: %w", site, err)
	}
	return list, nil
}

// Waiting is where one of the numbers of all sites stands in their order.
type Waiting struct {
	At     db.Time
	Site   string
	Number korea.Number
}

// SendersIn gives the numbers of all sites in a state ("" = in any), oldest first, from the one behind a
// place on; those of test sites are nobody's work. It looks through the whole table, which has a few rows for
// each site.
func SendersIn(tx *db.Tx, state string, after Waiting, limit int) ([]Sender, error) {
	where, args := `site_id NOT LIKE ?`, []any{TestPattern}
	if state != "" {
		where, args = where+` AND state = ?`, append(args, state)
	}
	if after != (Waiting{}) {
		where += ` AND (created_at > ? OR created_at = ? AND (site_id > ? OR site_id = ? AND number > ?))`
		args = append(args, after.At, after.At, after.Site, after.Site, string(after.Number))
	}
	list, err := collectSenders(tx.Query(`SELECT `+strings.Join(senderColumns, ", ")+` FROM site_sender WHERE `+where+` ORDER BY created_at, site_id, number LIMIT ?`, append(args, limit)...))
	if err != nil {
		return nil, fmt.Errorf("list the senders of all sites: %w", err)
	}
	return list, nil
}

// lockSenders reads a site's numbers, oldest first, for a change of which is the
// default. The site's row is locked too: a number being added has no row yet.
// NotFound for the site.
func lockSenders(tx *db.Tx, site string) ([]Sender, error) {
	rows, err := tx.ForUpdate(`SELECT id FROM site WHERE id = ? ORDER BY id`, site)
	sites, err := db.Collect(rows, err, func(r *sql.Rows) (s string, err error) { return s, r.Scan(&s) })
	if err != nil {
		return nil, fmt.Errorf("lock site %s: %w", site, err)
	}
	if len(sites) == 0 {
		return nil, fault.Missing("site", site)
	}
	return Senders(tx, site)
}

// DefaultSender picks, of a site's numbers, the one that a message without one is sent
// from: the default if it is approved, else the oldest approved one; ok is false when none is.
func DefaultSender(list []Sender) (s Sender, ok bool) {
	for _, l := range list {
		older := cmp.Or(cmp.Compare(l.CreatedAt, s.CreatedAt), cmp.Compare(l.Number, s.Number)) < 0
		if l.State == Approved && (!ok || l.Default || !s.Default && older) {
			s, ok = l, true
		}
	}
	return s, ok
}

// FindSender gives a site's number in whatever state it is, or a NotFound fault.
func FindSender(tx *db.Tx, site string, n korea.Number) (Sender, error) {
	s, err := scanSender(tx.QueryRow(selectSenders+` AND number = ?`, site, string(n)))
	if errors.Is(err, db.ErrNoRows) {
		return Sender{}, fault.Missing("sender", n.Dashed())
	}
	if err != nil {
		return Sender{}, fmt.Errorf("find a sender of %s: %w", site, err)
	}
	return s, nil
}

// SenderName names one number of one site.
type SenderName struct {
	Site   string
	Number korea.Number
}

// AskSenders gives the question for numbers, and where the answer will stand; one that
// its site does not have is left out.
func AskSenders(names []SenderName) (db.Question, map[SenderName]Sender) {
	sites, numbers := make([]string, len(names)), make([]korea.Number, len(names))
	for i, n := range names {
		sites[i], numbers[i] = n.Site, n.Number
	}
	found := make(map[SenderName]Sender, len(names))
	row := func(r *sql.Rows) error {
		s, err := scanSender(r)
		found[SenderName{s.Site, s.Number}] = s
		return err
	}
	return db.Question{Table: "site_sender", Cols: senderColumns, Key: []db.Column{db.Col("site_id", sites), db.Col("number", numbers)}, Row: row}, found
}

// AskSendersOf gives the question for all numbers of sites, and where the answer will
// stand, by site.
func AskSendersOf(sites []string) (db.Question, map[string][]Sender) {
	found := make(map[string][]Sender, len(sites))
	row := func(r *sql.Rows) error {
		s, err := scanSender(r)
		found[s.Site] = append(found[s.Site], s)
		return err
	}
	return db.Question{Table: "site_sender", Cols: senderColumns, Key: []db.Column{db.Col("site_id", sites)}, Row: row}, found
}
