package message

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
)

// listen says what of the shop's events somebody wants.
func (s *shop) listen(of event.Families) {
	s.t.Helper()
	s.update(func(tx *db.Tx) error {
		if _, err := event.LockListening(tx, s.name); err != nil {
			return err
		}
		return event.Listen(tx, s.name, of)
	})
}

// told are the shop's events about recipients: type and, for each recipient, what became of him.
func (s *shop) told() (list []string, pending int) {
	s.t.Helper()
	s.view(func(tx *db.Tx) error {
		all, err := event.List(tx, s.name, [16]byte{}, 10_000)
		if err != nil {
			return err
		}
		for _, e := range all {
			if !strings.HasPrefix(e.Type, "recipient.") {
				continue
			}
			var d peopleData
			if err := json.Unmarshal(e.Data, &d); err != nil {
				return err
			}
			if len(e.Data) > 20_000 || len(d.Recipients) > mostTold {
				s.t.Errorf("an event has %d bytes and %d recipients", len(e.Data), len(d.Recipients))
			}
			for _, r := range d.Recipients {
				list = append(list, strings.TrimSpace(fmt.Sprintf("%s %d %s %s %d %s", strings.TrimPrefix(e.Type, "recipient."), r.Seq, r.Status, r.Channel, r.Step, r.Reason)))
			}
		}
		waiting, err := event.FirstPending(tx, 10_000)
		for _, p := range waiting {
			if p.Site == s.name {
				pending++
			}
		}
		return err
	})
	return list, pending
}

func TestWhatBecomesOfRecipientsIsToldWhereSomebodyListens(t *testing.T) {
	onEach(t, func(s *shop) {
		quiet := s.accept(kakaoFirst(), 3).Message
		s.hand(quiet, HandOver)
		if list, pending := s.told(); len(list)+pending > 0 {
			t.Fatalf("got %v and %d that are pending, though nobody listens", list, pending)
		}
		s.listen(event.OfRecipientEnds | event.OfRecipientMoves)
		r := kakaoFirst()
		r.Metadata = json.RawMessage(`{"order":"A-1"}`)
		key := s.accept(r, 3).Message
		s.hand(key, HandOver)
		s.move(key, 0, Deliver)
		s.move(key, 1, falling)
		s.move(key, 2, failing)
		want := []string{
			"progress 0 sent alimtalk 1", "progress 1 sent alimtalk 1", "progress 2 sent alimtalk 1",
			"done 0 delivered alimtalk 1", "progress 1 pending sms 2", "done 2 failed alimtalk 1 number_absent",
		}
		list, pending := s.told()
		if diff := cmp.Diff(want, list); diff != "" {
			t.Error(diff)
		}
		if pending != 4 {
			t.Errorf("%d events are pending, want the four about recipients alone", pending)
		}
		s.listen(event.OfRecipientEnds)
		s.move(key, 1, func(r Recipient, at db.Time) Change { return HandOver(Plan(r, r.ID, "solapi").To, at) })
		s.move(key, 1, Deliver)
		if list, _ := s.told(); len(list) != len(want)+1 || list[len(want)] != "done 1 delivered sms 2" {
			t.Errorf("got %v, want one end more", list[len(want):])
		}
	})
}

func TestAnEventTellsOfAHundredRecipientsAtMostAlsoOfThoseWhoseBatchEnds(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich().listen(event.OfRecipientEnds)
		const people = 1250
		key := s.accept(textOnly("#{이름}님"), people).Message
		if _, err := s.service.Cancel(ctx, key); err != nil {
			t.Fatal(err)
		}
		s.drain()
		list, pending := s.told()
		seen := map[string]bool{}
		for _, one := range list {
			seen[one] = true
		}
		if len(list) != people || len(seen) != people || !seen["done 0 cancelled  0"] || !seen["done 1249 cancelled  0"] || pending != 13 {
			t.Errorf("got %d, %d of them different, in %d events: %.200v", len(list), len(seen), pending, list)
		}
	})
}

func TestEventsOfAMessageArePendingWhereSomebodyListensToThem(t *testing.T) {
	onEach(t, func(s *shop) {
		s.listen(event.OfMessages)
		key := s.accept(textOnly("#{이름}님"), 2).Message
		s.hand(key, Deliver)
		list, pending := s.told()
		if len(list) != 0 || pending != 2 { // accepted and done
			t.Errorf("%d events are pending, want that it was accepted and that it is done; %v", pending, list)
		}
	})
}
