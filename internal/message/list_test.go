package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

func TestMessagesAreListedNewestFirstAndPaged(t *testing.T) {
	onEach(t, func(s *shop) {
		var want []id.ID
		for i := range 7 {
			key := s.in(StateAccepted)
			if i%3 == 0 {
				s.act(s.service.Pause, key)
			}
			want = append([]id.ID{key.ID}, want...)
		}
		page := func(state State, before id.ID, limit int) (ids []id.ID) {
			s.view(func(tx *db.Tx) error {
				list, err := List(tx, s.name, state, before, limit)
				for _, m := range list {
					ids = append(ids, m.ID)
				}
				return err
			})
			return ids
		}
		var got []id.ID
		var before id.ID
		for next := page("", before, 3); len(next) > 0; next = page("", before, 3) {
			got, before = append(got, next...), next[len(next)-1]
		}
		if !slices.Equal(got, want) {
			s.t.Errorf("listed %v, want %v", got, want)
		}
		if paused := page(StatePaused, id.ID{}, 10); !slices.Equal(paused, []id.ID{want[0], want[3], want[6]}) {
			s.t.Errorf("paused are %v", paused)
		}
	})
}

func TestRecipientsAreListedInTheirOrderByStateAndPage(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		key := s.accept(kakaoFirst(), 1_010).Message
		s.hand(key, func(r Recipient, at db.Time) Change {
			switch r.Seq % 5 {
			case 0:
				return Deliver(r, at)
			case 1:
				return failing(r, at)
			case 2:
				return HandOver(r, at)
			case 3:
				return Doubt(r)
			default:
				return Release(r)
			}
		})
		for state, rest := range map[Progress]Seq{Delivered: 0, Failed: 1, Sent: 2, Unknown: 3, Pending: 4} {
			var got []Seq
			f := Filter{State: state, Limit: 70}
			for more := true; more; {
				var list []Shown
				list, f.From, more = s.list(key, f)
				for _, p := range list {
					if p.State != state || string(p.To) != phone(int(p.Seq)) {
						s.t.Fatalf("recipient %d is %s to %s, want %s to %s", p.Seq, p.State, p.To, state, phone(int(p.Seq)))
					}
					got = append(got, p.Seq)
				}
			}
			if len(got) != 202 || got[0] != rest || !slices.IsSorted(got) {
				s.t.Errorf("%s: %d listed from %d on, want 202 from %d on in their order", state, len(got), got[0], rest)
			}
		}
	})
}

func TestARecipientIsFoundByNumberAndByNoOther(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		key := s.accept(textOnly("a"), 2_300).Message
		for _, n := range []int{0, 999, 1_000, 2_299} {
			list, _, more := s.list(key, Filter{To: korea.Number(phone(n))})
			if len(list) != 1 || list[0].Seq != Seq(n) || more {
				s.t.Errorf("%s is found as %+v, want recipient %d", phone(n), list, n)
			}
		}
		for _, to := range []korea.Number{korea.Number(phone(2_300)), "0261234567"} {
			if list, _, _ := s.list(key, Filter{To: to}); len(list) != 0 {
				s.t.Errorf("%s is found: %+v", to, list)
			}
		}
		if list, _, _ := s.list(key, Filter{To: korea.Number(phone(3)), State: Delivered}); len(list) != 0 {
			s.t.Errorf("a pending recipient is found as delivered: %+v", list)
		}
	})
}

func TestRejectionsAreListedFromAPositionOn(t *testing.T) {
	onEach(t, func(s *shop) {
		s.rich()
		d := s.draft(textOnly("a"))
		s.must(d.Add(ctx, phone(0), nil))
		for i := range 2_100 {
			s.must(d.Add(ctx, fmt.Sprint("bad ", i), nil))
		}
		receipt, err := d.Accept(ctx, nil)
		s.must(err)
		m := s.find(receipt.Message)
		var got []Rejection
		from := int64(0)
		for more := true; more; {
			var page []Rejection
			s.view(func(tx *db.Tx) (err error) { page, more, err = s.service.Rejections(tx, m, from, 500); return err })
			got, from = append(got, page...), page[len(page)-1].Index+1
		}
		if diff := cmp.Diff(receipt.Rejections, got); diff != "" {
			s.t.Errorf("-in the reply +listed\n%s", diff)
		}
	})
}

