package delivery

import (
	"context"
	"fmt"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/optout"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// An account may be taken out of the configuration while something of it is open; in a
// rolling change of the configuration another process still knows it.

// parting runs a test on every engine, in a shop of a world of its own, whose account may go.
func parting(t *testing.T, test func(s *shop)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(still(t, engine, worldOptions{}).open(t)) })
	}
}

// goes takes the account out of the configuration, and gives what puts it back.
func (s *shop) goes() (back func()) {
	c := s.delivery.carriers
	known := c.list
	c.list = nil
	delete(c.byName, upstream)
	return func() { c.list, c.byName[upstream] = known, known[0] }
}

func TestWhoWasInACallOfAnAccountThatIsGoneExpiresAsUsual(t *testing.T) {
	parting(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 2)
		s.begun(key)
		s.goes()
		s.pass(2*time.Minute - time.Microsecond)
		s.wantCalls(key, calling)
		s.pass(time.Microsecond)
		s.wantCalls(key, unknown)
		s.wantStates(key, message.Unknown, message.Unknown)
		s.pass(72 * time.Hour)
		s.wantStates(key, message.Unknown, message.Unknown)
		s.wantMoney(964, 36, 0)
		s.pass(time.Hour)
		s.wantStates(key, message.Expired, message.Expired)
		s.wantMoney(1000, 0, 0)
		s.wantCalls(key, unknown)
		s.pass(8 * time.Hour)
		s.wantCalls(key, closed)
	})
}

// TestAnAccountThatIsThereAgainIsStillAskedAboutItsCalls lets a process that does not know the
// account look first.
func TestAnAccountThatIsThereAgainIsStillAskedAboutItsCalls(t *testing.T) {
	parting(t, func(s *shop) {
		key := s.accept(request(message.AlimtalkFirst), 2)
		s.requested(key)
		back := s.goes()
		s.pass(2 * time.Minute)
		s.wantCalls(key, unknown)
		back()
		s.pass(10 * time.Minute)
		s.wantCalls(key, answered)
		s.wantStates(key, message.Sent, message.Sent)
		s.wantOnce(key)
	})
}

// TestLettersOfAnAccountThatIsNotConfiguredHereWait has one letter that nobody applied, and one
// that waits for its recipient.
func TestLettersOfAnAccountThatIsNotConfiguredHereWait(t *testing.T) {
	parting(t, func(s *shop) {
		left, early := s.handed(textOnly("a"), 1), s.accept(textOnly("b"), 1)
		s.must(s.post(posted{account: upstream, secret: s.secret, body: body(refOf(early, 0, 1, 1), "4000")}))
		s.stored(body(s.person(left, 0).Reference(), "4000"))
		back := s.goes()
		s.pass(3 * time.Second)
		s.wantLetters(0, 2)
		s.pass(time.Hour)
		s.wantLetters(0, 2)
		back()
		s.pass(5 * time.Minute)
		s.wantStates(left, message.Delivered)
		s.wantStates(early, message.Delivered)
		s.wantLetters(2, 0)
	})
}

// TestLettersOfAnAccountThatIsGoneAreNotReadAgainForEver lets everybody expire who could be
// meant.
func TestLettersOfAnAccountThatIsGoneAreNotReadAgainForEver(t *testing.T) {
	parting(t, func(s *shop) {
		s.stored(body("x", "4000"))
		s.goes()
		for range 82 {
			s.pass(time.Hour)
		}
		if got := s.letters(); got[inboxUnreadable] != 1 {
			s.t.Errorf("letters %v, want one that nobody could read", got)
		}
		jobs, err := s.queue.Claim(context.Background(), queue.Webhooks, []string{kindReport}, 1)
		s.must(err)
		if len(jobs) > 0 {
			s.t.Error("the letter is read again")
		}
	})
}

// stored commits a letter that nobody applies, as right before a crash.
func (s *shop) stored(text string) {
	s.t.Helper()
	_, err := s.delivery.receive.Join(context.Background(), letter{id: id.New(), account: upstream, body: []byte(text), reports: 1})
	s.must(err)
}

func (s *shop) wantLetters(applied, waiting int) {
	s.t.Helper()
	got := s.letters()
	if got[inboxApplied] != applied || got[inboxWaiting] != waiting || total(got) != applied+waiting {
		s.t.Errorf("letters %v, want %d applied, %d waiting", got, applied, waiting)
	}
}

// caller is an account whose letters tell of somebody who called an 080 number.
type caller struct {
	provider.Provider
	calls []provider.Report
}

func (c caller) Parse([]byte) ([]provider.Report, error) { return c.calls, nil }

func TestAnOptOutInALetterOfAnAccountThatWasNotConfiguredIsNoted(t *testing.T) {
	parting(t, func(s *shop) {
		ours := fmt.Sprintf("080%07d", shops.Load())
		s.update(func(tx *db.Tx) error {
			_, err := site.SetRules(tx, s.name, site.RulesChange{OptOutNumber: &ours})
			return err
		})
		k := s.delivery.carriers.byName[upstream]
		k.Adapter = caller{k.Adapter, []provider.Report{{OptOut: korea.Number(ours), To: korea.Number(silent(1))}}}
		s.stored("x")
		back := s.goes()
		s.pass(3 * time.Second)
		back()
		s.pass(5 * time.Minute)
		s.must(s.d.View(context.Background(), "test", func(tx *db.Tx) error {
			found, err := optout.StandingOf(tx, s.name)
			if err == nil && found.Count() != 1 {
				s.t.Errorf("%d opt-outs, want one", found.Count())
			}
			return err
		}))
	})
}
