package message

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	"creditmsg/internal/korea"
)

// told renders a receipt with all that names people in it.
func told(r Receipt) []byte {
	return fmt.Appendf(nil, "%s %d %d %v %v", r.Message.ID, r.Accepted, r.Rejected, r.Rejections, r.Duplicates)
}

// keyed accepts a message to n phones, with one refusal and one duplicate of the first, under a key.
func (s *shop) keyed(name string, n int) (Key, idem.Key) {
	s.t.Helper()
	k := idem.Key{Site: s.name, Scope: "POST /v1/messages", Key: name}
	d := s.add(s.draft(kakaoFirst()), n)
	s.must(d.Add(ctx, phone(0), map[string]string{"이름": "김하나"}))
	s.must(d.Add(ctx, phone(n), nil)) // whose value is missing
	r, err := d.Accept(ctx, &Once{Key: k, Render: told})
	s.must(err)
	return r.Message, k
}

// forget goes through all parts of the work.
func (s *shop) forget(work func(context.Context, Forgetting, BatchName) (Forgotten, error), number string) (people int64, open int) {
	s.t.Helper()
	at := BatchName{}
	for {
		out, err := work(ctx, Forgetting{Site: s.name, Number: korea.Number(number), Render: told}, at)
		s.must(err)
		people, open, at = people+out.People, open+out.Open, out.Next
		if !out.More {
			return people, open
		}
	}
}

func (s *shop) replyOf(k idem.Key) string {
	s.t.Helper()
	f, err := s.service.Earlier(ctx, k)
	s.must(err)
	return string(f.Reply.Body)
}

func TestANumberIsForgottenWhereItsMessageIsOver(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		over, key := s.keyed("over", 3)
		s.hand(over, Deliver)
		running, _ := s.keyed("running", 3)
		before := s.find(over)

		people, open := s.forget(s.service.ForgetNumber, phone(0))
		if people != 1 || open != 1 {
			s.t.Errorf("forgot %d in messages that are over, %d are not; want 1 and 1", people, open)
		}
		list, _, _ := s.list(over, Filter{})
		if len(list) != 3 || list[0].To != "" || list[0].State != Delivered || string(list[1].To) != phone(1) {
			s.t.Errorf("got %v, want the first without a number", list)
		}
		for _, f := range []Filter{{To: korea.Number(phone(0))}, {To: korea.Number(phone(1))}, {State: Delivered}} {
			list, _, _ := s.list(over, f)
			for _, p := range list {
				if string(p.To) == phone(0) {
					s.t.Errorf("%+v still finds him", f)
				}
			}
			if want := map[korea.Number]int{korea.Number(phone(1)): 1, "": 3}; f.To != korea.Number(phone(0)) && len(list) != want[f.To] {
				s.t.Errorf("%+v finds %d", f, len(list))
			}
		}
		s.view(func(tx *db.Tx) error {
			lines, _, _, err := s.service.SendLog(tx, s.name, LogFilter{To: korea.Number(phone(0)), Limit: 10})
			if len(lines) != 0 {
				s.t.Errorf("the send log finds him in %v", lines)
			}
			m := s.find(over)
			people, err2 := s.service.People(tx, map[Key]*Message{over: m}, []BatchName{{over, 0}})
			if p := people[BatchName{over, 0}]; p[0].Values[0] != "" || p[1].Values[0] != "김하나" {
				s.t.Errorf("his name is still there: %v", p)
			}
			if err == nil {
				err = err2
			}
			return err
		})
		if reply := s.replyOf(key); strings.Contains(reply, phone(0)) || !strings.Contains(reply, over.ID.String()) || !strings.Contains(reply, phone(3)) {
			s.t.Errorf("a repeat is told %s", reply)
		}
		if list, _, _ := s.list(running, Filter{To: korea.Number(phone(0))}); len(list) != 1 {
			s.t.Error("he is forgotten in a message that is not over")
		}
		after := s.find(over)
		if before.Counts != after.Counts || before.Accepted != after.Accepted {
			s.t.Errorf("counts were %+v, are %+v", before.Counts, after.Counts)
		}
		if again, _ := s.forget(s.service.ForgetNumber, phone(0)); again != 0 {
			s.t.Errorf("forgot %d a second time", again)
		}
		s.hand(running, Deliver)
		if later, open := s.forget(s.service.ForgetNumber, phone(0)); later != 1 || open != 0 {
			s.t.Errorf("once it is over: forgot %d, open %d", later, open)
		}
		s.wantMoney(1_000_000-54, 0, 54)
	})
}

func TestARefusedNumberIsForgotten(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		message, key := s.keyed("refused", 2)
		if people, _ := s.forget(s.service.ForgetRefused, "010-"+phone(2)[3:]); people != 0 {
			s.t.Errorf("forgot %d by a number that is none", people)
		}
		if people, _ := s.forget(s.service.ForgetRefused, phone(2)); people != 1 {
			s.t.Errorf("forgot %d, want 1", people)
		}
		s.view(func(tx *db.Tx) error {
			list, _, err := s.service.Rejections(tx, s.find(message), 0, 10)
			if len(list) != 1 || list[0].To != "" || list[0].Code != "missing_variable" || list[0].Index != 3 {
				s.t.Errorf("got %+v, want who he was forgotten, and why he was refused not", list)
			}
			return err
		})
		if reply := s.replyOf(key); strings.Contains(reply, phone(2)) || !strings.Contains(reply, message.ID.String()) {
			s.t.Errorf("a repeat is told %s", reply)
		}
	})
}

func TestEverybodyOfOldMessagesIsForgotten(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		old, key := s.keyed("old", 1_010)
		s.hand(old, Deliver)
		running, _ := s.keyed("running", 2)
		s.forward(48 * time.Hour)
		young, _ := s.keyed("young", 2)
		s.hand(young, Deliver)
		var cut db.Time
		s.view(func(tx *db.Tx) error { cut = tx.Now.Add(-24 * time.Hour); return nil })
		run := func() int64 {
			out, upto, err := s.service.ForgetMessages(ctx, Forgetting{Site: s.name, Render: told}, cut, id.ID{})
			s.must(err)
			if want := map[bool]id.ID{true: old.ID}[out.People > 0]; upto != want || out.More {
				s.t.Errorf("up to %s all are forgotten, want %s: the next one is not over", upto, want)
			}
			return out.People
		}
		if people := run(); people != 1_011 {
			s.t.Errorf("forgot %d, want 1,011", people)
		}
		list, _, _ := s.list(old, Filter{})
		for _, p := range list {
			if p.To != "" {
				s.t.Fatalf("recipient %d is still to %s", p.Seq, p.To)
			}
		}
		if reply := s.replyOf(key); strings.Contains(reply, phone(0)) || strings.Contains(reply, phone(1_010)) {
			s.t.Errorf("a repeat is told %s", reply)
		}
		for _, kept := range []Key{running, young} {
			if list, _, _ := s.list(kept, Filter{To: korea.Number(phone(1))}); len(list) != 1 {
				s.t.Errorf("message %s lost its people", kept.ID)
			}
		}
		if again := run(); again != 0 {
			s.t.Errorf("forgot %d a second time", again)
		}
		s.wantMoney(1_000_000-(1_010+2)*9-2*18, 2*18, (1_010+2)*9)
	})
}

func TestOnlyAMobileNumberCanBeForgotten(t *testing.T) {
	s := one(t)
	_, err := s.service.ForgetNumber(ctx, Forgetting{Site: s.name, Number: "0261234567"}, BatchName{})
	wantFault(t, err, fault.Invalid, fault.CodeValidation, "/to")
}
