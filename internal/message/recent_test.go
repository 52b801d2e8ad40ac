package message

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// within gives the site a window against duplicates.
func (s *shop) within(window time.Duration) {
	s.t.Helper()
	s.update(func(tx *db.Tx) error {
		_, err := site.SetRules(tx, s.name, site.RulesChange{DuplicateWindow: &window})
		return err
	})
}

// claimed counts the claims of the site.
func (s *shop) claimed() (n int) {
	s.t.Helper()
	s.view(func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM recent WHERE site_id = ?`, s.name).Scan(&n)
	})
	return n
}

// own is a shop in a house of its own, whose clock no other test turns.
func own(t *testing.T, engine string) *shop { return newHouse(t, engine, Options{}).open(t, 100_000) }

func onEachOwn(t *testing.T, test func(s *shop)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(own(t, engine)) })
	}
}

func TestTheSameWordsDoNotGoToTheSameNumberAgainWithinTheWindow(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(10 * time.Minute)
		send := func(r Request, name string, phones ...int) Receipt {
			s.t.Helper()
			d := s.draft(r)
			for _, n := range phones {
				s.must(d.Add(ctx, phone(n), map[string]string{"이름": name}))
			}
			receipt, err := d.Accept(ctx, nil)
			s.must(err)
			return receipt
		}
		want := func(what string, r Receipt, accepted, recently int64) {
			s.t.Helper()
			if r.Accepted != accepted || r.RejectedBy[DuplicateRecently] != recently {
				s.t.Errorf("%s: %d accepted, rejected %v; want %d, %d recently", what, r.Accepted, r.RejectedBy, accepted, recently)
			}
		}
		first := send(kakaoFirst(), "김", 0, 1)
		want("at first", first, 2, 0)
		again := send(kakaoFirst(), "김", 0, 2)
		want("the same words", again, 1, 1)
		if detail := again.Rejections[0].Detail; !strings.Contains(detail, first.Message.ID.Text(id.Message)) {
			s.t.Errorf("the rejection says %q, want the message of before named", detail)
		}
		want("other values", send(kakaoFirst(), "이", 0, 1), 2, 0)
		want("another text", send(textOnly("#{이름}님"), "김", 0), 1, 0)
		subject := textOnly("#{이름}님")
		subject.Text.Subject = "제목"
		want("another subject", send(subject, "김", 0), 1, 0)
		s.forward(10*time.Minute - time.Microsecond)
		want("in the last moment of the window", send(kakaoFirst(), "김", 1, 3), 1, 1)
		s.forward(time.Microsecond)
		want("after the window", send(kakaoFirst(), "김", 1, 4), 2, 0)
		s.within(0)
		want("without a window", send(kakaoFirst(), "김", 1, 4), 2, 0)
	})
}

func TestASiteWithoutAWindowClaimsNothing(t *testing.T) {
	s := one(t)
	d := s.add(s.draft(kakaoFirst()), 2)
	if _, err := d.Accept(ctx, nil); err != nil || d.first || s.claimed() != 0 {
		t.Errorf("asks first: %t, claims %d, %v", d.first, s.claimed(), err)
	}
}

// TestADuplicateOfTheRequestIsOneBeforeItIsOneOfTheWindow repeats numbers within a request,
// of which the first may be rejected for the window and a later one not.
func TestADuplicateOfTheRequestIsOneBeforeItIsOneOfTheWindow(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(time.Hour)
		r := textOnly("#{이름}님")
		add := func(r Request, pairs ...string) Receipt {
			d := s.draft(r)
			for i := 0; i < len(pairs); i += 2 {
				s.must(d.Add(ctx, pairs[i], map[string]string{"이름": pairs[i+1]}))
			}
			receipt, err := d.Accept(ctx, nil)
			s.must(err)
			return receipt
		}
		add(r, phone(0), "김")
		got := add(r, phone(0), "김", phone(0), "이", phone(0), "이", phone(1), "김", phone(0), "")
		if got.Accepted != 2 || got.Duplicate != 2 || got.RejectedBy[DuplicateRecently] != 1 || got.Duplicates[0].Index != 2 || got.Duplicates[0].FirstIndex != 1 {
			s.t.Errorf("got %+v", got)
		}
		wanted := textOnly("또 #{이름}님")
		wanted.AllowDuplicates = true
		if got := add(wanted, phone(0), "김", phone(0), "김"); got.Accepted != 2 {
			s.t.Errorf("duplicates that are wanted: got %+v", got)
		}
		if got := s.claimed(); got != 4 {
			s.t.Errorf("%d claims, want 4", got)
		}
	})
}

func TestWordsThatWereNotAcceptedAreGivenUp(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(time.Hour)
		poor := s.house.open(s.t, 10)
		poor.within(time.Hour)
		_, err := poor.add(poor.draft(textOnly("안내")), 1).Accept(ctx, nil)
		wantFault(s.t, err, fault.NoCredit, fault.CodeInsufficientCredit, "")
		if n := poor.claimed(); n != 0 {
			s.t.Errorf("refused for credit: %d claims stay", n)
		}
		d := s.add(s.draft(textOnly("안내")), BatchSize)
		s.must(d.Discard(ctx))
		if n := s.claimed(); n != 0 {
			s.t.Errorf("discarded: %d claims stay", n)
		}
		quote, err := s.service.Estimate(ctx, s.name, textOnly("안내"))
		s.must(err)
		if q, err := s.add(quote, 2).Quote(ctx); err != nil || q.Recipients != 2 || s.claimed() != 0 {
			s.t.Errorf("estimated: %+v, %v, %d claims", q, err, s.claimed())
		}
		s.accept(textOnly("안내"), 2)
		quote, err = s.service.Estimate(ctx, s.name, textOnly("안내"))
		s.must(err)
		if q, err := s.add(quote, 3).Quote(ctx); err != nil || q.Recipients != 1 || q.RejectedBy[DuplicateRecently] != 2 {
			s.t.Errorf("estimated after it was sent: %+v, %v", q, err)
		}
	})
}

func TestAClaimCountsAsLongAsItsMessageMayGo(t *testing.T) {
	now := db.Time(100 * time.Hour.Microseconds())
	at := func(d time.Duration) claim { return claim{at: now.Add(-d)} }
	in := func(s State, age time.Duration) *Message { return &Message{State: s, CreatedAt: now.Add(-age)} }
	for name, c := range map[string]struct {
		m    *Message
		of   claim
		want bool
	}{
		"accepted":                {in(StateAccepted, time.Hour), at(time.Hour), true},
		"scheduled":               {in(StateScheduled, time.Hour), at(time.Hour), true},
		"done":                    {in(StateDone, time.Hour), at(time.Hour), true},
		"paused":                  {in(StatePaused, time.Hour), at(time.Hour), true},
		"cancelled":               {in(StateCancelled, time.Minute), at(time.Minute), false},
		"being cancelled":         {in(StateCancelling, time.Minute), at(time.Minute), false},
		"still uploaded":          {in(StateDraft, 59*time.Minute), at(59 * time.Minute), true},
		"left behind":             {in(StateDraft, time.Hour), at(time.Hour), false},
		"not there yet":           {nil, at(unproven - 1*time.Microsecond), true},
		"not there, and long ago": {nil, at(unproven), false},
	} {
		if got := claims(c.m, c.of, now); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

func TestTheWindowLiesBetweenTheTimesAtWhichMessagesGo(t *testing.T) {
	const window = time.Hour
	now := db.Time(100 * time.Hour.Microseconds())
	in := func(s State, due time.Duration) *Message {
		return &Message{State: s, CreatedAt: now.Add(-50 * time.Hour), ScheduledAt: now.Add(due)}
	}
	paced := func(released int64) *Message {
		return &Message{State: StateAccepted, CreatedAt: now.Add(-5 * time.Hour), Accepted: 10, Released: released}
	}
	for _, c := range []struct {
		name string
		m    *Message
		due  time.Duration // from now
		want bool
		goes db.Time // as was expected; 0 = when it is due
	}{
		{"in the hours of one that is due", in(StateAccepted, 0), 10 * time.Hour, true, now.Add(10 * time.Hour)},
		{"before the hours of one that is due", in(StateAccepted, 0), 8 * time.Hour, false, now.Add(10 * time.Hour)},
		{"while one is uploaded, whose time is not known", in(StateDraft, 0), 10 * time.Hour, true, 0},
		{"tomorrow at the same time", in(StateScheduled, 24*time.Hour), 24 * time.Hour, true, 0},
		{"tomorrow, shortly before", in(StateScheduled, 24*time.Hour), 23*time.Hour + time.Microsecond, true, 0},
		{"tomorrow, well before", in(StateScheduled, 24*time.Hour), 23 * time.Hour, false, 0},
		{"tomorrow, shortly after", in(StateScheduled, 24*time.Hour), 25*time.Hour - time.Microsecond, true, 0},
		{"tomorrow, well after", in(StateScheduled, 24*time.Hour), 25 * time.Hour, false, 0},
		{"at once, and one tomorrow", in(StateScheduled, 24*time.Hour), 0, false, 0},
		{"tomorrow, and one that went just now", in(StateDone, 0), 24 * time.Hour, false, 0},
		{"while one waits that was due long ago", in(StatePaused, -5*time.Hour), 0, true, 0},
		{"while one is looked at that was due long ago", in(StateReview, -5*time.Hour), 59 * time.Minute, true, 0},
		{"while one goes at its pace", paced(5), 0, true, 0},
		{"after one went at its pace", paced(10), 0, false, 0},
	} {
		if got := near(c.m, max(c.goes, c.m.Due()), now, now.Add(c.due), window); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}

func TestAMessageThatWasCancelledMayBeSentAgain(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(time.Hour)
		r := textOnly("안내")
		r.ScheduledAt = s.time().Add(time.Hour)
		key := s.accept(r, 1).Message
		_, err := s.add(s.draft(r), 1).Accept(ctx, nil)
		wantFault(s.t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
		_, err = s.service.Cancel(ctx, key)
		s.must(err)
		if got := s.accept(r, 1); got.Accepted != 1 {
			s.t.Errorf("got %+v", got)
		}
		_, err = s.add(s.draft(r), 1).Accept(ctx, nil) // whose claim is the second message's now
		wantFault(s.t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
	})
}

// TestOfManyEqualUploadsAtOnceOneGoes lets a list be uploaded several times at the same
// moment, each under no key or one of its own.
func TestOfManyEqualUploadsAtOnceOneGoes(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(time.Hour)
		const phones, uploads = 30, 6
		var all sync.WaitGroup
		var mu sync.Mutex
		accepted := int64(0)
		for range uploads {
			all.Go(func() {
				d, err := s.service.Draft(ctx, s.name, textOnly("안내"))
				for i := range phones {
					if err == nil {
						err = d.Add(ctx, phone(i), nil)
					}
				}
				var r Receipt
				if err == nil {
					r, err = d.Accept(ctx, nil)
				}
				if f := fault.Of(err); f != nil && f.Code != fault.CodeNoRecipients {
					s.t.Error(err)
				}
				mu.Lock()
				accepted += r.Accepted
				mu.Unlock()
			})
		}
		all.Wait()
		if accepted != phones {
			s.t.Errorf("%d recipients were accepted, want each phone once: %d", accepted, phones)
		}
		s.wantMoney(100_000-phones*18, phones*18, 0)
	})
}

// TestARepeatedRequestIsNoDuplicateOfItself repeats a request under its key while the first
// is under way, and afterwards.
func TestARepeatedRequestIsNoDuplicateOfItself(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(time.Hour)
		r := textOnly("안내")
		r.Repeats = "POST /v1/messages k"
		first, second := s.add(s.draft(r), 2), s.add(s.draft(r), 2)
		s.must(first.settle(ctx))
		s.must(second.settle(ctx))
		if second.accepted != 2 {
			s.t.Errorf("the repeat has %d recipients, want 2", second.accepted)
		}
		receipt, err := first.Accept(ctx, once(s.name, "k", "a"))
		s.must(err)
		_, err = second.Accept(ctx, once(s.name, "k", "a"))
		if _, replayed := errors.AsType[*Replay](err); !replayed {
			s.t.Errorf("the repeat got %v, want the first's reply", err)
		}
		if n := s.claimed(); n != 2 {
			s.t.Errorf("%d claims, want those of message %s", n, receipt.Message.ID)
		}
		r.Repeats = "POST /v1/messages another"
		_, err = s.add(s.draft(r), 2).Accept(ctx, once(s.name, "another", "a"))
		wantFault(s.t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
	})
}

func TestClaimsWhoseTimeIsOverAreSwept(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(time.Hour)
		s.accept(textOnly("하나"), 3)
		s.forward(30 * time.Minute)
		s.accept(textOnly("둘"), 2)
		s.forward(30 * time.Minute)
		s.must(s.service.SweepRecent(ctx))
		if n := s.claimed(); n != 2 {
			s.t.Errorf("%d claims stay, want 2", n)
		}
	})
}

func TestALargeListIsClaimedInParts(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(time.Hour)
		const n = (keepBatches+1)*BatchSize + 10
		if got := s.accept(textOnly("안내"), n); got.Accepted != n || s.claimed() != n {
			s.t.Errorf("%d accepted, %d claims", got.Accepted, s.claimed())
		}
		_, err := s.add(s.draft(textOnly("안내")), n).Accept(ctx, nil)
		wantFault(s.t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
	})
}

func TestOtherPicturesAreOtherWords(t *testing.T) {
	s := own(t, "sqlite")
	s.within(time.Hour)
	_, ids := s.pictures(2)
	for i, c := range []struct {
		pictures []string
		accepted bool
	}{{ids[:1], true}, {ids[1:], true}, {ids, true}, {nil, true}, {ids[:1], false}, {ids, false}} {
		d := s.add(s.draft(showing(c.pictures...)), 1)
		if _, err := d.Accept(ctx, nil); (err == nil) != c.accepted {
			t.Errorf("message %d with %d pictures: %v", i, len(c.pictures), err)
		}
	}
}

// TestClaimsThatWereTakenOverAreGivenBack has a message that goes now take the words over of one
// that goes tomorrow, and then not be accepted.
func TestClaimsThatWereTakenOverAreGivenBack(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(10 * time.Minute)
		tomorrow := textOnly("안내")
		tomorrow.ScheduledAt = s.time().Add(24 * time.Hour)
		s.accept(tomorrow, 2)
		d := s.add(s.draft(textOnly("안내")), 2)
		s.must(d.settle(ctx))
		if d.accepted != 2 {
			s.t.Errorf("now: %d accepted, want both", d.accepted)
		}
		s.must(d.Discard(ctx))
		if n := s.claimed(); n != 2 {
			s.t.Errorf("%d claims, want those of tomorrow's", n)
		}
		_, err := s.add(s.draft(tomorrow), 2).Accept(ctx, nil)
		wantFault(s.t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
	})
}

func TestAMessageThatIsMovedKeepsItsClaims(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(10 * time.Minute)
		r := textOnly("안내")
		r.ScheduledAt = s.time().Add(time.Hour)
		key := s.accept(r, 1).Message
		moved := s.time().Add(3 * time.Hour)
		_, err := s.service.Reschedule(ctx, key, moved)
		s.must(err)
		s.forward(2 * time.Hour)
		r.ScheduledAt = moved
		_, err = s.add(s.draft(r), 1).Accept(ctx, nil)
		wantFault(s.t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
		if got := s.accept(textOnly("안내"), 1); got.Accepted != 1 {
			s.t.Errorf("an hour before: got %+v", got)
		}
	})
}

func TestAMessageThatIsMovedToAnEarlierTimeClaimsThat(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.within(time.Hour)
		r := textOnly("안내")
		r.ScheduledAt = s.time().Add(48 * time.Hour)
		key := s.accept(r, 1).Message
		_, err := s.service.Reschedule(ctx, key, s.time().Add(10*time.Minute))
		s.must(err)
		_, err = s.add(s.draft(textOnly("안내")), 1).Accept(ctx, nil)
		wantFault(s.t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
		if got := s.accept(r, 1); got.Accepted != 1 {
			s.t.Errorf("for the old time: got %+v", got)
		}
	})
}

// TestTheWindowCountsFromTheHoursOfAMessage accepts the same words two hours apart, for the same
// hours, and advertising in one night.
func TestTheWindowCountsFromTheHoursOfAMessage(t *testing.T) {
	onEachOwn(t, func(s *shop) {
		s.now.Store(time.Date(2027, 3, 1, 20, 0, 0, 0, korea.Seoul).UnixMicro())
		s.within(time.Hour)
		r := textOnly("안내")
		r.Tempo.Window = &Hours{From: "09:00", Until: "18:00"}
		s.accept(r, 1)
		s.forward(time.Hour)
		ad := advertising("세일")
		s.accept(ad, 1)
		s.forward(2 * time.Hour)
		_, err := s.add(s.draft(r), 1).Accept(ctx, nil)
		wantFault(s.t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
		_, err = s.add(s.draft(ad), 1).Accept(ctx, nil)
		wantFault(s.t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
	})
}
