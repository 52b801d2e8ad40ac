package delivery

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/site"
)

// asked runs a test on every engine, in a shop whose provider has to be asked.
func asked(t *testing.T, test func(s *shop)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(still(t, engine, worldOptions{asked: true}).open(t)) })
	}
}

// settled waits until the vendor knows how every leg ended but those to silent phones.
func (s *shop) settled() {
	s.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for slices.ContainsFunc(s.sim.Received(), func(r simulator.Received) bool {
		return r.Outcome == "pending" && !strings.HasPrefix(r.To, silent(0)[:7])
	}) {
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatal("legs are still on their way")
		}
	}
}

func TestAProviderThatDoesNotReportIsAsked(t *testing.T) {
	asked(t, func(s *shop) {
		key := s.sent(s.name, textOnly("a"), mobile(10_000_000), mobile(30_001), mobile(10_000_001))
		s.drain()
		s.wantStates(key, message.Sent, message.Sent, message.Sent)
		s.settled()
		s.pass(time.Second)
		s.wantStates(key, message.Sent, message.Sent, message.Sent) // it is too soon to ask
		s.pass(5 * time.Second)
		s.delivery.apply.Wait()
		s.wantStates(key, message.Delivered, message.Failed, message.Delivered)
		s.wantMoney(1000-36, 0, 36)
		if p := s.people(key)[1]; p.Reason != "number_absent" || p.Code != "3001" {
			s.t.Errorf("the failed one: got %s %s, want number_absent 3001", p.Reason, p.Code)
		}
		if a := s.calls(key)[0]; a.AskAt != 0 {
			s.t.Errorf("the call is asked about again at %v, want never: everybody is final", a.AskAt)
		}
	})
}

func TestACallIsAskedAboutUntilNobodyCanWaitAnyMore(t *testing.T) {
	asked(t, func(s *shop) {
		key := s.handed(textOnly("a"), 1)
		for _, age := range []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute} {
			a := s.calls(key)[0]
			if want := a.CalledAt.Add(age); a.AskAt != want {
				s.t.Fatalf("asked about next %v after the call, want %v", a.AskAt.Sub(a.CalledAt), age)
			}
			s.clock.forward(a.AskAt.Sub(s.moment()))
			s.must(s.delivery.Recover(context.Background()))
			s.delivery.apply.Wait()
		}
		s.wantStates(key, message.Sent)
		s.pass(100 * time.Hour)
		s.pass(100 * time.Hour)
		s.wantStates(key, message.Expired)
		if a := s.calls(key)[0]; a.AskAt != 0 {
			s.t.Errorf("the call is asked about again at %v, want never", a.AskAt)
		}
	})
}

// moment is what time it is in the database.
func (s *shop) moment() (now db.Time) {
	s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error { now = tx.Now; return nil }))
	return now
}

// TestAnAnswerIsReadFromItsRowAfterACrash stores what the provider answered and dies before
// it is applied.
func TestAnAnswerIsReadFromItsRowAfterACrash(t *testing.T) {
	asked(t, func(s *shop) {
		key := s.sent(s.name, textOnly("a"), mobile(10_000_000))
		s.drain()
		s.settled()
		a := s.calls(key)[0]
		k := s.delivery.carriers.byName["sens"]
		bodies, err := k.poller.Poll(context.Background(), a.enquiry())
		s.must(err)
		for _, b := range bodies {
			_, err := s.delivery.receive.Join(context.Background(), letter{id: id.New(), account: "sens", body: b, reports: 1})
			s.must(err)
		}
		s.wantStates(key, message.Sent)
		s.clock.forward(3 * time.Second)
		s.must(s.delivery.recoverInbox(context.Background()))
		s.wantStates(key, message.Delivered)
	})
}

