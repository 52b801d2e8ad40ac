package paper

import (
	"errors"
	"fmt"
	"io"

	"creditmsg/internal/credit"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// walk follows the entries of a month through a statement.
type walk struct {
	s        *Statement
	at       credit.Balance
	time     stamp // of the entry before
	heads    []Head
	payments []Payment
	sums     map[[3]string]*credit.Sum
}

// proveEntries follows the chain from the opening balance over each signed day to the closing
// balance, and compares every sum. It gives how many entries it proved.
func (s *Statement) proveEntries(entries io.Reader) (n int64, err error) {
	next, err := lines(entries)
	if err != nil {
		return 0, err
	}
	w := &walk{s: s, at: credit.Balance(s.Opening), heads: s.Heads, payments: s.withEntry(), sums: map[[3]string]*credit.Sum{}}
	for {
		l, err := next()
		if errors.Is(err, io.EOF) {
			return n, w.end()
		}
		if err != nil {
			return n, fmt.Errorf("the entry after entry %d was changed: it cannot be read as one", w.at.Seq)
		}
		if err := w.step(&l); err != nil {
			return n, err
		}
		n++
	}
}

// withEntry are the payments that an entry is of: those without one stand at the end.
func (s *Statement) withEntry() []Payment {
	n := len(s.Payments)
	for n > 0 && s.Payments[n-1].Seq == 0 {
		n--
	}
	return s.Payments[:n]
}

// step proves one entry.
func (w *walk) step(l *line) error {
	e := l.entry()
	after, err := e.Follow(w.at)
	switch {
	case err != nil:
		return errors.New(fault.Of(err).Public)
	case l.At < w.time:
		return fmt.Errorf("entry %d: it is older than the entry before it", l.Seq)
	case (l.Note != "" || l.NoteKey != "") && !e.NoteProven():
		return fmt.Errorf("entry %d: its note is not the one that was written", l.Seq)
	}
	day := korea.Day(e.At.Time())
	w.at, w.time = after, l.At
	if l.Seq > w.s.Closing.Seq {
		if w.s.Complete {
			return fmt.Errorf("entry %d: the month closes with entry %d, but the file goes on", l.Seq, w.s.Closing.Seq)
		}
		return nil // written after the statement of a running month; the chain vouches for it
	}
	if day[:len(w.s.Month)] != w.s.Month {
		return fmt.Errorf("entry %d: it is of %s, not of the month", l.Seq, day)
	}
	w.count(e)
	for _, step := range []func(*credit.Entry, string) error{w.meetHead, w.meetPayment} {
		if err := step(e, day); err != nil {
			return err
		}
	}
	if l.Seq == w.s.Closing.Seq {
		return w.close()
	}
	return nil
}

func (w *walk) count(e *credit.Entry) {
	key := [3]string{string(e.Kind), string(e.Debit), string(e.Credit)}
	if w.sums[key] == nil {
		w.sums[key] = &credit.Sum{}
	}
	w.sums[key].Count++
	w.sums[key].Amount += e.Amount
}

// meetHead compares an entry with the head of its day.
func (w *walk) meetHead(e *credit.Entry, day string) error {
	if len(w.heads) == 0 {
		if w.s.Complete {
			return fmt.Errorf("entry %d: no signed day covers it", e.Seq)
		}
		return nil
	}
	h := w.heads[0]
	switch {
	case h.Day != day:
		return fmt.Errorf("entry %d is of %s, where the next signed day is %s", e.Seq, day, h.Day)
	case h.Seq == e.Seq && h.Balance != Balance(w.at):
		return fmt.Errorf("the chain is not the one that was signed on %s: entry %d has another hash or balance", day, e.Seq)
	case h.Seq == e.Seq:
		w.heads = w.heads[1:]
	}
	return nil
}

// meetPayment compares an entry with the payment that it is.
func (w *walk) meetPayment(e *credit.Entry, _ string) error {
	way := paidBy(string(e.Debit), string(e.Credit))
	if way == 0 {
		return nil
	}
	if len(w.payments) == 0 {
		return fmt.Errorf("entry %d is a payment that the statement does not list", e.Seq)
	}
	p := w.payments[0]
	w.payments = w.payments[1:]
	if p.Seq != e.Seq || p.Kind != string(e.Kind) || p.Ref != e.Ref || !p.At.Equal(e.At.Time()) || money.Amount(p.Supply) != way*e.Amount {
		return fmt.Errorf("entry %d is not the payment that the statement lists", e.Seq)
	}
	return nil
}

// close compares what the entries came to with the statement.
func (w *walk) close() error {
	if Balance(w.at) != w.s.Closing {
		return fmt.Errorf("the entries do not end in the closing balance")
	}
	if len(w.heads)+len(w.payments) > 0 {
		return fmt.Errorf("the statement names days or payments that no entry is of")
	}
	for _, m := range w.s.Movements {
		sum := w.sums[[3]string{m.Kind, m.Debit, m.Credit}]
		if sum == nil || sum.Count != m.Count || sum.Amount != m.Amount {
			return fmt.Errorf("the entries of kind %s from %s to %s do not make %s", m.Kind, m.Debit, m.Credit, m.Amount)
		}
	}
	if len(w.sums) != len(w.s.Movements) {
		return fmt.Errorf("there are entries of a kind that the statement does not name")
	}
	return nil
}

// end is what is wrong when the file is over.
func (w *walk) end() error {
	if w.at.Seq < w.s.Closing.Seq {
		return fmt.Errorf("the file ends with entry %d, but the statement closes with entry %d", w.at.Seq, w.s.Closing.Seq)
	}
	return nil
}
