package book

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/sheet"
)

// Columns of lists that are no variables, besides those of numbers and of consents. Export writes
// the first names of each.
var (
	nameColumns  = []string{"이름", "성명", "성함", "name"}
	proofColumns = []string{"동의근거", "consent_evidence"}
)

// List says how a list is taken.
type List struct {
	Groups     []id.ID // everybody of it is put into these
	NameColumn string  // the column with the names; "" = the first with a usual name
	Consent    Consent // of those whose row tells of none; to the night only a row can tell of one
}

// Report is what became of the rows of a list.
type Report struct {
	Rows      int64
	Created   int64
	Updated   int64
	Unchanged int64
	Joined    int64 // memberships that are new
	Rejected  int64
	By        map[string]int64 // rejected, by code
	Listed    []Rejected       // the first 10,000
}

// Rejected is a row that was not taken.
type Rejected struct {
	Line   int64  `json:"line"`
	To     string `json:"to" people:"number"`
	Code   string `json:"code"`
	Detail string `json:"detail" people:"words" words:"ours"`
}

// Duplicate is the code of a row whose number stands on an earlier one.
const Duplicate = "duplicate"

const (
	takeChunk  = 500 // rows of one transaction
	mostListed = 10_000
)

// row is one row of a list.
type row struct {
	line  int
	entry Entry
	night bool     // it says whether somebody consented to the night
	wrong *problem // what is wrong with it before it is looked at
}

// Take takes a list in. Who is in the book already keeps what the list does not tell, and
// a consent that is newer. Rows go in by the hundreds: when Take fails, those before stay,
// and taking the list again changes nothing of them. Faults: those of the list; Invalid for
// a group that is not there; Conflict when the book is full.
func (b *Book) Take(ctx context.Context, siteID string, from *sheet.Reader, l List) (Report, error) {
	t := &taking{book: b, site: siteID, list: l, seen: map[korea.Number]int{}}
	t.report.By = map[string]int64{}
	if err := t.roles(from.Columns()); err != nil {
		return t.report, err
	}
	for more := true; more; {
		chunk, err := t.read(from)
		if more = err == nil; err != nil && !errors.Is(err, io.EOF) {
			return t.report, err
		}
		if err := t.write(ctx, chunk); err != nil {
			return t.report, err
		}
	}
	return t.report, nil
}

// taking is one list on its way into the book.
type taking struct {
	book    *Book
	site    string
	list    List
	columns []string
	name    int // the columns of these, −1 = there is none
	consent int
	proof   int
	night   int
	seen    map[korea.Number]int // lines of numbers
	report  Report
}

// roles finds which column is what.
func (t *taking) roles(columns []string) error {
	t.columns = columns
	t.name, t.consent, t.proof, t.night = column(columns, nameColumns), column(columns, sheet.ConsentColumns), column(columns, proofColumns), column(columns, sheet.NightColumns)
	if named := korea.Normalise(strings.TrimSpace(t.list.NameColumn)); named != "" {
		if t.name = column(columns, []string{named}); t.name < 0 {
			return fault.Check("/name_column", "there is no column %q beside that of the numbers", named)
		}
	}
	if n := len(columns) - count(t.name, t.consent, t.proof, t.night); n > MostVariables {
		return fault.Check("/list", "the list has %d columns that are variables; at most %d can be kept", n, MostVariables)
	}
	return nil
}

func column(columns, names []string) int {
	for _, name := range names {
		if i := slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, name) }); i >= 0 {
			return i
		}
	}
	return -1
}

func count(columns ...int) (n int) {
	for _, c := range columns {
		if c >= 0 {
			n++
		}
	}
	return n
}

// read reads some rows; io.EOF when these are the last.
func (t *taking) read(from *sheet.Reader) (chunk []row, err error) {
	for len(chunk) < takeChunk {
		r, err := from.Next()
		if err != nil {
			return chunk, err
		}
		if t.report.Rows++; t.report.Rows > MostContacts {
			return nil, fault.New(fault.TooLarge, fault.CodeTooManyRecipients, "a list has at most %d rows; take the rest as another one", MostContacts)
		}
		chunk = append(chunk, t.row(r))
	}
	return chunk, nil
}

func (t *taking) row(r sheet.Row) row {
	out := row{line: r.Line, entry: Entry{To: r.To, Variables: map[string]string{}, Consent: t.list.Consent}}
	for i, cell := range r.Values {
		switch cell = sheet.Unguarded(cell); {
		case i == t.name:
			out.entry.Name = cell
		case i == t.consent && cell != "":
			at, err := ParseConsent(cell)
			if err != nil {
				out.wrong = &problem{"", InvalidConsent, fault.Say("%s", err)}
			}
			out.entry.Consent.At = at
		case i == t.proof && cell != "":
			out.entry.Consent.Evidence = cell
		case i == t.night && cell != "":
			var ok bool
			if out.entry.Consent.Night, ok = sheet.ReadYes(cell); !ok {
				out.wrong = &problem{"", InvalidConsent, fault.Word(sheet.WrongNight)}
			}
			out.night = true
		case i != t.consent && i != t.proof && i != t.night:
			out.entry.Variables[t.columns[i]] = cell
		}
	}
	return out
}

