package delivery

import (
	"testing"
	"time"

	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/message"
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
	known := s.delivery.carriers.byName[upstream]
	delete(s.delivery.carriers.byName, upstream)
	return func() { s.delivery.carriers.byName[upstream] = known }
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
