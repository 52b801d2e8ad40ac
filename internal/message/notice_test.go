package message

import (
	"encoding/json"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// ends are the events of the end of a site's messages, and how many people are told of.
func (s *shop) ends() (ends []eventData, told int) {
	s.t.Helper()
	s.view(func(tx *db.Tx) error {
		ends = nil
		list, err := event.List(tx, s.name, id.ID{}, 1000)
		for _, e := range list {
			if e.Type == "message.done" || e.Type == "message.cancelled" {
				var d eventData
				if err := json.Unmarshal(e.Data, &d); err != nil {
					return err
				}
				ends = append(ends, d)
			}
		}
		if err != nil {
			return err
		}
		return tx.QueryRow(`SELECT COUNT(*) FROM job WHERE kind = ? AND site_id = ?`, credit.KindTell, s.name).Scan(&told)
	})
	return ends, told
}

func delivering(r Recipient, at db.Time) Change { return Deliver(r, at) }

func TestPeopleAreToldOnceThatAMessageIsDone(t *testing.T) {
	onEach(t, func(s *shop) {
		r := kakaoFirst()
		r.Notify = NoticeAsked
		m := s.accept(r, 3).Message
		s.hand(m, func(r Recipient, at db.Time) Change {
			switch r.Seq {
			case 0:
				return Deliver(r, at)
			case 1:
				return Fail(r, "blocked", "x", at)
			}
			return HandOver(r, at)
		})
		if ends, told := s.ends(); len(ends) != 0 || told != 0 {
			t.Errorf("before the end: %+v, %d told", ends, told)
		}
		s.move(m, 2, falling)
		s.move(m, 2, delivering) // by its text
		s.move(m, 2, func(r Recipient, at db.Time) Change { return Contradict(r, Leg{Step: 1, Try: 1, At: at}) })
		ends, told := s.ends()
		if len(ends) != 1 || told != 1 {
			t.Fatalf("%d ends, %d told; want one", len(ends), told)
		}
		e := ends[0]
		if e.Status != StateDone || e.Delivered != 2 || e.Failed != 1 || e.Cost == nil || *e.Cost != 27*won || e.Notify != "asked" {
			t.Errorf("the event is %+v", e)
		}
		s.wantMoney(973, 0, 27)
	})
}

func TestWhoWantsItOfAllMessagesIsToldOfThose(t *testing.T) {
	onEach(t, func(s *shop) {
		ends := func(notify Notice) (why string, told int) {
			t.Helper()
			r := textOnly("a")
			r.Notify = notify
			m := s.accept(r, 1).Message
			s.hand(m, delivering)
			list, told := s.ends()
			return list[len(list)-1].Notify, told
		}
		want := func(notify Notice, wantWhy string, wantTold int) {
			t.Helper()
			if why, told := ends(notify); why != wantWhy || told != wantTold {
				t.Errorf("%d: told because of %q, %d in all; want %q and %d", notify, why, told, wantWhy, wantTold)
			}
		}
		want(NoticeUsual, "", 0)
		want(NoticeNever, "", 0)
		s.update(func(tx *db.Tx) error { return site.SetNotify(tx, s.name, true) })
		want(NoticeUsual, "all", 1)
		want(NoticeNever, "", 1)
		want(NoticeAsked, "asked", 2)
		s.update(func(tx *db.Tx) error { return site.SetNotify(tx, s.name, true) }) // which changes nothing
		s.update(func(tx *db.Tx) error { return site.SetNotify(tx, s.name, false) })
		want(NoticeUsual, "", 2)
	})
}

func TestWhatIsRememberedOfASiteKnowsWhatItIsTold(t *testing.T) {
	onEach(t, func(s *shop) {
		s.update(func(tx *db.Tx) error { return site.SetNotify(tx, s.name, true) })
		var rev site.Rev
		s.view(func(tx *db.Tx) error {
			found, err := site.Find(tx, s.name)
			rev = found.Rev
			return err
		})
		s.draft(textOnly("a")) // learns
		d, err := s.service.DraftKnown(s.name, Known{Rev: rev}, textOnly("a"))
		s.must(err)
		receipt, err := s.add(d, 1).Accept(ctx, nil)
		s.must(err)
		if got := s.find(receipt.Message).Notify; got != NoticeOfAll {
			t.Errorf("notice %d, want %d", got, NoticeOfAll)
		}
		s.update(func(tx *db.Tx) error { return site.SetNotify(tx, s.name, false) })
		d, err = s.service.DraftKnown(s.name, Known{Rev: rev}, textOnly("a"))
		s.must(err)
		if _, err := s.add(d, 1).Accept(ctx, nil); err != ErrOutdated {
			t.Errorf("what was known before counts: %v", err)
		}
	})
}

func TestPeopleAreToldOfACancelledMessageToo(t *testing.T) {
	onEach(t, func(s *shop) {
		r := textOnly("a")
		r.Notify, r.ScheduledAt = NoticeAsked, s.time().Add(time.Hour)
		m := s.accept(r, 2).Message
		_, err := s.service.Cancel(ctx, m)
		s.must(err)
		s.drain()
		ends, told := s.ends()
		if len(ends) != 1 || told != 1 || ends[0].Status != StateCancelled || ends[0].Cancelled != 2 || *ends[0].Cost != 0 {
			t.Errorf("%+v, %d told", ends, told)
		}
	})
}

func TestALargeMessageIsToldOfAsASmallOne(t *testing.T) {
	s := one(t)
	r := textOnly("a")
	r.Notify = NoticeAsked
	d := s.draft(r)
	for len(d.kept) == 0 && !d.staged {
		s.add(d, BatchSize)
		s.must(d.stage(ctx))
	}
	if !d.staged || d.notify != NoticeAsked {
		t.Errorf("staged %v with notice %d", d.staged, d.notify)
	}
	s.must(d.Discard(ctx))
}
