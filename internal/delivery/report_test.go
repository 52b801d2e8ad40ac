package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// letters counts what the inbox holds, by state.
func (w *world) letters() map[inboxState]int {
	w.t.Helper()
	found := map[inboxState]int{}
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
		for _, state := range []inboxState{inboxNew, inboxApplied, inboxWaiting, inboxUnreadable} {
			var n int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM inbox WHERE state = ?`, string(state)).Scan(&n); err != nil {
				return err
			}
			found[state] = n
		}
		return nil
	}))
	return found
}

func total(found map[inboxState]int) (n int) {
	for _, k := range found {
		n += k
	}
	return n
}

func TestForgedReportsAreRefusedAndLeaveNothing(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(textOnly("a"), 1)
		delivered := body(s.person(key, 0).Reference(), "4000")
		before := total(s.letters())
		for _, c := range []struct {
			name string
			p    posted
			want fault.Kind
		}{
			{"unsigned", posted{account: s.person(key, 0).Provider, body: delivered}, fault.Unauthenticated},
			{"signed with another secret", posted{account: s.person(key, 0).Provider, secret: "guess", body: delivered}, fault.Unauthenticated},
			{"an account that is not configured", posted{account: "nobody", secret: s.secret, body: delivered}, fault.NotFound},
		} {
			if err := s.post(c.p); !fault.Is(err, c.want) {
				t := s.t
				t.Errorf("%s: got %v, want kind %d", c.name, err, c.want)
			}
		}
		s.wantStates(key, message.Sent)
		if after := total(s.letters()); after != before {
			s.t.Errorf("%d letters stored, want none", after-before)
		}
	})
}

func TestAReportThatIsReplayedChangesNothing(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(textOnly("a"), 1)
		for range 3 {
			s.saysOf(key, 0, 1, 1, "4000")
		}
		s.wantStates(key, message.Delivered)
		s.wantMoney(982, 0, 18)
		if m := s.find(key); m.Late != 0 {
			s.t.Errorf("%d late reports, want none", m.Late)
		}
	})
}

// TestAReportUnderTheNameOfAnotherAccountIsIgnored gives a well signed report of
// one configured account about a leg that another carries.
func TestAReportUnderTheNameOfAnotherAccountIsIgnored(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 1) // only upstream knows the template
		s.must(s.post(posted{account: "other", secret: s.secret, body: body(refOf(key, 0, 1, 1), "4000")}))
		s.wantStates(key, message.Sent)
		s.says(key, 0, "3104")
		s.must(s.post(posted{account: "other", secret: s.secret, body: body(refOf(key, 0, 1, 1), "4000")}))
		s.wantStates(key, message.Pending)
		s.pass(3 * time.Second)
		s.says(key, 0, "4000")
		s.must(s.post(posted{account: "other", secret: s.secret, body: body(refOf(key, 0, 1, 1), "4000")}))
		if m := s.find(key); m.Late != 0 {
			s.t.Errorf("%d late reports, want none: the account never carried the leg", m.Late)
		}
		s.wantMoney(982, 0, 18)
	})
}

func TestReportsAboutNobodyAreFiledAndChangeNothing(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(textOnly("a"), 1)
		stranger := message.Key{Site: s.name, ID: id.New()}
		foreign := message.Key{Site: "another-site", ID: key.ID}
		before := s.letters()
		for _, ref := range []string{"", "x", refOf(stranger, 0, 1, 1), refOf(foreign, 0, 1, 1), refOf(key, 1, 1, 1), refOf(key, 999_999, 1, 1),
			refOf(key, 0, 2, 1), refOf(key, 0, 1, 7), refOf(key, 0, 0, 0), strings.ToUpper(refOf(key, 0, 1, 1))} {
			for _, account := range []string{upstream, "other"} {
				s.must(s.post(posted{account: account, secret: s.secret, body: body(ref, "4000")}))
			}
		}
		s.wantStates(key, message.Sent)
		s.wantMoney(982, 18, 0)
		after := s.letters()
		if after[inboxApplied]-before[inboxApplied] != 20 || after[inboxNew] != before[inboxNew] || after[inboxWaiting] != before[inboxWaiting] {
			s.t.Errorf("letters %v, before %v: want 20 more applied", after, before)
		}
	})
}

func TestAReportBeforeTheRowIsBornIsAppliedOnceItIs(t *testing.T) {
	each(t, func(s *shop) {
		key := s.accept(kakaoOnly(), 2)
		s.wrong(trouble{path: "/send", pass: true, before: func() {
			s.must(s.report(refOf(key, 0, 1, 1), "4000"))
			s.must(s.report(refOf(key, 1, 1, 1), "3104"))
		}})
		s.drain()
		s.wantStates(key, message.Sent, message.Sent)
		s.pass(time.Second)
		s.wantStates(key, message.Delivered, message.Failed)
		s.wantMoney(991, 0, 9)
	})
}

// TestAReportBetweenHandOverAndReplyKeepsTheTimeOfTheHandOver speaks of a leg
// whose recipient has a row already: it must not look as if it was handed over
// long ago.
func TestAReportBetweenHandOverAndReplyKeepsTheTimeOfTheHandOver(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(request(message.AlimtalkFirst), 2)
		s.says(key, 0, "3104")
		s.says(key, 1, "3104")
		s.clock.forward(3 * time.Second)
		s.wrong(trouble{path: "/send", pass: true, before: func() {
			s.saysOf(key, 0, 2, 1, "3000")
			s.saysOf(key, 1, 2, 1, "4000")
		}})
		handed := db.At(s.clock.read())
		s.drain()
		s.wantStates(key, message.Sent, message.Delivered)
		for i := range 2 {
			if r := s.person(key, i); r.HandedAt != handed {
				s.t.Errorf("recipient %d was handed over at %v, want %v", i, r.HandedAt.Time(), handed.Time())
			}
		}
		s.pass(time.Hour)
		s.wantStates(key, message.Sent, message.Delivered)
		s.wantMoney(1000-36, 18, 18)
	})
}

func TestReportsInAnyOrderEndAlike(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(textOnly("a"), 2)
		s.says(key, 0, "3000")
		s.says(key, 0, "4000")
		s.says(key, 1, "4000")
		s.says(key, 1, "3000")
		s.wantStates(key, message.Delivered, message.Delivered)
		s.wantMoney(964, 0, 36)
		if m := s.find(key); m.Late != 0 {
			s.t.Errorf("%d late reports, want none", m.Late)
		}
	})
}

func TestOneLetterMayHoldManyReports(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(kakaoOnly(), 30)
		parts := make([]string, 30)
		for i := range parts {
			parts[i] = strings.Trim(body(refOf(key, i, 1, 1), []string{"4000", "3104"}[i%2]), "[]")
		}
		s.must(s.post(posted{account: upstream, secret: s.secret, body: "[" + strings.Join(parts, ",") + "]"}))
		m := s.find(key)
		if m.Counts.Delivered != 15 || m.Counts.Failed != 15 || m.State != message.StateDone {
			s.t.Errorf("message %s with %+v, want done with 15 delivered and 15 failed", m.State, m.Counts)
		}
		s.wantMoney(1000-15*9, 0, 15*9)
	})
}

func TestABodyThatCannotBeReadIsKeptApart(t *testing.T) {
	each(t, func(s *shop) {
		before := s.letters()
		s.must(s.post(posted{account: upstream, secret: s.secret, body: `<html>`}))
		after := s.letters()
		if after[inboxUnreadable] != before[inboxUnreadable]+1 || total(after) != total(before)+1 {
			s.t.Errorf("letters %v, before %v: want one more unreadable", after, before)
		}
		s.pass(time.Minute)
		if got := s.letters(); got[inboxUnreadable] != after[inboxUnreadable] {
			s.t.Errorf("letters %v after recovery, want %v", got, after)
		}
	})
}

// TestALetterOfACrashedProcessIsAppliedByRecovery stores a letter and dies before
// it is applied.
func TestALetterOfACrashedProcessIsAppliedByRecovery(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(textOnly("a"), 1)
		r := s.person(key, 0)
		_, err := s.delivery.receive.Join(context.Background(), letter{id: id.New(), account: r.Provider, body: []byte(body(r.Reference(), "4000")), reports: 1})
		s.must(err)
		s.wantStates(key, message.Sent)
		s.must(s.delivery.Recover(context.Background()))
		s.wantStates(key, message.Sent) // it may still be applied from memory
		s.pass(3 * time.Second)
		s.wantStates(key, message.Delivered)
		s.wantMoney(982, 0, 18)
		if n := s.letters()[inboxNew]; n != 0 {
			s.t.Errorf("%d letters left, want none", n)
		}
	})
}

// TestALetterOfAnAccountThatIsNoLongerConfiguredDoesNotStopTheOthers sets aside
// what nobody can read and goes on.
func TestALetterOfAnAccountThatIsNoLongerConfiguredDoesNotStopTheOthers(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(textOnly("a"), 1)
		r := s.person(key, 0)
		for _, account := range []string{"closed-account", r.Provider} {
			_, err := s.delivery.receive.Join(context.Background(), letter{id: id.New(), account: account, body: []byte(body(r.Reference(), "4000")), reports: 1})
			s.must(err)
		}
		s.pass(3 * time.Second)
		s.wantStates(key, message.Delivered)
		if n := s.letters()[inboxNew]; n != 0 {
			s.t.Errorf("%d letters left, want none", n)
		}
	})
}

func TestAReportIsAnsweredOnlyAfterItsRowIsCommitted(t *testing.T) {
	s := one(t)
	key := s.handed(textOnly("a"), 1)
	r := s.person(key, 0)
	for i := range 5 {
		before := total(s.letters())
		s.must(s.post(posted{account: r.Provider, secret: s.secret, body: body(r.Reference(), fmt.Sprintf("300%d", i))}))
		if after := total(s.letters()); after != before+1 {
			t.Fatalf("report %d: %d letters stored when it was answered, want 1", i, after-before)
		}
	}
	w := still(t, "sqlite", worldOptions{})
	w.must(w.delivery.Drain(context.Background()))
	own := &shop{world: w}
	err := own.post(posted{account: upstream, secret: w.secret, body: body(r.Reference(), "4000")})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v from a process that cannot store it, want unavailable", err)
	}
	if n := total(w.letters()); n != 0 {
		t.Errorf("%d letters stored although the report was refused", n)
	}
}

// TestLettersInLineAreAppliedByWhoIsDone lets three letters come while as many others as
// there is room for are being applied.
func TestLettersInLineAreAppliedByWhoIsDone(t *testing.T) {
	each(t, func(s *shop) {
		key := s.handed(textOnly("a"), 4)
		others := func(n int) {
			s.delivery.line.mu.Lock()
			defer s.delivery.line.mu.Unlock()
			s.delivery.line.busy += n
		}
		others(applyAtOnce)
		for seq := range 3 {
			s.saysOf(key, seq, 1, 1, "4000")
		}
		s.wantStates(key, message.Sent, message.Sent, message.Sent, message.Sent)
		others(-applyAtOnce)
		s.saysOf(key, 3, 1, 1, "4000")
		s.wantStates(key, message.Delivered, message.Delivered, message.Delivered, message.Delivered)
		if n := s.letters()[inboxNew]; n != 0 {
			s.t.Errorf("%d letters left, want none", n)
		}
		if s.delivery.line.busy != 0 || len(s.delivery.line.waiting) != 0 {
			s.t.Errorf("line: %d busy and %d waiting, want none", s.delivery.line.busy, len(s.delivery.line.waiting))
		}
	})
}

func TestBodiesOfReportsAreSealed(t *testing.T) {
	s := one(t)
	mark := fmt.Sprintf("mark-%s", s.name)
	s.must(s.post(posted{account: upstream, secret: s.secret, body: body(mark, "4000")}))
	err := s.d.View(context.Background(), "test", func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT body FROM inbox`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var stored []byte
			if err := rows.Scan(&stored); err != nil {
				return err
			}
			if strings.Contains(string(stored), mark) {
				return errors.New("a raw body stands in the inbox as it came")
			}
		}
		return rows.Err()
	})
	s.must(err)
}

// TestAReportAboutAnErasedSiteHoldsUpNobody has a provider say late, and with a repeated letter,
// what became of somebody whose site was erased since, in one letter with somebody of another site.
func TestAReportAboutAnErasedSiteHoldsUpNobody(t *testing.T) {
	each(t, func(s *shop) {
		other := s.open(s.t)
		gone, stays := s.handed(request(message.SMSOnly), 1), other.handed(request(message.SMSOnly), 1)
		s.says(gone, 0, "3059")
		s.drain()
		s.wantStates(gone, message.Failed)
		s.update(func(tx *db.Tx) error { return site.Erase(tx, s.keys, s.name) })
		r := other.person(stays, 0)
		_, err := s.delivery.intake.Join(context.Background(), delivery{account: r.Provider, reports: []provider.Report{
			{Ref: refOf(gone, 0, r.Step, r.Try), Final: true, Delivered: true, Code: "4000"}, {Ref: r.Reference(), Final: true, Delivered: true, Code: "4000"},
		}})
		s.must(err)
		other.wantStates(stays, message.Delivered)
	})
}
