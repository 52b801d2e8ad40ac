package rerun

import (
	"context"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

// moveRows bounds the differences that one transaction applies.
const moveRows = 100

// moveSome applies the next differences but for refunds, which lock accounts by themselves.
// more tells that there are some left.
func (s *Service) moveSome(ctx context.Context, d id.ID) (more bool, err error) {
	return more, s.d.Update(ctx, "rerun_move", func(tx *db.Tx) error {
		more = false
		v, err := lock(tx, d.Text(id.Rerun))
		if err != nil || v.State != Applying {
			return err
		}
		list, _, goesOn, err := Differences(tx, v.ID, Narrow{}, v.moved, moveRows)
		if err != nil || len(list) == 0 {
			return err
		}
		more = goesOn
		v.moved = list[len(list)-1].N
		m := &moving{Service: s, tx: tx, run: &v, people: map[message.Place]message.Recipient{}}
		return m.apply(list)
	})
}

// moving is the application of some differences.
type moving struct {
	*Service
	tx       *db.Tx
	run      *Run
	people   map[message.Place]message.Recipient // as the changes so far leave them
	w        message.Writing
	finished []*Difference
	letters  []id.ID // that had an effect now
}

func (m *moving) apply(list []Difference) error {
	var some []*Difference
	for i := range list {
		d := &list[i]
		switch d.Kind {
		case ChargedButFailed:
		case NoEnd, SameEnd, Disputed:
			m.finish(d, Noted)
		case OptedOut:
			if err := m.optOut(d); err != nil { // locks sites: it comes before messages
				return err
			}
		default:
			some = append(some, d)
		}
	}
	if err := m.lock(some); err != nil {
		return err
	}
	for _, d := range some {
		m.move(d)
	}
	return m.write()
}

func (m *moving) finish(d *Difference, o Outcome) {
	d.Outcome = o
	m.finished = append(m.finished, d)
	switch o {
	case Applied:
		m.run.Applied++
	case Skipped:
		m.run.Skipped++
	case ReturnedBefore:
		m.run.ReturnedBefore++
	case Noted: // counted nowhere: nothing follows from it
	}
}

// optOut has a letter's wishes noted that could not be read when it came.
func (m *moving) optOut(d *Difference) error {
	letters, err := delivery.LettersByID(m.tx, []id.ID{d.letter})
	if err != nil {
		return err
	}
	readings, _, err := m.delivery.ReadLetters(m.tx, letters)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(readings, func(rd delivery.Reading) bool { return rd.Report.OptOut != "" }) {
		d.Became = "gone"
		m.finish(d, Skipped)
		return nil
	}
	if err := m.delivery.NoteOptOuts(m.tx, readings); err != nil {
		return err
	}
	m.letters = append(m.letters, d.letter)
	m.finish(d, Applied)
	return nil
}

// lock locks the messages and recipients of differences.
func (m *moving) lock(list []*Difference) error {
	var keys []message.Key
	var places []message.Place
	seen := map[message.Place]bool{}
	for _, d := range list {
		if !seen[d.ref.Place] {
			seen[d.ref.Place] = true
			keys, places = append(keys, d.ref.Key), append(places, d.ref.Place)
		}
	}
	if len(places) == 0 {
		return nil
	}
	messages, people, err := m.messages.LockPlaces(m.tx, keys, places)
	if err != nil {
		return err
	}
	m.w.Messages = messages
	for _, r := range people {
		m.people[r.Place] = r
	}
	return nil
}

// move applies one difference if it still is what was compared.
func (m *moving) move(d *Difference) {
	r, there := m.people[d.ref.Place]
	if !there {
		d.Became = "gone"
		m.finish(d, Skipped)
		return
	}
	v, otherwise := judge(r, d.reading(), heard{}, m.tx.Now)
	if !otherwise || v.kind != d.Kind || v.Sums != d.Sums || v.channel != d.Channel {
		if d.Became = "as_it_is"; otherwise {
			d.Became = string(v.kind)
		}
		m.finish(d, Skipped)
		return
	}
	m.people[d.ref.Place] = v.change.To
	m.w.Changes = append(m.w.Changes, v.change)
	if v.change.What != message.Late {
		m.letters = append(m.letters, d.letter)
	}
	m.finish(d, Applied)
}

// write stores it all; the accounts come last.
func (m *moving) write() error {
	if err := delivery.MarkApplied(m.tx, unique(m.letters)); err != nil {
		return err
	}
	if err := finish(m.tx, m.run.ID, m.finished); err != nil {
		return err
	}
	if err := m.run.store(m.tx); err != nil {
		return err
	}
	if len(m.w.Changes) == 0 {
		return nil
	}
	if err := m.messages.Record(m.tx, m.w); err != nil {
		return fmt.Errorf("apply run %s: %w", m.run.Name, err)
	}
	return nil
}

// unique leaves each once.
func unique[T comparable](list []T) (out []T) {
	seen := map[T]bool{}
	for _, d := range list {
		if !seen[d] {
			seen[d] = true
			out = append(out, d)
		}
	}
	return out
}
