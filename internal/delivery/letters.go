package delivery

import (
	"bytes"
	"cmp"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// Letter is one body of delivery reports as the inbox keeps it.
type Letter struct {
	ID         id.ID
	Account    string
	State      string // one of LetterStates
	ReceivedAt db.Time
	AppliedAt  db.Time // when it had its effect by itself, or was set aside; 0 = it had none
	Reports    int64   // in it, as they were read when it came
}

// LetterStates are where a letter can stand.
var LetterStates = []string{string(inboxNew), string(inboxApplied), string(inboxWaiting), string(inboxUnreadable)}

// Spot is a place among letters: they are ordered by when they came.
type Spot struct {
	At db.Time
	ID id.ID
}

// Spot is the letter's own place.
func (l Letter) Spot() Spot { return Spot{l.ReceivedAt, l.ID} }

// compare orders places by time.
func (s Spot) compare(o Spot) int {
	return cmp.Or(cmp.Compare(s.At, o.At), bytes.Compare(s.ID[:], o.ID[:]))
}

// Before reports whether a letter at this place came before one at the other.
func (s Spot) Before(o Spot) bool { return s.compare(o) < 0 }

// LetterFilter says which letters are wanted; zero values do not narrow.
type LetterFilter struct {
	Account     string
	States      []string // of LetterStates
	From, Until db.Time  // came at or after, and before
	Limit       int
}

// letterPage is how many letters of a state are looked at together, and letterBudget how many
// one reading looks at in all: who narrows a long time to an account gets a short page and
// where to go on.
const (
	letterPage   = 500
	letterBudget = 20_000
)

// LettersBefore lists letters from the newest down, those before a place; the zero place = from
// the newest. next is the place to go on from, and more tells that there may be some.
func LettersBefore(tx *db.Tx, f LetterFilter, before Spot) (list []Letter, next Spot, more bool, err error) {
	return walk(tx, f, before, func(f LetterFilter, state string, at Spot, limit int) (string, []any) {
		until := orElse(f.Until, latest)
		if at != (Spot{}) {
			until = min(until, at.At+1)
		}
		return `SELECT ` + letterColumns + ` FROM inbox WHERE state = ? AND received_at >= ? AND received_at < ? AND (received_at < ? OR id < ?)
			ORDER BY received_at DESC, id DESC LIMIT ?`, []any{state, f.From, until, orElse(at.At, latest), floorID(at.ID), limit}
	}, func(a, b Spot) int { return b.compare(a) })
}

// LettersAfter lists letters in the order in which they came, those behind a place; the zero
// place = from the first.
func LettersAfter(tx *db.Tx, f LetterFilter, after Spot) (list []Letter, next Spot, more bool, err error) {
	return walk(tx, f, after, func(f LetterFilter, state string, at Spot, limit int) (string, []any) {
		return `SELECT ` + letterColumns + ` FROM inbox WHERE state = ? AND received_at >= ? AND received_at < ? AND (received_at > ? OR id > ?)
			ORDER BY received_at, id LIMIT ?`, []any{state, max(f.From, at.At), orElse(f.Until, latest), at.At, floorID(at.ID), limit}
	}, Spot.compare)
}

// latest is after every time.
const latest = db.Time(1 << 62)

const letterColumns = `id, provider, state, received_at, applied_at, reports`

func scanLetter(r *sql.Rows) (l Letter, err error) {
	return l, r.Scan(&l.ID, &l.Account, &l.State, &l.ReceivedAt, &l.AppliedAt, &l.Reports)
}

// walk reads letters in an order, state by state, since that is how their index has them, but in
// one statement: a letter that changes its state meanwhile is in one of them, whoever asks.
func walk(tx *db.Tx, f LetterFilter, at Spot, page func(LetterFilter, string, Spot, int) (query string, args []any),
	order func(a, b Spot) int) (list []Letter, next Spot, more bool, err error) {
	states := f.States
	if len(states) == 0 {
		states = LetterStates
	}
	for looked := 0; looked < letterBudget; {
		limit := min(letterPage, max(f.Limit, 50))
		var queries []string
		var args []any
		for i, state := range states {
			query, of := page(f, state, at, limit)
			queries, args = append(queries, fmt.Sprintf(`SELECT * FROM (%s) AS letter_%d`, query, i)), append(args, of...)
		}
		rows, err := tx.Query(strings.Join(queries, ` UNION ALL `), args...)
		found, err := db.Collect(rows, err, scanLetter)
		if err != nil {
			return nil, next, false, fmt.Errorf("list letters: %w", err)
		}
		slices.SortFunc(found, func(a, b Letter) int { return order(a.Spot(), b.Spot()) })
		whole := len(found) < limit
		found = found[:min(len(found), limit)]
		for _, l := range found {
			at = l.Spot()
			if f.Account != "" && l.Account != f.Account {
				continue
			}
			if list = append(list, l); len(list) == f.Limit {
				return list, at, true, nil
			}
		}
		if looked += len(found); whole {
			return list, Spot{}, false, nil
		}
	}
	return list, at, true, nil
}

// Reading is one report of a letter, as the present parser of its account reads it.
type Reading struct {
	Letter  Letter
	Report  provider.Report
	Ref     Reference // the leg that it is about
	Ours    bool      // it names a leg of ours, as far as its reference tells
	Code    string    // the provider's own, as a column holds it
	Problem string    // of a letter that cannot be read: why; it has one reading then
}

// ReadLetters reads letters, and gives what each of their reports says in the order of the
// letters. Bodies are given besides when they are asked for.
func (s *Service) ReadLetters(tx *db.Tx, letters []Letter) (readings []Reading, bodies map[id.ID][]byte, err error) {
	if len(letters) == 0 {
		return nil, nil, nil
	}
	key, err := s.keys.Installation(tx, inboxKey)
	if err != nil {
		return nil, nil, err
	}
	rows, err := tx.Lookup("inbox", []string{"id", "body"}, db.Col("id", pick(letters, func(l Letter) id.ID { return l.ID })))
	bodies = make(map[id.ID][]byte, len(letters))
	_, err = db.Collect(rows, err, func(r *sql.Rows) (none struct{}, err error) {
		var d id.ID
		var body []byte
		if err = r.Scan(&d, &body); err == nil {
			bodies[d] = body
		}
		return none, err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read letters: %w", err)
	}
	var all []delivery
	problems := map[id.ID]string{}
	for _, l := range letters {
		sealed, there := bodies[l.ID]
		if !there {
			continue // it is not kept any more
		}
		body, err := key.Open(inboxContext(l.ID), sealed)
		if err != nil {
			return nil, nil, fmt.Errorf("open letter %s: %w", l.ID, err)
		}
		bodies[l.ID] = body
		d := delivery{inbox: l.ID, account: l.Account}
		if k, ok := s.carriers.byName[l.Account]; !ok {
			problems[l.ID] = errNoAccount.Error()
		} else if d.reports, err = k.Adapter.Parse(body); err != nil {
			problems[l.ID] = err.Error()
		}
		all = append(all, d)
	}
	if err := s.nameLegs(tx, all); err != nil {
		return nil, nil, err
	}
	byID := make(map[id.ID]Letter, len(letters))
	for _, l := range letters {
		byID[l.ID] = l
	}
	for _, d := range all {
		if why, bad := problems[d.inbox]; bad {
			readings = append(readings, Reading{Letter: byID[d.inbox], Problem: why})
			continue
		}
		for _, r := range d.reports {
			ref, err := ReadReference(r.Ref)
			readings = append(readings, Reading{Letter: byID[d.inbox], Report: r, Ref: ref, Ours: err == nil && r.OptOut == "", Code: code(r.Code)})
		}
	}
	return readings, bodies, nil
}

// LongestWait is how long a leg can wait for its report: what is told of one was told within
// this time of its hand-over, or when it was given up.
func (s *Service) LongestWait() time.Duration { return max(s.o.ExpireText, s.o.ExpireLong) }

// FindLetter reads a letter by its public id. NotFound also when it is not kept any more.
func FindLetter(tx *db.Tx, name string) (Letter, error) {
	d, err := id.Parse(id.Letter, name)
	if err != nil {
		return Letter{}, fault.Missing("letter", fmt.Sprintf("%.60s", name))
	}
	list, err := LettersByID(tx, []id.ID{d})
	if err != nil {
		return Letter{}, err
	}
	if len(list) == 0 {
		return Letter{}, fault.Missing("letter", name)
	}
	return list[0], nil
}

// LettersByID reads letters that are still kept, in the order of their ids.
func LettersByID(tx *db.Tx, ids []id.ID) ([]Letter, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := tx.Lookup("inbox", []string{"id", "provider", "state", "received_at", "applied_at", "reports"}, db.Col("id", ids))
	list, err := db.Collect(rows, err, scanLetter)
	if err != nil {
		return nil, fmt.Errorf("find letters: %w", err)
	}
	slices.SortFunc(list, func(a, b Letter) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return list, nil
}

// Decide says what a reading would do to a recipient at a time. It is pure.
func Decide(r message.Recipient, rd Reading, at db.Time) message.Change {
	return decide(r, report{Report: rd.Report, Step: rd.Ref.Step, Try: rd.Ref.Try, Account: rd.Letter.Account, At: at})
}

// GoesOn reports whether a failure that a reading tells of leaves the recipient of an earlier leg
// to another try or step, when it is heard as its letter comes: it is one after which he goes on,
// or he had gone on before. A delivery of the leg that is told of later counts then, and does not
// after a failure that is his end. It is pure.
func GoesOn(r message.Recipient, rd Reading) bool {
	leg, was := r.EarlierLeg(rd.Ref.Step, rd.Ref.Try)
	if !was || !rd.Report.Final || rd.Report.Delivered {
		return false
	}
	then := r
	then.Step, then.Try, then.State, then.EarlierStep = rd.Ref.Step, rd.Ref.Try, message.Sent, 0
	then.Provider, then.HandedAt, then.SentAt = leg.Provider, leg.HandedAt, leg.SentAt
	return rd.Letter.ReceivedAt > leg.At || !fails(then, rd.Report.Reason, rd.Code, rd.Letter.ReceivedAt).To.State.Final()
}

// MarkApplied files letters as applied that had an effect after all, those of them that could
// not be read when they came and are kept still. When letters had their effect by themselves
// stays as it is: it tells which legs ended by them.
func MarkApplied(tx *db.Tx, letters []id.ID) error {
	list, err := LettersByID(tx, letters)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(l Letter) bool { return l.State != string(inboxUnreadable) })
	if len(list) == 0 {
		return nil
	}
	ids := pick(list, func(l Letter) id.ID { return l.ID })
	err = tx.UpdateMany("inbox", []string{"id"}, db.Col("id", ids), db.Same("state", string(inboxApplied), len(ids)))
	if err != nil {
		return fmt.Errorf("file letters as applied: %w", err)
	}
	return nil
}

// NoteOptOuts puts those who called an 080 number, as readings say, on the lists of the sites
// whose number it is. It locks sites: it comes before anything about messages.
func (s *Service) NoteOptOuts(tx *db.Tx, readings []Reading) error {
	return s.noteOptOuts(tx, pick(readings, func(r Reading) delivery {
		return delivery{account: r.Letter.Account, reports: []provider.Report{r.Report}}
	}))
}