// TestLettersOfAnErasedSiteHoldUpNoOther reads letters again that name their legs by number, of
// which those of one site were erased.
func TestLettersOfAnErasedSiteHoldUpNoOther(t *testing.T) {
	asked(t, func(s *shop) {
		gone := s.open(s.t)
		var letters []Letter
		for _, one := range []*shop{gone, s} {
			key := one.sent(one.name, textOnly("a"), mobile(10_000_000))
			s.drain()
			s.settled()
			bodies, err := s.delivery.carriers.byName["sens"].poller.Poll(context.Background(), one.calls(key)[0].enquiry())
			s.must(err)
			for _, b := range bodies {
				l := letter{id: id.New(), account: "sens", body: b, reports: 1}
				_, err := s.delivery.receive.Join(context.Background(), l)
				s.must(err)
				letters = append(letters, Letter{ID: l.id, Account: "sens"})
			}
		}
		s.must(s.d.Update(context.Background(), "test", func(tx *db.Tx) error { return site.Erase(tx, s.keys, gone.name) }))
		s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
			readings, _, err := s.delivery.ReadLetters(tx, letters)
			if err == nil && (len(readings) != 2 || readings[0].Ours || !readings[1].Ours || readings[1].Ref.Site != s.name) {
				s.t.Errorf("got %+v, want that of the site that is there", readings)
			}
			return err
		}))
	})
}

// TestLegsThatAVendorCannotTakeTogetherGoInCallsOfTheirOwn sends short and long texts, and one
// number twice, through a vendor that takes the type once and a number once.
func TestLegsThatAVendorCannotTakeTogetherGoInCallsOfTheirOwn(t *testing.T) {
	asked(t, func(s *shop) {
		short := s.sent(s.name, textOnly("a"), mobile(10_000_000), mobile(10_000_001))
		again := s.sent(s.name, textOnly("b"), mobile(10_000_000))
		long := s.sent(s.name, textOnly(strings.Repeat("가", 100)), mobile(10_000_002))
		s.drain()
		seen := map[id.ID]bool{}
		for _, key := range []message.Key{short, again, long} {
			for _, a := range s.calls(key) {
				seen[a.ID] = true
			}
		}
		if len(seen) != 3 {
			s.t.Errorf("got %d calls, want 3: short ones, the number again, the long one", len(seen))
		}
		s.settled()
		s.pass(6 * time.Second)
		s.delivery.apply.Wait()
		s.wantStates(short, message.Delivered, message.Delivered)
		s.wantStates(again, message.Delivered)
		s.wantStates(long, message.Delivered)
	})
}

// TestAReportNamesWhoIsForgottenAsLongAsItCanBeClaimed has a provider say by call and number what
// became of somebody whose number is not known any more; nobody else of the call is taken for him.
func TestAReportNamesWhoIsForgottenAsLongAsItCanBeClaimed(t *testing.T) {
	asked(t, func(s *shop) {
		key := s.handed(textOnly("a"), 3)
		for range 2 {
			s.pass(100 * time.Hour)
		}
		s.wantStates(key, message.Expired, message.Expired, message.Expired)
		ctx := context.Background()
		for n := range 2 {
			_, err := s.messages.ForgetNumber(ctx, message.Forgetting{Site: s.name, Number: korea.Number(silent(n))}, message.BatchName{})
			s.must(err)
		}
		named := func() (refs []string) {
			call := s.calls(key)[0].ID
			d := delivery{account: "sens"}
			for _, to := range []string{silent(0), silent(2), silent(3), ""} {
				d.reports = append(d.reports, provider.Report{Call: call, To: korea.Number(to)})
			}
			s.must(s.delivery.named(ctx, d))
			for _, r := range d.reports {
				refs = append(refs, r.Ref)
			}
			return refs
		}
		leg := func(seq message.Seq) string {
			return Reference{Place: message.Place{Key: key, Seq: seq}, Step: 1, Try: 1}.String()
		}
		if got, want := named(), []string{leg(0), leg(2), "", ""}; !slices.Equal(got, want) {
			s.t.Errorf("got %q\nwant %q", got, want)
		}
		s.clock.forward(message.ClaimedFor)
		s.must(s.messages.SweepForgotten(ctx))
		if got, want := named(), []string{"", leg(2), "", ""}; !slices.Equal(got, want) {
			s.t.Errorf("later: got %q\nwant %q", got, want)
		}
	})
}
