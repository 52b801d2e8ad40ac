package delivery

import (
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
)

// Wanted says about whom letters are looked for: a message, those of its recipients who have a
// number, or those of a site's messages of late who have it.
type Wanted struct {
	Site    string
	Message id.ID        // zero = any of the site's
	To      korea.Number // empty = everybody of the message
}

// Work of one reading that looks into letters: how many are opened, at most, and how many
// people with a number are looked for.
const (
	openBudget = 400
	openAtOnce = 50
	mostLegs   = 50
)

// Letters are in no order of whom they are about, and sealed. So those of the time are opened in
// which there can be some: from the hand-over to some time after the last that was heard, or
// until now for who still waits.
const (
	beforeHandOver = 5 * time.Minute  // a report may be faster than the reply to the call
	afterTheEnd    = 15 * time.Minute // repetitions come for a while
)

// search is where to look.
type search struct {
	from, until db.Time
	accounts    map[string]bool // nil = all
	messages    map[message.Key]bool
	places      map[message.Place]bool // nil = everybody of the messages
}

// wants reports whether a reading is about whom is looked for.
func (w search) wants(r Reading) bool {
	return r.Ours && w.messages[r.Ref.Key] && (w.places == nil || w.places[r.Ref.Place])
}

// FindLetters lists letters that name a leg of whom is looked for, from the newest down. A time
// in the filter takes the place of the one in which there can be some. A page may be short, or
// empty, and have more: one reading opens a bounded number of letters. Nobody of that number,
// and no such message, is NotFound.
func (s *Service) FindLetters(tx *db.Tx, f LetterFilter, w Wanted, before Spot) (list []Letter, next Spot, more bool, err error) {
	where, err := s.placesOf(tx, f, w)
	if err != nil {
		return nil, next, false, err
	}
	narrow := f
	narrow.From, narrow.Until, narrow.Limit = orElse(f.From, where.from), orElse(f.Until, where.until), openAtOnce
	for opened := 0; opened < openBudget; opened += openAtOnce {
		page, end, goesOn, err := LettersBefore(tx, narrow, before)
		if err != nil {
			return nil, next, false, err
		}
		readings, _, err := s.ReadLetters(tx, slices.DeleteFunc(slices.Clone(page), func(l Letter) bool {
			return where.accounts != nil && !where.accounts[l.Account]
		}))
		if err != nil {
			return nil, next, false, err
		}
		named := map[id.ID]bool{}
		for _, r := range readings {
			named[r.Letter.ID] = named[r.Letter.ID] || where.wants(r)
		}
		for _, l := range page {
			before = l.Spot()
			if !named[l.ID] {
				continue
			}
			if list = append(list, l); len(list) == f.Limit {
				return list, before, true, nil
			}
		}
		if before = end; !goesOn {
			return list, Spot{}, false, nil
		}
	}
	return list, before, true, nil
}

// placesOf finds out where letters about somebody can be.
func (s *Service) placesOf(tx *db.Tx, f LetterFilter, w Wanted) (search, error) {
	if w.To == "" {
		m, err := message.Find(tx, message.Key{Site: w.Site, ID: w.Message})
		if err != nil {
			return search{}, err
		}
		out := search{from: m.CreatedAt, until: tx.Now + 1, messages: map[message.Key]bool{m.Key: true}}
		if m.DoneAt != 0 {
			out.until = m.DoneAt.Add(afterTheEnd)
		}
		return out, nil
	}
	lines, _, _, err := s.messages.SendLog(tx, w.Site, message.LogFilter{Message: w.Message, To: w.To, Limit: mostLegs})
	if err != nil {
		return search{}, err
	}
	if len(lines) == 0 {
		return search{}, fault.New(fault.NotFound, fault.CodeNotFound, "nobody with this number was handed over in what is searched")
	}
	places := make([]message.Place, len(lines))
	for i, l := range lines {
		places[i] = l.Place
	}
	_, people, err := s.messages.ReadPlaces(tx, places)
	if err != nil {
		return search{}, err
	}
	out := search{from: latest, accounts: map[string]bool{}, messages: map[message.Key]bool{}, places: map[message.Place]bool{}}
	for _, r := range people {
		out.add(r, tx.Now)
	}
	return out, nil
}

// add widens a search by one recipient.
func (w *search) add(r message.Recipient, now db.Time) {
	w.messages[r.Key], w.places[r.Place] = true, true
	w.accounts[r.Provider] = true
	heard := max(r.ReportedAt, r.SentAt)
	handed := orElse(r.HandedAt, now)
	for _, l := range r.History {
		w.accounts[l.Provider] = true
		heard = max(heard, l.At)
		if l.HandedAt != 0 {
			handed = min(handed, l.HandedAt)
		}
	}
	w.from = min(w.from, handed.Add(-beforeHandOver))
	if !r.State.Final() {
		w.until = max(w.until, now+1)
		return
	}
	w.until = max(w.until, heard.Add(afterTheEnd))
}
