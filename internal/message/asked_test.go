package message

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/optout"
)

// optOut puts phones on the site's list.
func (s *shop) optOut(scope optout.Scope, phones ...int) {
	s.t.Helper()
	var wishes []optout.Wish
	for _, n := range phones {
		wishes = append(wishes, optout.Wish{To: korea.Number(phone(n)), Scope: scope})
	}
	s.update(func(tx *db.Tx) error {
		_, err := optout.New(s.keys).Add(tx, s.name, optout.ByAPI, wishes)
		return err
	})
}

func TestWhoOptedOutIsRejectedInTheContractsOrder(t *testing.T) {
	onEach(t, func(s *shop) {
		s.optOut(optout.All, 1, 2)
		s.optOut(optout.Advertising, 3)
		d := s.draft(kakaoFirst())
		name := map[string]string{"이름": "김"}
		for _, c := range []struct {
			to     string
			values map[string]string
		}{
			{phone(0), name}, {"02-123-4567", name}, {phone(1), nil}, {phone(1), name}, {phone(0), nil}, {phone(3), name}, {phone(4), nil}, {phone(2), name},
		} {
			s.must(d.Add(ctx, c.to, c.values))
			clear(c.values) // the caller's map is his own
			name["이름"] = "김"
		}
		receipt, err := d.Accept(ctx, nil)
		s.must(err)
		var got []string
		for _, r := range receipt.Rejections {
			got = append(got, r.Code)
		}
		if diff := cmp.Diff([]string{InvalidNumber, OptedOut, OptedOut, MissingVariable, OptedOut}, got); diff != "" {
			t := s.t
			t.Error(diff)
		}
		if receipt.Accepted != 2 || receipt.Duplicate != 1 || receipt.Duplicates[0].Index != 4 {
			s.t.Errorf("%d accepted, duplicates %+v", receipt.Accepted, receipt.Duplicates)
		}
		s.wantMoney(1000-36, 36, 0)
	})
}

func TestAnOptOutOfAdvertisingIsNoneOfInformation(t *testing.T) {
	onEach(t, func(s *shop) {
		s.optOut(optout.Advertising, 0)
		if d := s.draft(textOnly("안내")); d.first || d.late {
			s.t.Error("recipients of information are asked for, although nobody opted out of it")
		}
		if got := s.accept(textOnly("안내"), 2); got.Accepted != 2 {
			s.t.Errorf("information: %d accepted, want 2", got.Accepted)
		}
		if got := s.accept(advertising("세일"), 2); got.Accepted != 1 || got.RejectedBy[OptedOut] != 1 {
			s.t.Errorf("advertising: %+v", got)
		}
	})
}

func TestASiteWithoutOptOutsAsksForNobody(t *testing.T) {
	s := one(t)
	for _, r := range []Request{textOnly("안내"), advertising("세일")} {
		if d := s.add(s.draft(r), 1); d.first || d.late || len(d.waiting) > 0 || len(d.unasked) > 0 {
			t.Errorf("%q: recipients are asked for", r.Text.Body)
		}
	}
}

func TestALargeListIsAskedForInParts(t *testing.T) {
	onEach(t, func(s *shop) {
		s = s.house.open(s.t, 100_000)
		const n = 2*BatchSize + 500
		var out []int
		for i := 0; i < n; i += 7 {
			out = append(out, i)
		}
		s.optOut(optout.All, out...)
		receipt := s.accept(textOnly("안내"), n)
		if receipt.Accepted != int64(n-len(out)) || receipt.RejectedBy[OptedOut] != int64(len(out)) {
			s.t.Errorf("%d accepted, %v rejected; want %d, %d", receipt.Accepted, receipt.RejectedBy, n-len(out), len(out))
		}
		list, _, _ := s.list(receipt.Message, Filter{})
		for _, p := range list {
			mobile, _ := p.To.Mobile()
			if (mobile-10_000_000)%7 == 0 {
				s.t.Fatal("somebody who opted out is a recipient")
			}
		}
	})
}

func TestEverybodyOptedOutLeavesNobodyToSendTo(t *testing.T) {
	s := one(t)
	s.optOut(optout.All, 0, 1)
	_, err := s.add(s.draft(textOnly("안내")), 2).Accept(ctx, nil)
	wantFault(t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
	d, err := s.service.Estimate(ctx, s.name, textOnly("안내"))
	s.must(err)
	quote, err := s.add(d, 3).Quote(ctx)
	if err != nil || quote.Recipients != 1 || quote.RejectedBy[OptedOut] != 2 {
		t.Errorf("estimated: %+v, %v", quote, err)
	}
}

// TestASmallMessageAsksWhileItIsAccepted takes the way of programs that send all day: what
// is known says that somebody opted out, the accepting transaction says who.
func TestASmallMessageAsksWhileItIsAccepted(t *testing.T) {
	onEach(t, func(s *shop) {
		s.optOut(optout.All, 1)
		s.accept(textOnly("안내"), 1) // from which the next learns
		known := func(n int) *Draft {
			d, err := s.service.DraftKnown(s.name, Known{Rev: s.rev()}, textOnly("안내"))
			s.must(err)
			return s.add(d, n)
		}
		if d := known(1); d.first || !d.late || len(d.unasked) != 1 {
			s.t.Errorf("before it is accepted it asks: %t, while: %t, about %d", d.first, d.late, len(d.unasked))
		}
		_, err := known(2).Accept(ctx, once(s.name, "k", "a"))
		if !errors.Is(err, ErrOutdated) {
			s.t.Errorf("somebody opted out: got %v, want everything asked anew", err)
		}
		if found, err := s.service.Earlier(ctx, once(s.name, "k", "a").Key); err != nil || found.Exists {
			s.t.Errorf("the key is taken: %+v, %v", found, err)
		}
		receipt, err := known(1).Accept(ctx, once(s.name, "k", "a"))
		s.must(err)
		if receipt.Accepted != 1 || s.count() != 2 {
			s.t.Errorf("%d accepted, %d messages; want 1 and 2", receipt.Accepted, s.count())
		}
		s.wantMoney(1000-36, 36, 0)
	})
}

func TestWhoOptedOutOfOneMessageDisturbsNoOtherOfTheMoment(t *testing.T) {
	onEach(t, func(s *shop) {
		s.optOut(optout.All, 1)
		s.accept(textOnly("안내"), 1)
		known := func(n int) *Draft {
			d, err := s.service.DraftKnown(s.name, Known{Rev: s.rev()}, textOnly("안내"))
			s.must(err)
			return s.add(d, n)
		}
		out := s.together(joining{draft: known(1)}, joining{known(2), once(s.name, "k", "a")}, joining{draft: known(2)},
			joining{known(1), once(s.name, "k", "a")}, joining{draft: s.add(s.draft(textOnly("안내")), 2)})
		for i, outdated := range []bool{false, true, true, true, false} {
			if out[i].outdated != outdated || outdated == (out[i].receipt.Message != Key{}) || out[i].earlier != nil {
				s.t.Errorf("member %d: outdated %t with %+v, want %t", i, out[i].outdated, out[i].receipt, outdated)
			}
		}
		if s.count() != 3 {
			s.t.Errorf("%d messages, want 3", s.count())
		}
		s.wantMoney(1000-3*18, 3*18, 0)
	})
}