// log reads the send log page by page, as "number step state".
func (s *shop) log(f LogFilter) (lines []string, pages int) {
	s.t.Helper()
	if f.Limit == 0 {
		f.Limit = 50
	}
	for more := true; more; pages++ {
		var page []LogLine
		s.view(func(tx *db.Tx) (err error) {
			page, f.Before, more, err = s.service.SendLog(tx, s.name, f)
			return err
		})
		for _, l := range page {
			lines = append(lines, fmt.Sprintf("%s %d %s %s", l.To[7:], l.Step, l.Channel, l.State))
		}
		if pages > 100 {
			s.t.Fatal("the send log has no end")
		}
	}
	return lines, pages
}

func TestTheSendLogHasALineForEachStepNewestFirst(t *testing.T) {
	onEach(t, func(s *shop) {
		old := s.accept(kakaoFirst(), 3).Message
		s.hand(old, func(r Recipient, at db.Time) Change {
			if r.Seq == 1 {
				return falling(r, at)
			}
			return HandOver(r, at)
		})
		s.move(old, 2, Deliver)
		s.forward(time.Hour)
		fresh := s.accept(textOnly("a"), 2).Message
		s.hand(fresh, HandOver)
		s.accept(textOnly("a"), 2) // nobody of it was handed over: no line
		want := []string{"0001 1 sms sent", "0000 1 sms sent", "0002 1 alimtalk delivered", "0001 2 sms pending", "0001 1 alimtalk failed", "0000 1 alimtalk sent"}
		for limit := 2; limit <= 6; limit++ {
			if got, _ := s.log(LogFilter{Limit: limit}); !slices.Equal(got, want) {
				s.t.Errorf("%d a page: %q, want %q", limit, got, want)
			}
		}
		sent := db.At(s.time())
		for name, c := range map[string]struct {
			f    LogFilter
			want []string
		}{
			"of a message":      {LogFilter{Message: fresh.ID}, want[:2]},
			"of a number":       {LogFilter{To: korea.Number(phone(1))}, []string{want[0], want[3], want[4]}},
			"of both":           {LogFilter{To: korea.Number(phone(1)), Message: old.ID}, []string{want[3], want[4]}},
			"of nobody":         {LogFilter{To: korea.Number(phone(99))}, nil},
			"by state":          {LogFilter{State: Sent}, []string{want[0], want[1], want[5]}},
			"by provider":       {LogFilter{Provider: "solapi"}, []string{want[0], want[1], want[2], want[4], want[5]}},
			"by no provider":    {LogFilter{Provider: "nobody"}, nil},
			"from a time":       {LogFilter{From: sent}, want[:2]},
			"until a time":      {LogFilter{Until: sent}, []string{want[2], want[4], want[5]}},
			"until long before": {LogFilter{Until: sent.Add(-24 * time.Hour)}, nil},
		} {
			if got, _ := s.log(c.f); !slices.Equal(got, c.want) {
				s.t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	})
}

func TestTheSendLogIsPagedByNumber(t *testing.T) {
	onEach(t, func(s *shop) {
		r := textOnly("a")
		r.AllowDuplicates = true
		for range 3 {
			d := s.draft(r)
			for i := range 4 {
				s.must(d.Add(ctx, phone(i%2), nil)) // each number twice
			}
			receipt, err := d.Accept(ctx, nil)
			s.must(err)
			s.hand(receipt.Message, HandOver)
		}
		for limit := 1; limit <= 4; limit++ {
			got, pages := s.log(LogFilter{To: korea.Number(phone(1)), Limit: limit})
			if len(got) != 6 || pages < 6/limit {
				s.t.Errorf("%d a page: %d lines on %d pages, want 6 lines", limit, len(got), pages)
			}
		}
	})
}

// TestANumberIsFoundHoweverManyMessagesCameLater puts more messages on top of one
// than a single reading looks into.
func TestANumberIsFoundHoweverManyMessagesCameLater(t *testing.T) {
	s := one(t).rich()
	first := s.draft(textOnly("a"))
	s.must(first.Add(ctx, phone(7), nil))
	receipt, err := first.Accept(ctx, nil)
	s.must(err)
	s.hand(receipt.Message, HandOver)
	for range 3 {
		var in []joining
		for range (finderBudget + 200) / 3 {
			d := s.draft(textOnly("a"))
			s.must(d.Add(ctx, phone(1), nil))
			in = append(in, joining{draft: d})
		}
		s.together(in...)
	}
	if got, _ := s.log(LogFilter{To: korea.Number(phone(7))}); !slices.Equal(got, []string{"0007 1 sms sent"}) {
		t.Errorf("got %q, want the one line of the number", got)
	}
}

func TestOutcomesAddUpWhatIsHeldAndSpent(t *testing.T) {
	onEach(t, func(s *shop) {
		key := s.accept(kakaoFirst(), 4).Message
		waiting := s.accept(textOnly("a"), 2).Message
		s.hand(key, HandOver)
		s.move(key, 0, Deliver)
		s.move(key, 1, failing)
		s.move(key, 2, falling)
		s.move(key, 2, Deliver) // by its text
		var got map[id.ID]credit.Outcome
		s.view(func(tx *db.Tx) (err error) {
			got, err = s.service.Outcomes(tx, s.name, []id.ID{key.ID, waiting.ID, id.New()})
			return err
		})
		want := map[id.ID]credit.Outcome{key.ID: {Message: key.ID, Open: 18 * won}, waiting.ID: {Message: waiting.ID, Open: 36 * won}}
		spent := want[key.ID]
		spent.Count[provider.Alimtalk], spent.Settled[provider.Alimtalk] = 1, 9*won
		spent.Count[provider.SMS], spent.Settled[provider.SMS] = 1, 18*won
		want[key.ID] = spent
		if diff := cmp.Diff(want, got); diff != "" {
			s.t.Errorf("-want +got\n%s", diff)
		}
		s.wantMoney(1000-18-36-27, 18+36, 27)
	})
}

func TestAnEstimateHoldsNothing(t *testing.T) {
	onEach(t, func(s *shop) {
		d, err := s.service.Estimate(ctx, s.name, kakaoFirst())
		s.must(err)
		s.add(d, 10)
		s.must(d.Add(ctx, "bad", nil))
		q, err := d.Quote(ctx)
		s.must(err)
		if q.Tally.Estimated != 90*won || q.Tally.Held != 180*won || q.Recipients != 10 || q.RejectedBy[InvalidNumber] != 1 || q.Available != 1000*won || !q.Sufficient() {
			s.t.Errorf("quote %+v", q)
		}
		if count, unit, cost := q.ByChannel(provider.Alimtalk); count != 10 || unit != 9*won || cost != 90*won {
			s.t.Errorf("Alimtalk: %d × %s = %s, want 10 × 9 = 90", count, unit, cost)
		}
		many, err := s.service.Estimate(ctx, s.name, textOnly(strings.Repeat("가", 50)))
		s.must(err)
		s.must(many.AddMany(100))
		q, err = many.Quote(ctx)
		s.must(err)
		if q.Tally.Held != money.Amount(4_500)*won || q.Sufficient() || q.Bytes != (Range{100, 100}) {
			s.t.Errorf("quote %+v, want 4,500 held, not enough, 100 bytes", q)
		}
		if got := s.stored(); got != [4]int{} {
			s.t.Errorf("rows %v stand after estimates, want none", got)
		}
		s.wantMoney(1000, 0, 0)
	})
}