// ParseConsent reads when somebody agreed: a day, or a moment, in Korean time or with its
// offset. Its error is for people.
func ParseConsent(text string) (db.Time, error) {
	at, err := korea.ParseTime(text)
	if err != nil {
		if at, err = korea.ParseDay(text); err != nil {
			for _, form := range []string{"2006-01-02 15:04:05", "2006-1-2 15:04", "2006. 1. 2.", "2006.1.2", "2006/1/2"} {
				if at, err = time.ParseInLocation(form, text, korea.Seoul); err == nil {
					break
				}
			}
		}
	}
	if err != nil {
		return 0, fault.Say("want a day such as 2026-12-01, or a time such as 2026-12-01 09:00")
	}
	return db.At(at), nil
}

// write takes some rows in one transaction.
func (t *taking) write(ctx context.Context, chunk []row) error {
	if len(chunk) == 0 {
		return nil
	}
	var done outcome
	err := t.book.d.Update(ctx, "book_take", func(tx *db.Tx) error {
		s, err := t.book.open(tx, t.site)
		if err != nil {
			return err
		}
		done = outcome{}
		if err := t.take(s, chunk, &done); err != nil {
			return err
		}
		return done.note(tx, t)
	})
	if err != nil {
		return err
	}
	t.report.Created += done.created
	t.report.Updated += done.updated
	t.report.Unchanged += done.unchanged
	t.report.Joined += done.joined
	maps.Copy(t.seen, done.numbers)
	for _, r := range done.rejected {
		t.report.Rejected++
		t.report.By[r.Code]++
		if len(t.report.Listed) < mostListed {
			t.report.Listed = append(t.report.Listed, r)
		}
	}
	return nil
}

// outcome is what a transaction did with its rows.
type outcome struct {
	created, updated, unchanged, joined int64
	rejected                            []Rejected
	numbers                             map[korea.Number]int
}

// take decides what becomes of each row, and writes it.
func (t *taking) take(s *shelf, chunk []row, done *outcome) error {
	done.numbers = map[korea.Number]int{}
	var rows []row
	var given []details
	var numbers []korea.Number
	for _, r := range chunk {
		d, wrong := r.entry.read(s.tx.Now)
		if r.wrong != nil && (wrong == nil || wrong.code == r.wrong.code) {
			wrong = r.wrong // what the cell itself says is nearer
		}
		if first := max(t.seen[d.To], done.numbers[d.To]); wrong == nil && first > 0 {
			wrong = &problem{"", Duplicate, fault.Say("the number stands on line %d", first)}
		}
		if wrong != nil {
			done.rejected = append(done.rejected, Rejected{int64(r.line), shown(r.entry.To), wrong.code, wrong.detail.String()})
			continue
		}
		done.numbers[d.To] = r.line
		rows, given, numbers = append(rows, r), append(given, d), append(numbers, d.To)
	}
	found, err := byNumbers(s.tx, s.key, s.site, numbers)
	if err != nil {
		return err
	}
	known := make(map[korea.Number]Contact, len(found))
	for _, c := range found {
		known[c.To] = c
	}
	var fresh, changed []Contact
	all := make([]id.ID, len(rows))
	for i, d := range given {
		old, there := known[d.To]
		switch {
		case !there:
			c := s.contact(id.New(), d, rows[i].entry.Consent.At)
			c.CreatedAt = s.tx.Now
			fresh, all[i] = append(fresh, c), c.ID
			continue
		case old.learn(d, rows[i].entry.Consent.At, rows[i].night):
			changed = append(changed, old)
		default:
			done.unchanged++
		}
		all[i] = old.ID
	}
	done.created, done.updated = int64(len(fresh)), int64(len(changed))
	return t.store(s, fresh, changed, all, done)
}

func (t *taking) store(s *shelf, fresh, changed []Contact, all []id.ID, done *outcome) error {
	if s.contacts += len(fresh); s.contacts > MostContacts {
		return full("contacts", MostContacts)
	}
	if err := s.insert(fresh); err != nil {
		return err
	}
	if err := s.update(changed); err != nil {
		return err
	}
	for i, g := range t.list.Groups {
		n, err := s.join(g, all)
		if fault.Is(err, fault.NotFound) {
			return fault.Check(fmt.Sprintf("/groups/%d", i), "there is no group %s", g.Text(id.Group))
		}
		if err != nil {
			return err
		}
		done.joined += int64(n)
	}
	return s.close()
}

// learn takes over what a list tells of somebody, of his consent to the night too where it
// does, and reports whether that was anything new.
func (c *Contact) learn(d details, consent db.Time, night bool) (changed bool) {
	if d.Name != "" && d.Name != c.Name {
		c.Name, changed = d.Name, true
	}
	for name, value := range d.Variables {
		if old, has := c.Variables[name]; has && old == value || !has && len(c.Variables) == MostVariables {
			continue
		}
		if changed = true; c.Variables == nil {
			c.Variables = map[string]string{}
		}
		c.Variables[name] = value
	}
	switch old := c.Consent; {
	case consent > old.At:
		c.Consent, changed = Consent{consent, d.Evidence, d.Night || !night && old.Night}, true
	case night && d.Night != old.Night && (consent == 0 || sameConsent(consent, old.At)): // taking it back needs no date
		c.Consent.Night, changed = d.Night, true
	}
	return changed
}

// sameConsent reports whether a list names the time of a consent that is kept: by the minute, as
// exported lists do, or by its day.
func sameConsent(named, kept db.Time) bool {
	at, of := named.Time().In(korea.Seoul), kept.Time().In(korea.Seoul)
	day, minute := at.Format("2006-01-02"), at.Format("15:04")
	return day == of.Format("2006-01-02") && (minute == of.Format("15:04") || minute == "00:00")
}

// shown bounds what a report repeats of a wrong number.
func shown(to string) string {
	if runes := []rune(to); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return to
}
