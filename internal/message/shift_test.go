package message

import (
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

func TestWhatIsOpenOfAMessageIsShiftedAndWhatIsFinalIsNot(t *testing.T) {
	onEach(t, func(s *shop) {
		open, done := s.accept(textOnly("hi"), 2).Message, s.accept(textOnly("hi"), 1).Message
		s.drain()
		for _, key := range []Key{open, done} {
			s.hand(key, func(r Recipient, at db.Time) Change { return HandOver(r, at) })
		}
		s.move(done, 0, func(r Recipient, at db.Time) Change { return Deliver(r, at) })
		s.move(open, 1, func(r Recipient, at db.Time) Change { return Deliver(r, at) })
		people := func(key Key) []Shown { list, _, _ := s.list(key, Filter{Limit: 10}); return list }
		before := map[Key]*Message{open: s.find(open), done: s.find(done)}
		reached, waiting := people(done)[0], people(open)
		s.update(func(tx *db.Tx) error { return s.service.Shift(tx, s.name, time.Hour) })
		if got := s.find(done); got.CreatedAt != before[done].CreatedAt || people(done)[0].HandedAt != reached.HandedAt {
			s.t.Errorf("a message that is done moved: %+v", got)
		}
		if got := s.find(open); got.CreatedAt != before[open].CreatedAt.Add(-time.Hour) {
			s.t.Errorf("an open message was accepted at %d, want an hour before %d", got.CreatedAt, before[open].CreatedAt)
		}
		for i, now := range people(open) {
			want := waiting[i].HandedAt
			if now.State == Sent {
				want = want.Add(-time.Hour)
			}
			if now.HandedAt != want {
				s.t.Errorf("%s recipient %d was handed over at %d, want %d", now.State, i, now.HandedAt, want)
			}
		}
	})
}

func TestMoreRecipientsThanOneTransactionCanMoveAreRefused(t *testing.T) {
	onEach(t, func(s *shop) {
		m := s.accept(textOnly("hi"), 1).Message
		s.update(func(tx *db.Tx) error { // as a message to so many would stand there
			_, err := tx.Exec(`UPDATE message SET accepted = ? WHERE site_id = ? AND id = ?`, MostOpen+1, m.Site, m.ID)
			return err
		})
		err := s.d.Update(s.t.Context(), "test", func(tx *db.Tx) error { return s.service.Shift(tx, m.Site, time.Hour) })
		wantFault(s.t, err, fault.Conflict, fault.CodeStateConflict, "")
		if got := s.find(m); got.CreatedAt == 0 {
			s.t.Error("it has no time any more")
		}
	})
}
